"""Holds: points reserved for an open order, then captured or voided exactly once.

A hold is open -> captured | voided. Held points are in accounts of their own, so they cannot be spent or held
again; a hold past its time is as good as voided, whether the job has booked that or not.
"""

from dataclasses import dataclass, replace

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted, Book, Decision, Needs, move_lots, take
from app.core.codes import Code, Rejected
from app.core.ids import HoldId, MerchantId, TransactionId, VolunteerId, format_id
from app.core.quantities import Instant, Points, price_fen
from app.core.rows import Hold, HoldState
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from app.core.volunteers import VolunteerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHold:
    """A volunteer opens an order at a merchant: its points are set aside."""

    hold: HoldId
    transaction: TransactionId
    volunteer: VolunteerId
    merchant: MerchantId
    points: Points
    expires_at: Instant
    actor: str

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(volunteers=frozenset((self.volunteer,)), owners=frozenset((self.merchant,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureHold:
    """The order is fulfilled: what was held becomes the merchant's."""

    hold: HoldId
    transaction: TransactionId
    actor: str

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(holds=frozenset((self.hold,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidHold:
    """The order is cancelled or has timed out: what was held goes back to its lots."""

    hold: HoldId
    transaction: TransactionId
    reason: Reason
    actor: str

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(holds=frozenset((self.hold,)))


def _promise(hold: Hold, source: AccountKind, target: AccountKind) -> tuple[Transfer, ...]:
    """Move the money behind a hold between its fund, the promises of the fund, and what the merchant is owed."""
    if hold.fund is None or hold.settlement_fen == 0:
        return ()
    to = AccountKey(target, hold.merchant if target is AccountKind.PAYABLE else hold.fund)
    return (Transfer(AccountKey(source, hold.fund), to, hold.settlement_fen),)


def decide_place_hold(command: PlaceHold, book: Book, at: Instant) -> Decision:
    """Decide a hold: from an active volunteer's spendable lots, the one that expires first in front."""
    volunteer = book.volunteers[command.volunteer]
    if volunteer is None or volunteer.status is not VolunteerStatus.ACTIVE:
        return Rejected(Code.ACCOUNT_FROZEN)
    today = book.programme.business_day(at)
    available = book.available(command.volunteer, today)
    if available < command.points:
        return Rejected(Code.NOT_ENOUGH, {"available": available})
    fen = price_fen(command.points, book.programme.fen_per_hundred_points)
    if fen > book.fund_left():
        return Rejected(Code.FUND_EXHAUSTED)
    taken = take(book.spendable(command.volunteer, today), command.points)
    hold = Hold(
        id=command.hold,
        state=HoldState.OPEN,
        volunteer=command.volunteer,
        merchant=command.merchant,
        lots=taken,
        fund=book.programme.settlement_fund,
        settlement_fen=fen,
        expires_at=command.expires_at,
        transaction=command.transaction,
    )
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.HOLD,
            actor=command.actor,
            reason=Reason.ORDER_OPENED,
            occurred_at=at,
            transfers=(
                *move_lots(taken, command.volunteer, AccountKind.WALLET, AccountKind.HELD),
                *_promise(hold, AccountKind.FUND, AccountKind.COMMITTED),
            ),
            document=format_id("hol", command.hold),
        ),
        rows=(hold,),
        answer={"hold": format_id("hol", command.hold)},
    )


def decide_capture_hold(command: CaptureHold, book: Book, at: Instant) -> Decision:
    """Decide a capture: of an open hold, in full, before its time is over."""
    hold = book.holds[command.hold]
    if hold is None:
        return Rejected(Code.NOT_FOUND)
    if hold.state is not HoldState.OPEN:
        return Rejected(Code.STATE_CONFLICT, {"state": hold.state.value})
    if at >= hold.expires_at:
        return Rejected(Code.ORDER_CLOSED)
    redeemed = AccountKey(AccountKind.REDEEMED, hold.merchant)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.CAPTURE,
            actor=command.actor,
            reason=Reason.ORDER_FULFILLED,
            occurred_at=at,
            transfers=(
                *move_lots(hold.lots, hold.volunteer, AccountKind.HELD, redeemed),
                *_promise(hold, AccountKind.COMMITTED, AccountKind.PAYABLE),
            ),
            document=format_id("hol", hold.id),
        ),
        rows=(replace(hold, state=HoldState.CAPTURED),),
        answer={"hold": format_id("hol", hold.id)},
    )


def decide_void_hold(command: VoidHold, book: Book, at: Instant) -> Decision:
    """Decide a void: of an open hold, whether its time is over or not."""
    hold = book.holds[command.hold]
    if hold is None:
        return Rejected(Code.NOT_FOUND)
    if hold.state is not HoldState.OPEN:
        return Rejected(Code.STATE_CONFLICT, {"state": hold.state.value})
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.VOID,
            actor=command.actor,
            reason=command.reason,
            occurred_at=at,
            transfers=(
                *move_lots(hold.lots, hold.volunteer, AccountKind.HELD, AccountKind.WALLET),
                *_promise(hold, AccountKind.COMMITTED, AccountKind.FUND),
            ),
            document=format_id("hol", hold.id),
        ),
        rows=(replace(hold, state=HoldState.VOIDED),),
        answer={"hold": format_id("hol", hold.id)},
    )
