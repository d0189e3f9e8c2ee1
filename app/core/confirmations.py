"""A redemption that waits for its volunteer: confirmed, declined, or closed by itself when its minute is over.

Each ends the hold exactly once. Past its time a waiting redemption is closed, whether a job has booked that or not.
"""

from dataclasses import dataclass, replace

from app.core.book import Accepted, Book, Decision, Needs
from app.core.charges import capture, charge_of, release
from app.core.codes import Code, Rejected
from app.core.ids import RedemptionId, TransactionId, VolunteerId, format_id
from app.core.limits import uncount_points, uncount_units
from app.core.quantities import Instant
from app.core.rows import Redemption, RedemptionState
from app.core.transactions import Reason, Transaction, TransactionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRedemption:
    """The volunteer says yes: what was held becomes the merchant's."""

    redemption: RedemptionId
    transaction: TransactionId
    volunteer: VolunteerId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(redemptions=frozenset((self.redemption,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineRedemption:
    """The volunteer says no: what was held goes back."""

    redemption: RedemptionId
    transaction: TransactionId
    volunteer: VolunteerId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(redemptions=frozenset((self.redemption,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRedemption:
    """Nobody said anything in time."""

    redemption: RedemptionId
    transaction: TransactionId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(redemptions=frozenset((self.redemption,)))


def _of(book: Book, redemption: RedemptionId, volunteer: VolunteerId) -> Redemption | None:
    """The redemption, if it is this volunteer's: others learn nothing of it."""
    found = book.redemptions[redemption]
    return found if found and found.volunteer == volunteer else None


def _answer(redemption: Redemption) -> dict[str, str | int | bool | None]:
    return {"redemption": format_id("red", redemption.id)}


def decide_confirm(command: ConfirmRedemption, book: Book, at: Instant) -> Decision:
    """Decide a confirmation. Of many at once one captures; the others get the same answer."""
    redemption = _of(book, command.redemption, command.volunteer)
    if redemption is None:
        return Rejected(Code.ORDER_NOT_EXIST)
    match redemption.state_at(at):
        case RedemptionState.AWAITING_CONFIRMATION:
            pass
        case RedemptionState.CLOSED:
            return Rejected(Code.ORDER_CLOSED)
        case RedemptionState.REVERSED:
            return Rejected(Code.ORDER_REVERSED)
        case RedemptionState.SUCCESS | RedemptionState.PARTIALLY_REFUNDED | RedemptionState.REFUNDED:
            return Accepted(answer=_answer(redemption))
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.CAPTURE,
            actor=format_id("vol", command.volunteer),
            reason=Reason.CONFIRMED,
            occurred_at=at,
            transfers=capture(charge_of(redemption)),
            document=format_id("red", redemption.id),
        ),
        rows=(replace(redemption, state=RedemptionState.SUCCESS, transaction=command.transaction),),
        answer=_answer(redemption),
    )


def decide_decline(command: DeclineRedemption, book: Book, at: Instant) -> Decision:
    """Decide a refusal by the volunteer. Saying no to what is closed already changes nothing."""
    redemption = _of(book, command.redemption, command.volunteer)
    if redemption is None:
        return Rejected(Code.ORDER_NOT_EXIST)
    if redemption.state in (RedemptionState.CLOSED, RedemptionState.REVERSED):
        return Accepted(answer=_answer(redemption))
    if redemption.state is not RedemptionState.AWAITING_CONFIRMATION:
        return Rejected(Code.STATE_CONFLICT, {"state": redemption.state.value})
    actor = format_id("vol", command.volunteer)
    return end_waiting(redemption, RedemptionState.CLOSED, command.transaction, actor, Reason.DECLINED, book, at)


def decide_close(command: CloseRedemption, book: Book, at: Instant) -> Decision:
    """Decide the end of waiting: as of the moment it was over."""
    redemption = book.redemptions[command.redemption]
    if redemption is None or redemption.closes_at is None:
        return Rejected(Code.ORDER_NOT_EXIST)
    if redemption.state is not RedemptionState.AWAITING_CONFIRMATION or at < redemption.closes_at:
        return Rejected(Code.STATE_CONFLICT, {"state": redemption.state.value})
    return end_waiting(
        redemption,
        RedemptionState.CLOSED,
        command.transaction,
        "system",
        Reason.ORDER_TIMED_OUT,
        book,
        redemption.closes_at,
    )


def end_waiting(
    redemption: Redemption,
    state: RedemptionState,
    transaction: TransactionId,
    actor: str,
    reason: Reason,
    book: Book,
    at: Instant,
) -> Accepted:
    """Give back what a waiting redemption holds: points, money, units, quota."""
    return Accepted(
        transaction=Transaction(
            id=transaction,
            kind=TransactionKind.VOID,
            actor=actor,
            reason=reason,
            occurred_at=at,
            transfers=release(charge_of(redemption)),
            document=format_id("red", redemption.id),
            reverses=redemption.transaction,
        ),
        rows=(
            replace(redemption, state=state),
            *uncount_points(redemption, redemption.points, redemption.occurred_at, book),
            *uncount_units(redemption, redemption.occurred_at, book),
        ),
        answer=_answer(redemption),
    )
