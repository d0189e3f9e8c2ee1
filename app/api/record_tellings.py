"""A record as a body tells it: what is wrong with it by itself, and what it becomes for those who decide about it."""

from datetime import UTC, datetime, timedelta

from uuid_utils.compat import uuid7

from app.api.problems import FieldProblem, Problem
from app.api.record_fields import RecordRequest
from app.api.teams import team_named
from app.api.volunteers import volunteer_named
from app.core.check_ins import CheckIn
from app.core.codes import Code
from app.core.entering import Telling
from app.core.evidence import EvidenceFault, evidence_fault
from app.core.ids import RecordId, UserId
from app.core.quantities import Minutes
from app.core.record_items import Filing, RecordItems
from app.core.rows import RecordState, ServiceRecord
from app.security.actors import Actor, ActorKind

_MINUTE_S = 60
_LONGEST = timedelta(days=366)
"""No activity takes more than a year (DOMAIN.md 1.6)."""
_OLDEST = datetime(1950, 1, 1, tzinfo=UTC)


def faults_of(body: RecordRequest, actor: Actor, now: datetime) -> list[FieldProblem]:
    """All that cannot be so, whoever served and wherever."""
    faults = _time_faults(body, now)
    by_admin = actor.kind is ActorKind.ADMIN
    if fault := evidence_fault(body.evidence, administrator=by_admin, pairs=len(body.check_ins)):
        of_pairs = fault in {EvidenceFault.NO_PAIRS, EvidenceFault.PAIRS}
        faults.append(FieldProblem(pointer="/check_ins" if of_pairs else "/evidence", detail=fault.value))
    return faults


def _time_faults(body: RecordRequest, now: datetime) -> list[FieldProblem]:
    faults = []
    if body.ended_at <= body.started_at:
        faults.append(FieldProblem(pointer="/ended_at", detail="not after started_at"))
    if body.ended_at - body.started_at > _LONGEST:
        faults.append(FieldProblem(pointer="/started_at", detail="more than a year before ended_at"))
    if body.ended_at < _OLDEST:
        faults.append(FieldProblem(pointer="/ended_at", detail="before 1950"))
    if body.ended_at > now or any(stay.checked_out_at > now for stay in body.check_ins):
        faults.append(FieldProblem(pointer="/ended_at", detail="in the future"))
    if not body.check_ins:
        if body.minutes is None:
            faults.append(FieldProblem(pointer="/minutes", detail="needed without check_ins"))
        elif body.minutes * _MINUTE_S > (body.ended_at - body.started_at).total_seconds():
            faults.append(FieldProblem(pointer="/minutes", detail="more than the time between"))
    return faults


def telling_of(body: RecordRequest, actor: Actor) -> Telling:
    """The record that a body tells, under a new id."""
    team = team_named(body.team_id)
    if team is None:
        raise Problem(Code.NOT_FOUND)
    record = ServiceRecord(
        id=RecordId(uuid7()),
        state=RecordState.ENTERED,
        volunteer=volunteer_named(body.volunteer_id),
        team=team,
        evidence=body.evidence,
        minutes=Minutes(body.minutes or 0),
        level=body.level,
        started_at=body.started_at,
        ended_at=body.ended_at,
        recorder=UserId(actor.subject),
        activity_id=body.activity_id or "",
        category=body.category or "",
        region=body.place_region_code or "",
        role=body.role,
    )
    items = RecordItems(
        place=body.place or "",
        content=body.content or "",
        in_charge=body.person_in_charge_id or "",
        guardian=body.guardian,
        hazardous=body.hazardous,
        check_ins=tuple(CheckIn(stay.checked_in_at, stay.checked_out_at) for stay in body.check_ins),
    )
    return Telling(filing=Filing(record, body.activity, items), minutes=body.minutes, own_labour=body.own_labour)
