"""Transactions and transfers: what the journal is made of.

A transfer has one debit account, one credit account and a positive amount, so an unbalanced ledger cannot be
written down. A transaction is one business event; its transfers post together and are never changed again.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.core.accounts import CHART, AccountKey
from app.core.ids import TransactionId
from app.core.quantities import AMOUNT_MAX, BrokenInvariant, Instant


class TransactionKind(StrEnum):
    """What happened, with the version of its meaning."""

    ACCRUE = "accrue.v1"
    MATURE = "mature.v1"
    EXPIRE = "expire.v1"
    REDEEM = "redeem.v1"
    REFUND = "refund.v1"
    REVERSE = "reverse.v1"
    HOLD = "hold.v1"
    CAPTURE = "capture.v1"
    VOID = "void.v1"
    RETURN = "return.v1"
    CLAW_BACK = "claw-back.v1"
    CORRECT = "correct.v1"
    BONUS = "bonus.v1"
    REVOKE_BONUS = "revoke-bonus.v1"
    PENALISE = "penalise.v1"
    LIFT_PENALTY = "lift-penalty.v1"
    DONATE = "donate.v1"
    GRANT = "grant.v1"
    DEPOSIT = "deposit.v1"
    OPEN = "open.v1"
    CONSUME = "consume.v1"
    RETURN_HOURS = "return-hours.v1"


class Reason(StrEnum):
    """Why it happened, from a closed list: free text could carry personal data into the journal."""

    SERVICE_VERIFIED = "service-verified"
    NOTICE_ENDED = "notice-ended"
    LOT_EXPIRED = "lot-expired"
    PAID_AT_TILL = "paid-at-till"
    GOODS_RETURNED = "goods-returned"
    WRONG_AMOUNT = "wrong-amount"
    MERCHANT_CANCELLED = "merchant-cancelled"
    OUTCOME_UNKNOWN = "outcome-unknown"
    ORDER_OPENED = "order-opened"
    ORDER_FULFILLED = "order-fulfilled"
    ORDER_CANCELLED = "order-cancelled"
    ORDER_TIMED_OUT = "order-timed-out"
    NEEDS_CONFIRMATION = "needs-confirmation"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    VOUCHER_RETURNED = "voucher-returned"
    MERCHANT_ENDED = "merchant-ended"
    RECORD_WITHDRAWN = "record-withdrawn"
    HOURS_CORRECTED = "hours-corrected"
    START_GRANT = "start-grant"
    REFERRAL_BONUS = "referral-bonus"
    HONOUR_BONUS = "honour-bonus"
    HONOUR_WITHDRAWN = "honour-withdrawn"
    REFERRAL_WITHDRAWN = "referral-withdrawn"
    PENALTY_FINAL = "penalty-final"
    PENALTY_LIFTED = "penalty-lifted"
    GIVEN_TO_POOL = "given-to-pool"
    GRANTED_FROM_POOL = "granted-from-pool"
    SPONSOR_DONATION = "sponsor-donation"
    OPENING_BALANCE = "opening-balance"
    BENEFIT_GRANTED = "benefit-granted"
    GRANT_MISTAKEN = "grant-mistaken"
    GRANT_NEVER_USED = "grant-never-used"


class Transfer(NamedTuple):
    """One move of an amount (> 0) from the debit side of one account to the credit side of another."""

    debit: AccountKey
    credit: AccountKey
    amount: int


class PostedTransfer(NamedTuple):
    """A transfer with both balances as they stood after it."""

    transfer: Transfer
    debit_balance: int
    credit_balance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One business event: its transfers, who did it and why, when it happened, what it is about.

    `policy` is the version of the rule that priced it, `document` the business object it belongs to, `reverses`
    the transaction that it takes back. When it was written (`recorded_at`) is the batch's clock, kept by the journal.
    """

    id: TransactionId
    kind: TransactionKind
    actor: str
    reason: Reason
    occurred_at: Instant
    transfers: tuple[Transfer, ...]
    document: str
    policy: str = ""
    reverses: TransactionId | None = None


def check_transfer(transfer: Transfer) -> None:
    """Refuse a transfer that no ledger may hold: another asset, the same account, an amount out of range."""
    if CHART[transfer.debit.kind].asset is not CHART[transfer.credit.kind].asset:
        raise BrokenInvariant(f"assets differ: {transfer.debit.path} and {transfer.credit.path}")
    if transfer.debit == transfer.credit or not 0 < transfer.amount <= AMOUNT_MAX:
        raise BrokenInvariant(f"transfer of {transfer.amount} from {transfer.debit.path} to {transfer.credit.path}")
