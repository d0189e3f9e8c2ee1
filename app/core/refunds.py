"""Giving a redemption back: a refund (business, in parts) or a reversal (the whole, soon after).

Points return to the lots they came from with their expiry, those taken last first. Money returns to the fund as
the price of what is kept falls, so no fen is lost or made by rounding.
"""

from dataclasses import dataclass, replace
from datetime import UTC, timedelta, tzinfo

from app.core.book import Accepted, Book, Decision, Needs
from app.core.charges import return_money, return_redeemed
from app.core.codes import Code, Rejected
from app.core.confirmations import end_waiting
from app.core.ids import RefundId, TerminalId, TransactionId, format_id
from app.core.limits import uncount_points, uncount_units
from app.core.lots import take
from app.core.quantities import Fen, Instant, Points
from app.core.rows import LotPart, Redemption, RedemptionState, Refund, Sale, Tombstone
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer

REVERSE_WITHIN = timedelta(hours=24)
REFUNDS_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRedemption:
    """A merchant gives part or all of a redemption back, under a number of its own."""

    refund: RefundId
    transaction: TransactionId
    sale: Sale
    refund_no: str
    points: Points
    terminal: TerminalId
    note: str = ""

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(sales=frozenset((self.sale,)), terminals=frozenset((self.terminal,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseRedemption:
    """A till takes a whole sale back because its outcome was unknown or it was cancelled."""

    transaction: TransactionId
    sale: Sale
    terminal: TerminalId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(sales=frozenset((self.sale,)), terminals=frozenset((self.terminal,)))


def returning_lots(redemption: Redemption, points: Points) -> tuple[LotPart, ...]:
    """Which lots the next `points` go back to: the last taken first, after what was refunded before."""
    backwards = tuple(reversed(redemption.lots))
    before = {part.expires_on: part.points for part in take(backwards, redemption.refunded_points)}
    left = [LotPart(part.expires_on, Points(part.points - before.get(part.expires_on, 0))) for part in backwards]
    return take([part for part in left if part.points], points)


def _give_back(redemption: Redemption, points: Points, book: Book, at: Instant) -> tuple[Fen, tuple[Transfer, ...]]:
    kept = redemption.points - redemption.refunded_points - points
    kept_fen = redemption.settlement_fen * kept // redemption.points
    fen = Fen(redemption.settlement_fen - redemption.refunded_fen - kept_fen)
    lots = returning_lots(redemption, points)
    return fen, (*return_redeemed(redemption, lots, book, at), *return_money(redemption, fen))


def refundable_until(paid_at: Instant, zone: tzinfo) -> Instant:
    """A year later by the calendar, same time of day; from 29 February until the 28th (Civil Code Art. 202)."""
    paid = paid_at.astimezone(zone)
    day = 28 if (paid.month, paid.day) == (2, 29) else paid.day
    return paid.replace(year=paid.year + 1, day=day).astimezone(UTC)


def _is_disabled(terminal: TerminalId, book: Book) -> bool:
    """Whether the terminal was disabled after its signature was checked: at once means for every verb."""
    till = book.tills[terminal]
    return till is None or till.disabled


def _find(sale: Sale, book: Book) -> Redemption | None:
    found = book.sales[sale]
    return None if found is None or isinstance(found, Code) else book.redemptions[found]


def decide_refund(command: RefundRedemption, book: Book, at: Instant) -> Decision:
    """Decide one refund: in sum never above what was paid, within a year, at most 50 (POS.md, "Giving back")."""
    if _is_disabled(command.terminal, book):
        return Rejected(Code.SIGN_ERROR)
    redemption = _find(command.sale, book)
    if redemption is None:
        reversed_before = book.sales[command.sale] is Code.ORDER_REVERSED
        return Rejected(Code.ORDER_REVERSED if reversed_before else Code.ORDER_NOT_EXIST)
    state = redemption.state_at(at)
    if state is RedemptionState.REVERSED:
        return Rejected(Code.ORDER_REVERSED)
    if state in (RedemptionState.CLOSED, RedemptionState.AWAITING_CONFIRMATION):
        return Rejected(Code.ORDER_CLOSED, {"state": state.value})
    if at > refundable_until(redemption.occurred_at, book.programme.zone):
        return Rejected(Code.REFUND_EXPIRED)
    left = Points(redemption.points - redemption.refunded_points)
    if command.points > left or redemption.refund_count >= REFUNDS_MAX:
        return Rejected(Code.REFUND_TOO_MUCH, {"refundable": left, "refunds_max": REFUNDS_MAX})
    return _refund(command, redemption, left, book, at)


def _refund(command: RefundRedemption, redemption: Redemption, left: Points, book: Book, at: Instant) -> Accepted:
    fen, transfers = _give_back(redemption, command.points, book, at)
    whole = command.points == left
    changed = replace(
        redemption,
        state=RedemptionState.REFUNDED if whole else RedemptionState.PARTIALLY_REFUNDED,
        refunded_points=Points(redemption.refunded_points + command.points),
        refund_count=redemption.refund_count + 1,
        refunded_fen=Fen(redemption.refunded_fen + fen),
    )
    refund = Refund(
        id=command.refund,
        redemption=redemption.id,
        points=command.points,
        settlement_fen=fen,
        occurred_at=at,
        transaction=command.transaction,
        refund_no=command.refund_no,
        terminal=command.terminal,
        note=command.note,
    )
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.REFUND,
            actor=format_id("ter", command.terminal),
            reason=Reason.GOODS_RETURNED,
            occurred_at=at,
            transfers=transfers,
            document=format_id("ref", command.refund),
            reverses=redemption.transaction,
        ),
        rows=(
            changed,
            refund,
            *uncount_points(redemption, command.points, redemption.occurred_at, book),
            *(uncount_units(redemption, redemption.occurred_at, book) if whole else ()),
        ),
        answer={"refund": format_id("ref", command.refund)},
    )


def decide_reverse(command: ReverseRedemption, book: Book, at: Instant) -> Decision:
    """Decide a reversal: the whole sale, within 24 hours; a second one changes nothing and says the same.

    A number that was never seen is buried under a tombstone: should its redemption still arrive, it is refused.
    """
    if _is_disabled(command.terminal, book):
        return Rejected(Code.SIGN_ERROR)
    redemption = _find(command.sale, book)
    if redemption is None:
        return _bury(command.sale, book)
    match redemption.state_at(at):
        case RedemptionState.REVERSED | RedemptionState.CLOSED:
            return Accepted(answer=_outcome(redemption, redemption.state_at(at)))
        case RedemptionState.AWAITING_CONFIRMATION:
            actor = format_id("ter", command.terminal)
            state = RedemptionState.REVERSED
            ended = end_waiting(redemption, state, command.transaction, actor, Reason.OUTCOME_UNKNOWN, book, at)
            return replace(ended, answer=_outcome(redemption, state))
        case RedemptionState.PARTIALLY_REFUNDED | RedemptionState.REFUNDED:
            return Rejected(Code.ORDER_CLOSED, {"state": redemption.state.value})
        case RedemptionState.SUCCESS:
            if at - redemption.occurred_at > REVERSE_WITHIN:
                return Rejected(Code.REVERSE_EXPIRED)
            return _reverse(command, redemption, book, at)


def _bury(sale: Sale, book: Book) -> Accepted:
    known = book.sales[sale]
    reversed_ = known is None or known is Code.ORDER_REVERSED
    state = RedemptionState.REVERSED if reversed_ else RedemptionState.CLOSED
    return Accepted(rows=(Tombstone(sale),) if known is None else (), answer={"state": state.value})


def _outcome(redemption: Redemption, state: RedemptionState) -> dict[str, str | int | bool | None]:
    return {"redemption": format_id("red", redemption.id), "state": state.value}


def _reverse(command: ReverseRedemption, redemption: Redemption, book: Book, at: Instant) -> Accepted:
    fen, transfers = _give_back(redemption, redemption.points, book, at)
    changed = replace(redemption, state=RedemptionState.REVERSED, refunded_points=redemption.points, refunded_fen=fen)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.REVERSE,
            actor=format_id("ter", command.terminal),
            reason=Reason.OUTCOME_UNKNOWN,
            occurred_at=at,
            transfers=transfers,
            document=format_id("red", redemption.id),
            reverses=redemption.transaction,
        ),
        rows=(
            changed,
            *uncount_points(redemption, redemption.points, redemption.occurred_at, book),
            *uncount_units(redemption, redemption.occurred_at, book),
        ),
        answer=_outcome(redemption, RedemptionState.REVERSED),
    )
