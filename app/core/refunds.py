"""Giving a redemption back: a refund (business, in parts) or a reversal (the whole, soon after).

Points return to the lots they came from with their expiry, those taken last first. Money returns to the fund as
the price of what is kept falls, so no fen is lost or made by rounding.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import assert_never

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.book import Accepted, Book, Decision, Needs, take
from app.core.codes import Code, Rejected
from app.core.ids import RedemptionId, RefundId, TransactionId, VolunteerId, format_id
from app.core.programmes import LapsePolicy
from app.core.quantities import Fen, Instant, Points
from app.core.rows import LotPart, Redemption, RedemptionState, Refund
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer

REVERSE_WITHIN = timedelta(hours=24)
REFUND_WITHIN = timedelta(days=365)
REFUNDS_MAX = 50

_REFUNDABLE = (RedemptionState.SUCCESS, RedemptionState.PARTIALLY_REFUNDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRedemption:
    """A merchant gives part or all of a redemption back."""

    refund: RefundId
    transaction: TransactionId
    redemption: RedemptionId
    points: Points
    reason: Reason
    actor: str

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(redemptions=frozenset((self.redemption,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseRedemption:
    """A till takes a whole redemption back because its outcome was unknown or the sale was cancelled."""

    transaction: TransactionId
    redemption: RedemptionId
    reason: Reason
    actor: str

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(redemptions=frozenset((self.redemption,)))


def returning_lots(redemption: Redemption, points: Points) -> tuple[LotPart, ...]:
    """Which lots the next `points` go back to: the last taken first, after what was refunded before."""
    backwards = tuple(reversed(redemption.lots))
    before = {part.expires_on: part.points for part in take(backwards, redemption.refunded_points)}
    left = [LotPart(part.expires_on, Points(part.points - before.get(part.expires_on, 0))) for part in backwards]
    return take([part for part in left if part.points], points)


def _return_points(redemption: Redemption, parts: Iterable[LotPart], book: Book, at: Instant) -> Iterable[Transfer]:
    redeemed = AccountKey(AccountKind.REDEEMED, redemption.merchant)
    breakage = AccountKey(AccountKind.BREAKAGE)
    today = book.programme.business_day(at)
    for part in parts:
        home = _wallet(redemption.volunteer, part.expires_on)
        if part.expires_on >= today:
            yield Transfer(redeemed, home, part.points)
            continue
        match book.programme.lapse_policy:
            case LapsePolicy.FORFEIT:
                yield Transfer(redeemed, breakage, part.points)
            case LapsePolicy.ORIGINAL:
                yield Transfer(redeemed, home, part.points)
                yield Transfer(home, breakage, part.points)
            case LapsePolicy.GRACE:
                grace = _wallet(redemption.volunteer, book.programme.grace_expiry(at))
                yield Transfer(redeemed, grace, part.points)
            case unreachable:
                assert_never(unreachable)


def _wallet(volunteer: VolunteerId, expires_on: date) -> AccountKey:
    return lot(AccountKind.WALLET, volunteer, expires_on)


def _give_back(redemption: Redemption, points: Points, book: Book, at: Instant) -> tuple[Fen, tuple[Transfer, ...]]:
    kept = redemption.points - redemption.refunded_points - points
    kept_fen = redemption.settlement_fen * kept // redemption.points
    fen = Fen(redemption.settlement_fen - redemption.refunded_fen - kept_fen)
    transfers = list(_return_points(redemption, returning_lots(redemption, points), book, at))
    if fen and redemption.fund:
        payable = AccountKey(AccountKind.PAYABLE, redemption.merchant)
        transfers.append(Transfer(payable, AccountKey(AccountKind.FUND, redemption.fund), fen))
    return fen, tuple(transfers)


def decide_refund(command: RefundRedemption, book: Book, at: Instant) -> Decision:
    """Decide one refund: in sum never above what was paid, within a year, at most 50 (POS.md, "Giving back")."""
    redemption = book.redemptions[command.redemption]
    if redemption is None:
        return Rejected(Code.ORDER_NOT_EXIST)
    if redemption.state is RedemptionState.REVERSED:
        return Rejected(Code.ORDER_REVERSED)
    if redemption.state in (RedemptionState.CLOSED, RedemptionState.AWAITING_CONFIRMATION):
        return Rejected(Code.ORDER_CLOSED)
    if at - redemption.occurred_at > REFUND_WITHIN:
        return Rejected(Code.REFUND_EXPIRED)
    left = redemption.points - redemption.refunded_points
    if command.points > left or redemption.refund_count >= REFUNDS_MAX:
        return Rejected(Code.REFUND_TOO_MUCH, {"refundable": left, "refunds_max": REFUNDS_MAX})
    fen, transfers = _give_back(redemption, command.points, book, at)
    changed = replace(
        redemption,
        state=RedemptionState.REFUNDED if command.points == left else RedemptionState.PARTIALLY_REFUNDED,
        refunded_points=Points(redemption.refunded_points + command.points),
        refund_count=redemption.refund_count + 1,
        refunded_fen=Fen(redemption.refunded_fen + fen),
    )
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.REFUND,
            actor=command.actor,
            reason=command.reason,
            occurred_at=at,
            transfers=transfers,
            document=format_id("ref", command.refund),
            reverses=redemption.transaction,
        ),
        rows=(
            changed,
            Refund(
                id=command.refund,
                redemption=redemption.id,
                points=command.points,
                settlement_fen=fen,
                occurred_at=at,
                transaction=command.transaction,
            ),
        ),
        answer={"refund": format_id("ref", command.refund)},
    )


def decide_reverse(command: ReverseRedemption, book: Book, at: Instant) -> Decision:
    """Decide a reversal: the whole redemption, within 24 hours; a second one changes nothing and says the same."""
    redemption = book.redemptions[command.redemption]
    if redemption is None:
        return Rejected(Code.ORDER_NOT_EXIST)
    answer = {"redemption": format_id("red", redemption.id)}
    if redemption.state is RedemptionState.REVERSED:
        return Accepted(answer=answer)
    if redemption.state not in _REFUNDABLE:
        return Rejected(Code.ORDER_CLOSED)
    if at - redemption.occurred_at > REVERSE_WITHIN:
        return Rejected(Code.REVERSE_EXPIRED)
    left = Points(redemption.points - redemption.refunded_points)
    fen, transfers = _give_back(redemption, left, book, at)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.REVERSE,
            actor=command.actor,
            reason=command.reason,
            occurred_at=at,
            transfers=transfers,
            document=format_id("red", redemption.id),
            reverses=redemption.transaction,
        ),
        rows=(
            replace(
                redemption,
                state=RedemptionState.REVERSED,
                refunded_points=redemption.points,
                refunded_fen=Fen(redemption.refunded_fen + fen),
            ),
        ),
        answer=answer,
    )
