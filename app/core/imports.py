"""Imported records (导入): service of an older system, entered by one person, verified by another, priced at once.

The points are those that a verification would give today: the policy of the day of service, caps and scales by what
was verified before, a debt repaid first. Checked-in and imported hours earn, attested ones never do (DOMAIN.md 0.2).
"""

from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import NamedTuple

from app.core.arrivals import Arrival, stays_of
from app.core.book import Accepted, Book, Decision, Needs
from app.core.check_ins import CheckIn, share_time
from app.core.codes import Code, Rejected
from app.core.ids import RecordId, TeamId, TransactionId, UserId, VolunteerId, format_id
from app.core.minors import ADULT_AGE, Circumstances, Guardian, refuse_minor
from app.core.quantities import Instant, Minutes
from app.core.reviews import is_own
from app.core.rows import Evidence, ImportedRecord, RecordState, ServiceRecord, ServiceRole
from app.core.service_records import accrue
from app.core.volunteers import age_on

RECORD_MINUTES_MAX = 24 * 60
_MINUTE = timedelta(minutes=1)


class ImportRow(NamedTuple):
    """One row of a file as it was understood. Volunteer and team are still the numbers of the other system."""

    external_no: str
    volunteer_no: str
    team_no: str
    started_at: Instant
    ended_at: Instant
    minutes: int
    level: int
    evidence: Evidence
    role: ServiceRole
    activity: str
    activity_id: str = ""
    category: str = ""
    region: str = ""
    place: str = ""
    content: str = ""
    in_charge: str = ""
    check_ins: tuple[CheckIn, ...] = ()
    guardian: Guardian = Guardian.NONE
    hazardous: bool = False

    def record(self, record: RecordId, volunteer: VolunteerId, team: TeamId, recorder: UserId) -> ServiceRecord:
        """The record that this row tells of, entered and not yet verified."""
        return ServiceRecord(
            id=record,
            state=RecordState.ENTERED,
            volunteer=volunteer,
            team=team,
            evidence=self.evidence,
            minutes=Minutes(self.minutes),
            level=self.level,
            started_at=self.started_at,
            ended_at=self.ended_at,
            recorder=recorder,
            activity_id=self.activity_id,
            category=self.category,
            region=self.region,
            role=self.role,
        )

    def refuse_minor(self, born_on: date, zone: tzinfo) -> Rejected | None:
        """Why a volunteer of this birthday may not have served so; None for grown-ups, which nearly all are."""
        if self.started_at.year - born_on.year > ADULT_AGE:
            return None
        age = age_on(born_on, self.started_at.astimezone(zone).date())
        return refuse_minor(age, Circumstances(guardian=self.guardian, hazardous=self.hazardous))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """A record of another system arrives; whoever stands for the import has verified it."""

    told: ImportedRecord
    transaction: TransactionId
    verifier: UserId
    verifier_is: VolunteerId | None
    """The volunteer that the verifier is, if any: nobody verifies their own hours."""
    relatives: frozenset[VolunteerId] = frozenset()

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(
            owners=frozenset((self.told.record.volunteer,)), arrivals=frozenset((arrival_of(self.told),)), policies=True
        )


def arrival_of(told: ImportedRecord) -> Arrival:
    """What must be looked up for a record that arrives."""
    record = told.record
    return Arrival(told.number, record.volunteer, record.team, record.started_at, record.ended_at)


def _refuse_told(record: ServiceRecord, at: Instant) -> Rejected | None:
    """What cannot have been: service that is not over, that lasts no time, or that has more minutes than its period."""
    if record.ended_at > at:
        return Rejected(Code.PARAM_ERROR, {"field": "ended_at", "fault": "in-the-future"})
    if record.ended_at <= record.started_at:
        return Rejected(Code.PARAM_ERROR, {"field": "ended_at", "fault": "ends-before-it-begins"})
    if not 1 <= record.minutes <= RECORD_MINUTES_MAX:
        return Rejected(Code.PARAM_ERROR, {"field": "minutes", "fault": "out-of-range"})
    if record.minutes * _MINUTE > record.ended_at - record.started_at:
        return Rejected(Code.PARAM_ERROR, {"field": "minutes", "fault": "more-than-the-period"})
    return None


def _refuse_arrival(command: ImportRecord, book: Book, at: Instant) -> Rejected | None:
    record = command.told.record
    busy = book.arriving.busy[record.volunteer]
    if busy is None:
        return Rejected(Code.NOT_FOUND, {"field": "volunteer"})
    if not book.arriving.teams[record.team]:
        return Rejected(Code.NOT_FOUND, {"field": "team"})
    if refusal := _refuse_told(record, at):
        return refusal
    if is_own(record, command.verifier, command.verifier_is, command.relatives):
        return Rejected(Code.SELF_REVIEW)
    stays = stays_of(command.told)
    if met := [(taken[0], other) for other, taken in busy.items() if share_time(stays, taken)]:
        return Rejected(Code.OVERLAP, {"record": format_id("rec", min(met)[1])})
    return None


def decide_import_record(command: ImportRecord, book: Book, at: Instant) -> Decision:
    """Decide an arrival. A number that is known with the same content adds nothing; with other content it is refused.

    Then the first refusal of: volunteer, team, figures that cannot be, own hours, time given twice (it names the record
    that began first), no policy.
    """
    told = command.told
    known = book.arriving.numbers[told.number]
    if known is not None:
        if known.says_the_same(told.record):
            return Accepted(answer={"record": format_id("rec", known.id), "known": True})
        return Rejected(Code.EXTERNAL_NO_USED, {"record": format_id("rec", known.id)})
    if refusal := _refuse_arrival(command, book, at):
        return refusal
    accrued = accrue(told.record, command.verifier, command.transaction, book, at)
    if isinstance(accrued, Rejected):
        return accrued
    verified, *others = accrued.rows
    if not isinstance(verified, ServiceRecord):
        raise TypeError("the record verified is the first row")
    return Accepted(
        transaction=accrued.transaction,
        rows=(ImportedRecord(verified, told.number, told.items, at), *others),
        answer=accrued.answer,
    )
