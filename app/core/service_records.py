"""Service records verified: hours enter the ledger and become points (时长 -> 积分).

The minutes are a legal record and are never spent. The points follow the policy in force on the day of service;
a debt is repaid first, the rest goes to the lot that expires with the year, pending while objections are open.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.book import Accepted, Book, Decision, Needs
from app.core.codes import Code, Rejected
from app.core.ids import RecordId, TransactionId, UserId, VolunteerId, format_id
from app.core.policies import policy_on
from app.core.quantities import Instant, Points
from app.core.rows import Evidence, RecordState, ServiceRecord
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

    def needs(self) -> Needs:
        """What must be in the book before this can be decided; the volunteer comes with the record."""
        return Needs(records=frozenset((self.record,)), policies=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectRecord:
    """A second person refuses a service record."""

    record: RecordId
    verifier: UserId
    verifier_is: VolunteerId | None

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(records=frozenset((self.record,)))


def _points_of(record: ServiceRecord, book: Book) -> tuple[Points, str] | Rejected:
    if record.evidence not in EARNING:
        return Points(0), ""
    day = book.programme.business_day(record.started_at)
    policy = policy_on(book.policies, day, record.level)
    if policy is None:
        return Rejected(Code.NO_POLICY, {"day": day.isoformat(), "level": record.level})
    return policy.points_of(record.minutes, record.level), policy.version


def decide_verify_record(command: VerifyRecord, book: Book, at: Instant) -> Decision:
    """Decide a verification: an entered record, by someone who neither gave the service nor entered it."""
    record = book.records[command.record]
    if record is None:
        return Rejected(Code.NOT_FOUND)
    if record.state is not RecordState.ENTERED:
        return Rejected(Code.STATE_CONFLICT, {"state": record.state.value})
    if command.verifier == record.recorder or command.verifier_is == record.volunteer:
        return Rejected(Code.SELF_REVIEW)
    earned = _points_of(record, book)
    if isinstance(earned, Rejected):
        return earned
    points, version = earned
    notice = timedelta(days=book.programme.notice_days)
    repaid = min(points, book.balance(AccountKey(AccountKind.DEBT, record.volunteer)))
    matures_at = at + notice if notice and points > repaid else None
    verified = replace(
        record,
        state=RecordState.VERIFIED,
        verifier=command.verifier,
        points=points,
        expires_on=book.programme.expiry_of(record.ended_at) if points else None,
        policy=version,
        pending=Points(points - repaid) if matures_at else Points(0),
        matures_at=matures_at,
        transaction=command.transaction,
    )
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.ACCRUE,
            actor=format_id("usr", command.verifier),
            reason=Reason.SERVICE_VERIFIED,
            occurred_at=record.ended_at,
            transfers=_credit(verified, repaid),
            document=format_id("rec", record.id),
            policy=version,
        ),
        rows=(verified,),
        answer={"record": format_id("rec", record.id), "points": points},
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
    if record.state is not RecordState.ENTERED:
        return Rejected(Code.STATE_CONFLICT, {"state": record.state.value})
    if command.verifier == record.recorder or command.verifier_is == record.volunteer:
        return Rejected(Code.SELF_REVIEW)
    rejected = replace(record, state=RecordState.REJECTED, verifier=command.verifier)
    return Accepted(rows=(rejected,), answer={"record": format_id("rec", record.id)})


def overlaps(start: datetime, end: datetime, other_start: datetime, other_end: datetime) -> bool:
    """Whether two periods of service share time; ones that only touch do not."""
    return start < other_end and other_start < end
