"""All commands, and the one function that decides them. Every change of a limited quantity is one of these."""

from app.core.bonus_grants import GrantBonus, decide_grant_bonus
from app.core.bonus_revocations import (
    RevokeHonourBonus,
    RevokeReferralBonus,
    decide_revoke_honour_bonus,
    decide_revoke_referral_bonus,
)
from app.core.book import Book, Decision
from app.core.claims import ClaimPlace, ReleasePlace
from app.core.claw_backs import ClawBack, decide_claw_back
from app.core.confirmations import (
    CloseRedemption,
    ConfirmRedemption,
    DeclineRedemption,
    decide_close,
    decide_confirm,
    decide_decline,
)
from app.core.corrections import CorrectRecord, decide_correct_record
from app.core.donations import DepositFund, DonatePoints, decide_deposit_fund, decide_donate_points
from app.core.draws import DrawLots
from app.core.grants import ApproveGrant
from app.core.imports import ImportRecord, decide_import_record
from app.core.lot_life import ExpireLots, MatureRecord, decide_expire_lots, decide_mature_record
from app.core.opening_balances import OpenBalance, decide_open_balance
from app.core.orders import (
    CancelOrder,
    ExpireOrder,
    PlaceOrder,
    SetStock,
    decide_cancel_order,
    decide_expire_order,
    decide_place_order,
    decide_set_stock,
)
from app.core.pay_codes import IssuePayCode, decide_issue_pay_code
from app.core.penalising import LiftPenalty, Penalise, decide_lift_penalty, decide_penalise
from app.core.pool import CancelPoolGrant, GrantFromPool, decide_cancel_pool_grant, decide_grant_from_pool
from app.core.quantities import Instant
from app.core.redemptions import Redeem, decide_redeem
from app.core.refunds import RefundRedemption, ReverseRedemption, decide_refund, decide_reverse
from app.core.revocations import RevokeGrant
from app.core.round_ends import CloseRound, EnlargeRound
from app.core.seat_commands import decide_seat_command
from app.core.service_records import RejectRecord, VerifyRecord, decide_reject_record, decide_verify_record
from app.core.tickets import Attend
from app.core.vouchers import ReturnVoucher, UseVoucher, decide_return_voucher, decide_use_voucher

Command = (
    Redeem
    | IssuePayCode
    | VerifyRecord
    | RejectRecord
    | ImportRecord
    | RefundRedemption
    | ReverseRedemption
    | ConfirmRedemption
    | DeclineRedemption
    | CloseRedemption
    | PlaceOrder
    | CancelOrder
    | ExpireOrder
    | UseVoucher
    | ReturnVoucher
    | SetStock
    | MatureRecord
    | ExpireLots
    | ClawBack
    | CorrectRecord
    | GrantBonus
    | RevokeHonourBonus
    | RevokeReferralBonus
    | Penalise
    | LiftPenalty
    | DonatePoints
    | GrantFromPool
    | CancelPoolGrant
    | DepositFund
    | OpenBalance
    | ClaimPlace
    | ReleasePlace
    | DrawLots
    | Attend
    | EnlargeRound
    | CloseRound
    | ApproveGrant
    | RevokeGrant
)


def decide(command: Command, book: Book, at: Instant) -> Decision:  # noqa: C901, PLR0912 - a table
    """Decide one command on the book as it stands, at the batch's clock."""
    match command:
        case Redeem():
            return decide_redeem(command, book, at)
        case IssuePayCode():
            return decide_issue_pay_code(command, book, at)
        case VerifyRecord():
            return decide_verify_record(command, book, at)
        case RejectRecord():
            return decide_reject_record(command, book)
        case ImportRecord():
            return decide_import_record(command, book, at)
        case RefundRedemption():
            return decide_refund(command, book, at)
        case ReverseRedemption():
            return decide_reverse(command, book, at)
        case ConfirmRedemption():
            return decide_confirm(command, book, at)
        case DeclineRedemption():
            return decide_decline(command, book, at)
        case CloseRedemption():
            return decide_close(command, book, at)
        case PlaceOrder():
            return decide_place_order(command, book, at)
        case CancelOrder():
            return decide_cancel_order(command, book, at)
        case ExpireOrder():
            return decide_expire_order(command, book, at)
        case UseVoucher():
            return decide_use_voucher(command, book, at)
        case ReturnVoucher():
            return decide_return_voucher(command, book, at)
        case SetStock():
            return decide_set_stock(command, book)
        case MatureRecord():
            return decide_mature_record(command, book, at)
        case ExpireLots():
            return decide_expire_lots(command, book, at)
        case ClawBack():
            return decide_claw_back(command, book, at)
        case CorrectRecord():
            return decide_correct_record(command, book, at)
        case GrantBonus():
            return decide_grant_bonus(command, book, at)
        case RevokeHonourBonus():
            return decide_revoke_honour_bonus(command, book, at)
        case RevokeReferralBonus():
            return decide_revoke_referral_bonus(command, book, at)
        case Penalise():
            return decide_penalise(command, book, at)
        case LiftPenalty():
            return decide_lift_penalty(command, book, at)
        case DonatePoints():
            return decide_donate_points(command, book, at)
        case GrantFromPool():
            return decide_grant_from_pool(command, book, at)
        case CancelPoolGrant():
            return decide_cancel_pool_grant(command, book, at)
        case DepositFund():
            return decide_deposit_fund(command, at)
        case OpenBalance():
            return decide_open_balance(command, book, at)
        case about_seats:
            return decide_seat_command(about_seats, book, at)
