"""Redemption at the till (核销): a volunteer's points become the merchant's, priced and owed in the same step.

Pure: no clock, no randomness, no I/O. The shell has prefetched everything that `needs` names.
"""

from dataclasses import dataclass, replace

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted, Book, Decision, Needs, move_lots, take
from app.core.codes import Code, Rejected
from app.core.ids import FundId, MerchantId, RedemptionId, TerminalId, TransactionId, format_id
from app.core.pay_codes import refuse_pay_code
from app.core.quantities import Fen, Instant, Points, price_fen
from app.core.rows import PayCodeHash, Redemption, RedemptionState, TradeNo
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from app.core.volunteers import VolunteerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeem:
    """A volunteer pays a merchant in points, at once and in full."""

    redemption: RedemptionId
    transaction: TransactionId
    trade_no: TradeNo
    code: PayCodeHash
    terminal: TerminalId
    points: Points

    def needs(self) -> Needs:
        """What must be in the book before this can be decided; wallet and merchant come with code and terminal."""
        return Needs(pay_codes=frozenset((self.code,)), terminals=frozenset((self.terminal,)))


def settle(fund: FundId | None, merchant: MerchantId, fen: Fen) -> tuple[Transfer, ...]:
    """What the programme owes the merchant for points taken, out of its settlement fund."""
    if fund is None or fen == 0:
        return ()
    return (Transfer(AccountKey(AccountKind.FUND, fund), AccountKey(AccountKind.PAYABLE, merchant), fen),)


def decide_redeem(command: Redeem, book: Book, at: Instant) -> Decision:
    """Decide one redemption. The first refusal, in this order, is the answer (POS.md, "Codes").

    Terminal and merchant, code, volunteer, quota, points, fund. A refused redemption leaves the code usable; a
    terminal that was disabled after its request was checked is refused without keeping the answer.
    """
    till = book.tills[command.terminal]
    if till is None or till.disabled:
        return Rejected(Code.SIGN_ERROR)
    if till.suspended:
        return Rejected(Code.MERCHANT_SUSPENDED)
    code = book.pay_codes[command.code]
    if code is None:
        return Rejected(Code.CODE_INVALID)
    if refusal := refuse_pay_code(code, at):
        return Rejected(refusal)
    volunteer = book.volunteers[code.volunteer]
    if volunteer is None or volunteer.status is not VolunteerStatus.ACTIVE:
        return Rejected(Code.ACCOUNT_FROZEN)
    if command.points > book.programme.points_max:
        return Rejected(Code.QUOTA_EXCEEDED, {"points_max": book.programme.points_max})
    lots = book.spendable(code.volunteer, book.programme.business_day(at))
    available = sum(part.points for part in lots)
    if available < command.points:
        return Rejected(Code.NOT_ENOUGH, {"available": available})
    fen = price_fen(command.points, book.programme.fen_per_hundred_points)
    if fen > book.fund_left():
        return Rejected(Code.FUND_EXHAUSTED)
    taken = take(lots, command.points)
    redeemed = AccountKey(AccountKind.REDEEMED, till.merchant)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.REDEEM,
            actor=format_id("ter", command.terminal),
            reason=Reason.PAID_AT_TILL,
            occurred_at=at,
            transfers=(
                *move_lots(taken, code.volunteer, AccountKind.WALLET, redeemed),
                *settle(book.programme.settlement_fund, till.merchant, fen),
            ),
            document=format_id("red", command.redemption),
        ),
        rows=(
            Redemption(
                id=command.redemption,
                trade_no=command.trade_no,
                state=RedemptionState.SUCCESS,
                volunteer=code.volunteer,
                merchant=till.merchant,
                store=till.store,
                terminal=till.terminal,
                points=command.points,
                settlement_fen=fen,
                occurred_at=at,
                transaction=command.transaction,
                lots=taken,
                fund=book.programme.settlement_fund,
                masked_name=volunteer.masked_name,
            ),
            replace(code, used_by=command.redemption),
        ),
        answer={"redemption": format_id("red", command.redemption)},
    )
