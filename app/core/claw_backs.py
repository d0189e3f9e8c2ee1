"""Claw-back: hours that turn out not to be so are taken out again, and the points they became.

What is left is taken, the record's own lot first; the rest becomes a debt that the next accrual repays. A spending
is never undone: what was redeemed stays redeemed.
"""

from dataclasses import dataclass, replace
from datetime import date

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted, Book, Decision, Needs
from app.core.codes import Code, Rejected
from app.core.consumed import refuse_taking
from app.core.ids import CorrectionId, RecordId, TransactionId, UserId, VolunteerId, format_id
from app.core.lots import move_lots, take
from app.core.quantities import Instant, Points
from app.core.rows import RecordState, ServiceRecord
from app.core.standings import uncount_overlay
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawBack:
    """A verified record is withdrawn."""

    record: RecordId
    transaction: TransactionId
    by: UserId
    order: CorrectionId | None = None
    """The correction order that it carries out, if any."""

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        named = frozenset((self.record,))
        return Needs(records=named, accruals=named, takes=named)


def decide_claw_back(command: ClawBack, book: Book, at: Instant) -> Decision:
    """Decide a claw-back of a verified record whose hours no benefit has consumed."""
    record = book.records[command.record]
    if record is None:
        return Rejected(Code.NOT_FOUND)
    if record.state is not RecordState.VERIFIED:
        return Rejected(Code.STATE_CONFLICT, {"state": record.state.value})
    if refusal := refuse_taking(record, record.minutes, book):
        return refusal
    hours = AccountKey(AccountKind.HOURS, record.volunteer)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.CLAW_BACK,
            actor=format_id("usr", command.by),
            reason=Reason.RECORD_WITHDRAWN,
            occurred_at=at,
            transfers=(
                Transfer(hours, AccountKey(AccountKind.SERVICE), record.minutes),
                *take_points(record, book, at),
            ),
            document=format_id("cor", command.order) if command.order else format_id("rec", record.id),
            policy=record.policy,
            reverses=record.transaction,
        ),
        rows=(replace(record, state=RecordState.WITHDRAWN, pending=Points(0)), *uncount_overlay(record, book)),
        answer={"record": format_id("rec", record.id)},
    )


def take_points(record: ServiceRecord, book: Book, at: Instant) -> tuple[Transfer, ...]:
    """Take a record's points back: its own lot first, then what else can be spent; the rest becomes a debt."""
    issuance = AccountKey(AccountKind.ISSUANCE)
    transfers: tuple[Transfer, ...] = ()
    left = record.points
    today = book.programme.business_day(at)
    # A lot past its day is empty, whether expiry was booked or not: the outcome must not wait for that job.
    if record.pending and record.expires_on and record.expires_on >= today:
        own = [
            part for part in book.lots(AccountKind.PENDING, record.volunteer) if part.expires_on == record.expires_on
        ]
        taken = take(own, Points(min(record.pending, sum(part.points for part in own))))
        transfers = move_lots(taken, record.volunteer, AccountKind.PENDING, issuance)
        left = Points(left - sum(part.points for part in taken))
    return (*transfers, *take_from(record.volunteer, left, book, today, first=record.expires_on))


def take_from(
    volunteer: VolunteerId, points: Points, book: Book, today: date, *, first: date | None = None
) -> tuple[Transfer, ...]:
    """Take points out of what a volunteer can spend, one lot in front; what is not there becomes a debt."""
    issuance = AccountKey(AccountKind.ISSUANCE)
    spendable = book.spendable(volunteer, today)
    spendable.sort(key=lambda part: (part.expires_on != first, part.expires_on))
    taken = take(spendable, Points(min(points, sum(part.points for part in spendable))))
    transfers = move_lots(taken, volunteer, AccountKind.WALLET, issuance)
    left = points - sum(part.points for part in taken)
    return (*transfers, Transfer(AccountKey(AccountKind.DEBT, volunteer), issuance, left)) if left else transfers
