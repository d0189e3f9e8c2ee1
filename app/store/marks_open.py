"""Marks that nobody has cleared yet: listed for those who review, and cleared with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, RecordId, TeamId, UserId, VolunteerId
from app.core.marks import SetMark
from app.core.suspicions import Mark, Suspicion
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class OpenMark:
    """An open mark, and the record it is on as far as a list tells it."""

    record: RecordId
    volunteer: VolunteerId
    team: TeamId
    mark: SetMark
    marked_at: datetime


_LIST = text("""
SELECT m.record_id, r.volunteer_id, r.team_id, m.kind, m.figures, m.marked_at
FROM record_marks m JOIN service_records r ON r.programme_id = m.programme_id AND r.id = m.record_id
WHERE m.programme_id = :programme AND m.cleared_at IS NULL
  AND (m.record_id, m.kind) > (:record, :after_kind)
  AND (CAST(:kind AS text) IS NULL OR m.kind = :kind)
  AND (CAST(:teams AS uuid[]) IS NULL OR r.team_id = ANY(:teams))
ORDER BY m.record_id, m.kind LIMIT :limit
""")


async def fetch_open_marks(
    reader: Reader,
    programme: ProgrammeId,
    after: tuple[RecordId, str],
    limit: int,
    kind: Suspicion | None,
    teams: Sequence[TeamId] | None,
) -> Sequence[OpenMark]:
    """The open marks after a given one, of one rule or of all, on records of these teams (None: of all)."""
    values = {
        "programme": programme,
        "record": after[0],
        "after_kind": after[1],
        "limit": limit,
        "kind": kind.value if kind else None,
        "teams": teams,
    }
    return [
        OpenMark(record, volunteer, team, SetMark(Mark(Suspicion(found), figures)), at)
        for record, volunteer, team, found, figures, at in await reader.execute(_LIST, values)
    ]


_LOCK = text("""
SELECT cleared_at FROM record_marks WHERE programme_id = :programme AND record_id = :record AND kind = :kind
FOR UPDATE
""")


async def lock_mark(tx: Tx, programme: ProgrammeId, record: RecordId, kind: Suspicion) -> bool | None:
    """Hold a mark until the transaction ends: whether it is open; None when there is none."""
    found = await tx.execute(_LOCK, {"programme": programme, "record": record, "kind": kind.value})
    row = found.one_or_none()
    return None if row is None else row.cleared_at is None


_CLEAR = text("""
UPDATE record_marks SET cleared_by = :by, cleared_at = :at, clearing_reason = :reason
WHERE programme_id = :programme AND record_id = :record AND kind = :kind
""")


async def update_mark_cleared(
    tx: Tx, programme: ProgrammeId, record: RecordId, kind: Suspicion, by: UserId, reason: str, at: datetime
) -> None:
    """Write down who found a mark harmless, and why."""
    named = {"programme": programme, "record": record, "kind": kind.value}
    await tx.execute(_CLEAR, {**named, "by": by, "reason": reason, "at": at})
