"""Service records verified: hours enter the ledger and become points (时长 -> 积分).

The minutes are a legal record and are never spent. The points follow the policy in force on the day of service;
a debt is repaid first, the rest goes to the lot that expires with the year, pending while objections are open.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.accruals import Accrual
from app.core.book import Accepted, Book, Decision, Needs
from app.core.codes import Code, Rejected
from app.core.ids import RecordId, TransactionId, UserId, VolunteerId, format_id
from app.core.policies import policy_on
from app.core.quantities import Instant, Points
from app.core.reviews import ReviewLevel, is_own, level_needed, stretch_of
from app.core.rows import Evidence, RecordState, ServiceRecord, Tally
from app.core.standings import accrual_of, count_overlay, last_day_of, service_of, standing_of
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer

EARNING = frozenset((Evidence.CHECKED_IN, Evidence.IMPORTED))
"""The evidence that becomes points. Attested (honour) hours stay hours (DOMAIN.md 0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRecord:
    """A second person confirms a service record: the hours count from now on, and points are credited."""

    record: RecordId
    transaction: TransactionId
    verifier: UserId
    verifier_is: VolunteerId | None
    """The volunteer that the verifier is, if any: nobody verifies their own hours."""
    level: ReviewLevel
    """How high the verifier stands above the record's team: the top needs no counting of the day's hours."""
    relatives: frozenset[VolunteerId] = frozenset()
    accounts: frozenset[UserId] = frozenset()
    """All accounts of the verifier: who entered it by another is not a second person."""

    def needs(self) -> Needs:
        """What must be in the book before this can be decided; the volunteer comes with the record."""
        named = frozenset((self.record,))
        days = named if self.level < ReviewLevel.TOP else frozenset()
        return Needs(records=named, days=days, policies=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectRecord:
    """A second person refuses a service record."""

    record: RecordId
    verifier: UserId
    verifier_is: VolunteerId | None
    relatives: frozenset[VolunteerId] = frozenset()
    accounts: frozenset[UserId] = frozenset()
    """All accounts of the verifier: who entered it by another is not a second person."""

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(records=frozenset((self.record,)))


@dataclass(frozen=True, slots=True)
class Gain:
    """What a record brings: points until when, how long pending, and the rows that explain and count them."""

    points: Points = Points(0)
    version: str = ""
    expires_on: date | None = None
    notice: timedelta = timedelta()
    rows: tuple[Accrual | Tally, ...] = ()


def gain_of(record: ServiceRecord, book: Book, at: Instant) -> Gain | Rejected:
    """Price a record by the policy of its day; notice and expiry are the programme's where the policy is silent."""
    if record.evidence not in EARNING:
        return Gain()
    programme = book.programme
    service = service_of(record, programme)
    policy = policy_on(book.policies, service.day, record.level)
    if policy is None:
        return Rejected(Code.NO_POLICY, {"day": service.day.isoformat(), "level": record.level})
    standing = standing_of(record, service, policy, book, at)
    priced = book.prices.price(policy, service, standing)
    accrual = accrual_of(record, policy, service, standing, priced)
    return Gain(
        points=priced.points,
        version=policy.version,
        expires_on=last_day_of(policy, programme, record.ended_at) if priced.points else None,
        notice=timedelta(days=programme.notice_days if policy.notice_days is None else policy.notice_days),
        rows=(accrual, *count_overlay(accrual, book)),
    )


def _refuse_review(command: VerifyRecord | RejectRecord, record: ServiceRecord) -> Rejected | None:
    if record.state is not RecordState.ENTERED:
        return Rejected(Code.STATE_CONFLICT, {"state": record.state.value})
    own = record.recorder in command.accounts
    if own or is_own(record, command.verifier, command.verifier_is, command.relatives):
        return Rejected(Code.SELF_REVIEW)
    return None


def _refuse_level(command: VerifyRecord, record: ServiceRecord, book: Book) -> Rejected | None:
    """Up to 8 hours a day the own organisation verifies, up to 12 its parent, above that the top (DOMAIN.md 0.5)."""
    if command.level is ReviewLevel.TOP:
        return None
    needed = level_needed(stretch_of(record), book.served_by(record.volunteer), book.programme.zone)
    return Rejected(Code.REVIEW_LEVEL, {"level": needed.name.lower()}) if needed > command.level else None


def decide_verify_record(command: VerifyRecord, book: Book, at: Instant) -> Decision:
    """Decide a verification: an entered record, by someone who neither served nor entered it, from high enough."""
    record = book.records[command.record]
    if record is None:
        return Rejected(Code.NOT_FOUND)
    if refusal := _refuse_review(command, record) or _refuse_level(command, record, book):
        return refusal
    return accrue(record, command.verifier, command.transaction, book, at)


def accrue(
    record: ServiceRecord, verifier: UserId, transaction: TransactionId, book: Book, at: Instant
) -> Accepted | Rejected:
    """Let a record count that nothing speaks against: its hours, its points. The record verified is the first row."""
    gain = gain_of(record, book, at)
    if isinstance(gain, Rejected):
        return gain
    points, name = gain.points, format_id("rec", record.id)
    repaid = min(points, book.balance(AccountKey(AccountKind.DEBT, record.volunteer)))
    matures_at = at + gain.notice if gain.notice and points > repaid else None
    verified = replace(
        record,
        state=RecordState.VERIFIED,
        verifier=verifier,
        points=points,
        expires_on=gain.expires_on,
        policy=gain.version,
        pending=Points(points - repaid) if matures_at else Points(0),
        matures_at=matures_at,
        transaction=transaction,
    )
    return Accepted(
        transaction=Transaction(
            id=transaction,
            kind=TransactionKind.ACCRUE,
            actor=format_id("usr", verifier),
            reason=Reason.SERVICE_VERIFIED,
            occurred_at=record.ended_at,
            transfers=_credit(verified, repaid),
            document=name,
            policy=gain.version,
        ),
        rows=(verified, *gain.rows),
        answer={"record": name, "points": points},
    )


def _credit(record: ServiceRecord, repaid: int) -> tuple[Transfer, ...]:
    """The hours; then the points: first against a debt, the rest into the lot of the record's expiry day."""
    hours = AccountKey(AccountKind.HOURS, record.volunteer)
    transfers = [Transfer(AccountKey(AccountKind.SERVICE), hours, record.minutes)]
    issuance = AccountKey(AccountKind.ISSUANCE)
    if repaid:
        transfers.append(Transfer(issuance, AccountKey(AccountKind.DEBT, record.volunteer), repaid))
    if record.points > repaid and record.expires_on:
        kind = AccountKind.PENDING if record.pending else AccountKind.WALLET
        home = lot(kind, record.volunteer, record.expires_on)
        transfers.append(Transfer(issuance, home, record.points - repaid))
    return tuple(transfers)


def decide_reject_record(command: RejectRecord, book: Book) -> Decision:
    """Decide a rejection: by someone who neither gave the service nor entered it. Nothing reaches the ledger."""
    record = book.records[command.record]
    if record is None:
        return Rejected(Code.NOT_FOUND)
    if refusal := _refuse_review(command, record):
        return refusal
    rejected = replace(record, state=RecordState.REJECTED, verifier=command.verifier)
    return Accepted(rows=(rejected,), answer={"record": format_id("rec", record.id)})


def overlaps(start: datetime, end: datetime, other_start: datetime, other_end: datetime) -> bool:
    """Whether two periods of service share time; ones that only touch do not."""
    return start < other_end and other_start < end
