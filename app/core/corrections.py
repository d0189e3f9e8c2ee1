"""Corrections (更正): a verified record is taken out and the right one put in its place, in one transaction.

Hours, points and debts end as if the record had been right from the beginning, as far as its points are unspent: what
old and new record have in common stays where it is. Nothing is edited: the old record is withdrawn, a new one names it.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.book import Accepted, Book, Decision, Needs
from app.core.claw_backs import take_points
from app.core.codes import Code, Rejected
from app.core.consumed import refuse_taking
from app.core.ids import NOBODY, CorrectionId, RecordId, TransactionId, UserId, format_id
from app.core.quantities import Instant, Minutes, Points
from app.core.rows import RecordState, ServiceRecord
from app.core.service_records import Gain, gain_of
from app.core.standings import uncount_overlay
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer

_PERCENT = 100
_MINUTE = timedelta(minutes=1)
_LONGEST = timedelta(days=1)
"""No record has more hours than a day, however long its period is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What is changed of a record; None: it stays. Minutes are set, or scaled and rounded down to at least one."""

    minutes: Minutes | None = None
    percent: int | None = None
    level: int | None = None
    category: str | None = None

    def amend(self, record: ServiceRecord) -> ServiceRecord:
        """The record as it should have been."""
        minutes = record.minutes if self.minutes is None else self.minutes
        if self.percent is not None:
            minutes = Minutes(max(1, minutes * self.percent // _PERCENT))
        return replace(
            record,
            minutes=minutes,
            level=record.level if self.level is None else self.level,
            category=record.category if self.category is None else self.category,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectRecord:
    """A verified record is replaced by one with other minutes, level or category."""

    record: RecordId
    replacement: RecordId
    transaction: TransactionId
    order: CorrectionId
    author: UserId
    by: UserId
    """Who approved the order: the second pair of eyes."""
    amendment: Amendment

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        named = frozenset((self.record,))
        return Needs(records=named, accruals=named, repriced=named, takes=named, policies=True)


def decide_correct_record(command: CorrectRecord, book: Book, at: Instant) -> Decision:
    """Decide a correction. The new record is priced by the policy of its day, as if the old one had not been."""
    old = book.records[command.record]
    if old is None:
        return Rejected(Code.NOT_FOUND)
    amended = command.amendment.amend(old)
    if refusal := _refuse(old, amended, book):
        return refusal
    entered = replace(
        amended, id=command.replacement, state=RecordState.ENTERED, recorder=command.author, replaces=old.id
    )
    gain = gain_of(entered, _without(old, book, at), at)
    if isinstance(gain, Rejected):
        return gain
    points, pending = _settle(old, gain, book, at)
    verified = replace(
        entered,
        state=RecordState.VERIFIED,
        verifier=command.by,
        points=gain.points,
        expires_on=gain.expires_on,
        policy=gain.version,
        pending=pending,
        matures_at=old.matures_at if pending else None,
        transaction=command.transaction,
    )
    withdrawn = replace(old, state=RecordState.WITHDRAWN, pending=Points(0))
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.CORRECT,
            actor=format_id("usr", command.by),
            reason=Reason.HOURS_CORRECTED,
            occurred_at=old.ended_at,
            transfers=(*_exchange_hours(old, verified), *points),
            document=format_id("cor", command.order),
            policy=gain.version,
            reverses=old.transaction,
        ),
        rows=(withdrawn, verified, *uncount_overlay(old, book), *gain.rows),
        answer={"record": format_id("rec", verified.id), "points": gain.points},
    )


def _refuse(old: ServiceRecord, amended: ServiceRecord, book: Book) -> Rejected | None:
    if old.state is not RecordState.VERIFIED:
        return Rejected(Code.STATE_CONFLICT, {"state": old.state.value})
    if amended == old:
        return Rejected(Code.STATE_CONFLICT, {"state": "unchanged"})
    if amended.minutes * _MINUTE > min(_LONGEST, old.ended_at - old.started_at):
        return Rejected(Code.PARAM_ERROR, {"minutes": amended.minutes})
    return refuse_taking(old, old.minutes - amended.minutes, book)


def _exchange_hours(old: ServiceRecord, new: ServiceRecord) -> tuple[Transfer, Transfer]:
    """The new hours come in before the old ones go: in between no benefit is short of hours it has consumed."""
    service, hours = AccountKey(AccountKind.SERVICE), AccountKey(AccountKind.HOURS, old.volunteer)
    return Transfer(service, hours, new.minutes), Transfer(hours, service, old.minutes)


def _settle(old: ServiceRecord, gain: Gain, book: Book, at: Instant) -> tuple[tuple[Transfer, ...], Points]:
    """Take or give the difference where both expire on one day, else all; and what is pending of the new record.

    What is given repays a debt first. It waits as long as the old record's points still wait, and no longer.
    """
    together = not old.points or not gain.points or old.expires_on == gain.expires_on
    kept = min(old.points, gain.points) if together else 0
    lost, given = Points(old.points - kept), gain.points - kept
    not_matured = Points(min(old.pending, lost))
    transfers = list(take_points(replace(old, points=lost, pending=not_matured), book, at))
    issuance, debt = AccountKey(AccountKind.ISSUANCE), AccountKey(AccountKind.DEBT, old.volunteer)
    repaid = min(given, book.balance(debt) + sum(each.amount for each in transfers if each.debit == debt))
    if repaid:
        transfers.append(Transfer(issuance, debt, repaid))
    rest = given - repaid
    if rest and gain.expires_on:
        kind = AccountKind.PENDING if old.pending else AccountKind.WALLET
        transfers.append(Transfer(issuance, lot(kind, old.volunteer, gain.expires_on), rest))
    return tuple(transfers), Points(old.pending - not_matured + (rest if old.pending else 0))


def _without(old: ServiceRecord, book: Book, at: Instant) -> Book:
    """What a price looks at, as it would be had the old record been withdrawn. The book itself stays as it is."""
    own = old.volunteer
    earned = {key: each for key, each in book.earned.get(own, {}).items() if key != old.id}
    copied = replace(
        book,
        accounts={**book.accounts, own: dict(book.accounts[own]), NOBODY: dict(book.accounts[NOBODY])},
        tallies={subject: dict(counted) for subject, counted in book.tallies.items()},
        earned={**book.earned, own: earned} if own in book.earned else book.earned,
    )
    transfers = take_points(old, book, at)
    copied.post(
        Accepted(
            transaction=Transaction(
                id=TransactionId(NOBODY),
                kind=TransactionKind.CLAW_BACK,
                actor="system",
                reason=Reason.RECORD_WITHDRAWN,
                occurred_at=at,
                transfers=transfers,
                document=format_id("rec", old.id),
            )
            if transfers
            else None,
            rows=tuple(uncount_overlay(old, book)),
        )
    )
    return copied
