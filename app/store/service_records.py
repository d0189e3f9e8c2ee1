"""Service records as the control plane enters and lists them. The engine changes their state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.ids import ProgrammeId, RecordId, TeamId, VolunteerId
from app.core.rows import Evidence, RecordState, ServiceRecord
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class RecordView:
    """A service record with the name of its activity and when it was entered."""

    record: ServiceRecord
    activity: str
    created_at: datetime


_COLUMNS = """id, state, volunteer_id AS volunteer, team_id AS team, evidence, activity, minutes, level, started_at,
       ended_at, recorder_id AS recorder, verifier_id AS verifier, points, expires_on, policy, pending, matures_at,
       transaction_id AS transaction, created_at"""


def _view(row: RowMapping) -> RecordView:
    values = dict(row)
    activity = values.pop("activity")
    created_at = values.pop("created_at")
    values["state"] = RecordState(values["state"])
    values["evidence"] = Evidence(values["evidence"])
    return RecordView(ServiceRecord(**values), activity, created_at)


_FETCH = text(f"SELECT {_COLUMNS} FROM service_records WHERE programme_id = :programme AND id = :id")


async def fetch_record(reader: Reader | Tx, programme: ProgrammeId, record: RecordId) -> RecordView | None:
    """One service record."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": record})).mappings().one_or_none()
    return _view(row) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """Which records are asked for."""

    volunteer: VolunteerId | None = None
    team: TeamId | None = None
    state: RecordState | None = None


_LIST = text(f"""
SELECT {_COLUMNS} FROM service_records
WHERE programme_id = :programme AND id > :after
  AND (CAST(:volunteer AS uuid) IS NULL OR volunteer_id = :volunteer)
  AND (CAST(:team AS uuid) IS NULL OR team_id = :team)
  AND (CAST(:state AS text) IS NULL OR state = :state)
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
        "state": wanted.state.value if wanted.state else None,
    }
    return [_view(row) for row in (await reader.execute(_LIST, values)).mappings()]


_OVERLAPPING = text("""
SELECT id FROM service_records
WHERE programme_id = :programme AND volunteer_id = :volunteer AND state IN ('entered', 'verified')
  AND started_at < :ended_at AND ended_at > :started_at
LIMIT 1
""")


async def fetch_overlapping(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, started_at: datetime, ended_at: datetime
) -> RecordId | None:
    """A record of the same volunteer that shares time with a period; ones that only touch it do not."""
    values = {"programme": programme, "volunteer": volunteer, "started_at": started_at, "ended_at": ended_at}
    found = await tx.scalar(_OVERLAPPING, values)
    return RecordId(found) if found else None


_OVERLAPPING_PAIR = text("""
SELECT a.id FROM service_records a
JOIN service_records b ON b.programme_id = a.programme_id AND b.volunteer_id = a.volunteer_id AND b.id <> a.id
    AND b.state IN ('entered', 'verified') AND b.started_at < a.ended_at AND b.ended_at > a.started_at
WHERE a.programme_id = :programme AND a.id = ANY(:ids)
LIMIT 1
""")


async def fetch_overlapping_pair(tx: Tx, programme: ProgrammeId, records: Sequence[RecordId]) -> RecordId | None:
    """One of these records that shares time with any other of its volunteer."""
    found = await tx.scalar(_OVERLAPPING_PAIR, {"programme": programme, "ids": records})
    return RecordId(found) if found else None


_INSERT = text("""
INSERT INTO service_records (programme_id, id, state, volunteer_id, team_id, evidence, activity, minutes, level,
                             started_at, ended_at, recorder_id, created_at)
VALUES (:programme, :id, :state, :volunteer, :team, :evidence, :activity, :minutes, :level, :started_at, :ended_at,
        :recorder, :created_at)
""")


async def insert_records(tx: Tx, programme: ProgrammeId, views: Sequence[RecordView]) -> None:
    """Enter records."""
    await tx.execute(
        _INSERT,
        [
            {
                "programme": programme,
                "id": view.record.id,
                "state": view.record.state.value,
                "volunteer": view.record.volunteer,
                "team": view.record.team,
                "evidence": view.record.evidence.value,
                "activity": view.activity,
                "minutes": view.record.minutes,
                "level": view.record.level,
                "started_at": view.record.started_at,
                "ended_at": view.record.ended_at,
                "recorder": view.record.recorder,
                "created_at": view.created_at,
            }
            for view in views
        ],
    )
