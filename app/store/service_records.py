"""Service records as the control plane enters and lists them. The engine changes their state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.check_ins import CheckIn
from app.core.ids import ProgrammeId, RecordId, TeamId, VolunteerId
from app.core.minors import Guardian
from app.core.record_items import NOTHING, Filing, RecordItems
from app.core.rows import Evidence, RecordState, ServiceRecord, ServiceRole
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class RecordView:
    """A service record with the name of its activity, when it was entered, and its other items."""

    record: ServiceRecord
    activity: str
    created_at: datetime
    items: RecordItems = field(default=NOTHING)
    disputed: bool = False
    """Whether an objection waits for its answer."""
    score: int | None = None
    """What the organisation last found the quality to be, 1 to 5."""

    @property
    def late(self) -> bool:
        """Whether it was entered after its ten working days."""
        return self.items.due_at is not None and self.created_at >= self.items.due_at

    @property
    def filing(self) -> Filing:
        """The record with all that was told of it."""
        return Filing(self.record, self.activity, self.items)


_ITEMS = "place, content, in_charge, guardian, hazardous, check_ins, due_at"
VIEW_COLUMNS = f"""id, state, volunteer_id AS volunteer, team_id AS team, evidence, activity, minutes, level,
       started_at, ended_at, recorder_id AS recorder, verifier_id AS verifier, points, expires_on, policy, pending,
       matures_at, transaction_id AS transaction, created_at, activity_id, category, place_region AS region, role,
       replaces_id AS replaces, {_ITEMS},
       EXISTS (SELECT FROM objections o WHERE o.programme_id = r.programme_id AND o.record_id = r.id
               AND o.state IN ('open', 'escalated')) AS disputed,
       (SELECT e.score FROM evaluations e WHERE e.programme_id = r.programme_id AND e.record_id = r.id
        AND e.source = 'organisation' ORDER BY e.number DESC LIMIT 1) AS score"""


def _items(values: dict[str, object]) -> RecordItems:
    found = {name: values.pop(name) for name in _ITEMS.split(", ")}
    marks: Sequence[datetime] = found["check_ins"]  # type: ignore[assignment]  # as the column is
    found["check_ins"] = tuple(map(CheckIn, marks[::2], marks[1::2]))
    found["guardian"] = Guardian(str(found["guardian"]))
    return RecordItems(**found)  # type: ignore[arg-type]  # as the columns are


def view_of(row: RowMapping | Mapping[str, object]) -> RecordView:
    """The record of a row of `VIEW_COLUMNS`."""
    values = dict(row)
    items = _items(values)
    activity = values.pop("activity")
    created_at = values.pop("created_at")
    disputed, score = bool(values.pop("disputed")), values.pop("score")
    values["state"] = RecordState(values["state"])
    values["evidence"] = Evidence(values["evidence"])
    values["role"] = ServiceRole(values["role"])
    return RecordView(ServiceRecord(**values), activity, created_at, items, disputed, score)


_FETCH = text(f"SELECT {VIEW_COLUMNS} FROM service_records r WHERE programme_id = :programme AND id = :id")


async def fetch_record(reader: Reader | Tx, programme: ProgrammeId, record: RecordId) -> RecordView | None:
    """One service record."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": record})).mappings().one_or_none()
    return view_of(row) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """Which records are asked for. `teams`: only of these, None: of all."""

    volunteer: VolunteerId | None = None
    team: TeamId | None = None
    state: RecordState | None = None
    marked: bool = False
    teams: Sequence[TeamId] | None = None


_LIST = text(f"""
SELECT {VIEW_COLUMNS} FROM service_records r
WHERE programme_id = :programme AND id > :after
  AND (CAST(:volunteer AS uuid) IS NULL OR volunteer_id = :volunteer)
  AND (CAST(:team AS uuid) IS NULL OR team_id = :team)
  AND (CAST(:teams AS uuid[]) IS NULL OR team_id = ANY(:teams))
  AND (CAST(:state AS text) IS NULL OR state = :state)
  AND (NOT :marked OR EXISTS (SELECT FROM record_marks m
       WHERE m.programme_id = r.programme_id AND m.record_id = r.id AND m.cleared_at IS NULL))
ORDER BY id LIMIT :limit
""")


async def fetch_records_page(
    reader: Reader, programme: ProgrammeId, after: RecordId, limit: int, wanted: RecordFilter
) -> Sequence[RecordView]:
    """The records after a given one that match, in the order they were entered."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "volunteer": wanted.volunteer,
        "team": wanted.team,
        "teams": wanted.teams,
        "state": wanted.state.value if wanted.state else None,
        "marked": wanted.marked,
    }
    return [view_of(row) for row in (await reader.execute(_LIST, values)).mappings()]


_INSERT = text("""
INSERT INTO service_records (programme_id, id, state, volunteer_id, team_id, evidence, activity, minutes, level,
    started_at, ended_at, recorder_id, created_at, activity_id, category, place_region, role, place, content, in_charge,
    guardian, hazardous, check_ins, due_at)
VALUES (:programme, :id, :state, :volunteer, :team, :evidence, :activity, :minutes, :level, :started_at, :ended_at,
        :recorder, :created_at, :activity_id, :category, :region, :role, :place, :content, :in_charge, :guardian,
        :hazardous, CAST(:check_ins AS timestamptz[]), :due_at)
""")


async def insert_records(tx: Tx, programme: ProgrammeId, views: Sequence[RecordView]) -> None:
    """Enter records."""
    await tx.execute(_INSERT, [_values(programme, view) for view in views])


def _values(programme: ProgrammeId, view: RecordView) -> dict[str, object]:
    record, items = view.record, view.items
    return {
        "programme": programme,
        "id": record.id,
        "state": record.state.value,
        "volunteer": record.volunteer,
        "team": record.team,
        "evidence": record.evidence.value,
        "activity": view.activity,
        "minutes": record.minutes,
        "level": record.level,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "recorder": record.recorder,
        "created_at": view.created_at,
        "activity_id": record.activity_id,
        "category": record.category,
        "region": record.region,
        "role": record.role.value,
        "place": items.place,
        "content": items.content,
        "in_charge": items.in_charge,
        "guardian": items.guardian.value,
        "hazardous": items.hazardous,
        "check_ins": [moment for stay in items.check_ins for moment in stay],
        "due_at": items.due_at,
    }


_NOTICE = text(f"""
SELECT {VIEW_COLUMNS} FROM service_records r
WHERE programme_id = :programme AND pending > 0 AND matures_at > :at AND state = 'verified' AND id > :after
  AND (CAST(:team AS uuid) IS NULL OR team_id = :team)
ORDER BY id LIMIT :limit
""")


async def fetch_notice(
    reader: Reader, programme: ProgrammeId, after: RecordId, limit: int, at: datetime, team: TeamId | None
) -> Sequence[RecordView]:
    """The records after a given one whose points wait for objections at a moment (公示)."""
    values = {"programme": programme, "after": after, "limit": limit, "at": at, "team": team}
    return [view_of(row) for row in (await reader.execute(_NOTICE, values)).mappings()]
