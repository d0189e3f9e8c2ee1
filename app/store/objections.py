"""Objections to service records: raised, escalated, answered, corrected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.core.ids import ObjectionId, ProgrammeId, RecordId, TeamId, UserId, VolunteerId
from app.core.objections import Objection, ObjectionState, Standing
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionView:
    """An objection with its words, its record's volunteer and the line of its record's team, the root last."""

    objection: Objection
    raised_by: str
    reason: str
    volunteer: VolunteerId
    line: tuple[TeamId, ...]
    answered_by: UserId | None = None
    answer: str = ""
    answered_at: datetime | None = None


# Teams have three tiers, so a line is read with two joins.
_VIEW = """
SELECT o.id, o.record_id, o.state, o.raised_at, o.rung, o.raised_by, o.reason, o.answered_by, o.answer, o.answered_at,
       r.volunteer_id AS volunteer, array_remove(ARRAY[t.id, p.id, q.id], NULL) AS line
FROM objections o
JOIN service_records r ON r.programme_id = o.programme_id AND r.id = o.record_id
JOIN teams t ON t.programme_id = r.programme_id AND t.id = r.team_id
LEFT JOIN teams p ON p.programme_id = t.programme_id AND p.id = t.parent_id
LEFT JOIN teams q ON q.programme_id = p.programme_id AND q.id = p.parent_id
WHERE o.programme_id = :programme AND """


def _view(row: Mapping[str, Any]) -> ObjectionView:
    objection = Objection(
        id=row["id"],
        record=row["record_id"],
        state=ObjectionState(row["state"]),
        raised_at=row["raised_at"],
        rung=row["rung"],
    )
    return ObjectionView(
        objection=objection,
        raised_by=row["raised_by"],
        reason=row["reason"],
        volunteer=row["volunteer"],
        line=tuple(row["line"]),
        answered_by=row["answered_by"],
        answer=row["answer"],
        answered_at=row["answered_at"],
    )


_ONE = text(_VIEW + "o.id = :id")
_LOCKED = text(_VIEW + "o.id = :id FOR UPDATE OF o")


async def fetch_objection(reader: Reader | Tx, programme: ProgrammeId, objection: ObjectionId) -> ObjectionView | None:
    """One objection."""
    row = (await reader.execute(_ONE, {"programme": programme, "id": objection})).mappings().one_or_none()
    return _view(row) if row else None  # type: ignore[arg-type]  # a row is a mapping by column names


async def lock_objection(tx: Tx, programme: ProgrammeId, objection: ObjectionId) -> ObjectionView | None:
    """One objection, kept from others until the transaction ends."""
    row = (await tx.execute(_LOCKED, {"programme": programme, "id": objection})).mappings().one_or_none()
    return _view(row) if row else None  # type: ignore[arg-type]  # a row is a mapping by column names


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionFilter:
    """Which objections are asked for. `teams`: to records of these only, None: of all."""

    record: RecordId | None = None
    state: ObjectionState | None = None
    raised_by: str | None = None
    teams: Sequence[TeamId] | None = None


_LIST = text(
    _VIEW
    + """o.id > :after
  AND (CAST(:record AS uuid) IS NULL OR o.record_id = :record)
  AND (CAST(:state AS text) IS NULL OR o.state = :state)
  AND (CAST(:raised_by AS text) IS NULL OR o.raised_by = :raised_by)
  AND (CAST(:teams AS uuid[]) IS NULL OR r.team_id = ANY(:teams))
ORDER BY o.id LIMIT :limit"""
)


async def fetch_objections(
    reader: Reader, programme: ProgrammeId, after: ObjectionId, limit: int, wanted: ObjectionFilter
) -> Sequence[ObjectionView]:
    """The objections after a given one that match, in the order they were raised."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "record": wanted.record,
        "state": wanted.state.value if wanted.state else None,
        "raised_by": wanted.raised_by,
        "teams": wanted.teams,
    }
    return [_view(row) for row in (await reader.execute(_LIST, values)).mappings()]  # type: ignore[arg-type]  # as above


_DUE = text(
    _VIEW + "o.state IN ('open', 'escalated') AND o.due_at <= :at AND o.rung < t.tier ORDER BY o.due_at LIMIT :limit"
)
_UPHELD = text(_VIEW + "o.state = 'upheld' AND o.id > :after ORDER BY o.id LIMIT :limit")


async def fetch_due_objections(
    reader: Reader | Tx, programme: ProgrammeId, at: datetime, limit: int
) -> Sequence[ObjectionView]:
    """Objections whose term was over, as far as it was written down, and that can still climb."""
    rows = await reader.execute(_DUE, {"programme": programme, "at": at, "limit": limit})
    return [_view(row) for row in rows.mappings()]  # type: ignore[arg-type]  # as above


async def fetch_upheld_objections(
    reader: Reader, programme: ProgrammeId, after: ObjectionId, limit: int
) -> Sequence[ObjectionView]:
    """Objections that are right and whose records are not corrected yet."""
    rows = await reader.execute(_UPHELD, {"programme": programme, "after": after, "limit": limit})
    return [_view(row) for row in rows.mappings()]  # type: ignore[arg-type]  # as above


_INSERT = text("""
INSERT INTO objections (programme_id, id, record_id, state, raised_by, reason, raised_at, rung, due_at)
VALUES (:programme, :id, :record, :state, :raised_by, :reason, :raised_at, :rung, :due_at)
ON CONFLICT (programme_id, record_id, raised_by) WHERE state IN ('open', 'escalated') DO NOTHING RETURNING id
""")


async def insert_objection(tx: Tx, programme: ProgrammeId, view: ObjectionView, due_at: datetime) -> bool:
    """Raise an objection; False when one of the same person to the same record still waits."""
    objection = view.objection
    values = {
        "programme": programme,
        "id": objection.id,
        "record": objection.record,
        "state": objection.state.value,
        "raised_by": view.raised_by,
        "reason": view.reason,
        "raised_at": objection.raised_at,
        "rung": objection.rung,
        "due_at": due_at,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None


_CLIMB = text("""
UPDATE objections SET state = :state, rung = :rung, due_at = :due_at
WHERE programme_id = :programme AND id = :id AND state IN ('open', 'escalated') AND rung < :rung
RETURNING id
""")


async def climb(tx: Tx, programme: ProgrammeId, objection: ObjectionId, stands: Standing) -> bool:
    """Write down how high an objection has climbed; False when that was done already."""
    values = {
        "programme": programme,
        "id": objection,
        "state": stands.state.value,
        "rung": stands.rung,
        "due_at": stands.due_at,
    }
    return (await tx.execute(_CLIMB, values)).one_or_none() is not None


_ANSWER = text("""
UPDATE objections SET state = :state, rung = :rung, answered_by = :by, answer = :answer, answered_at = :at
WHERE programme_id = :programme AND id = :id
""")


async def update_answered(tx: Tx, programme: ProgrammeId, view: ObjectionView) -> None:
    """Write an answer, or a taking back, on an objection that is locked."""
    values = {
        "programme": programme,
        "id": view.objection.id,
        "state": view.objection.state.value,
        "rung": view.objection.rung,
        "by": view.answered_by,
        "answer": view.answer,
        "at": view.answered_at,
    }
    await tx.execute(_ANSWER, values)
