"""The records of correction orders: those that fit a scope now, those that were previewed, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, text

from app.core.codes import Code
from app.core.correction_orders import CorrectionScope, Target
from app.core.ids import CorrectionId, ProgrammeId, RecordId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What became of a record: replaced by another, withdrawn (by none), or refused with a code."""

    record: RecordId
    replacement: RecordId | None = None
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an order has come."""

    pending: int
    done: tuple[tuple[RecordId, RecordId | None], ...] = ()
    """Each with the record that replaces it; withdrawn ones with none."""
    refused: tuple[tuple[RecordId, Code], ...] = ()


def _target(row: RowMapping) -> Target:
    return Target(
        record=row["record_id"],
        volunteer=row["volunteer_id"],
        recorder=row["recorder_id"],
        verifier=row["verifier_id"],
        minutes=row["minutes"],
        level=row["level"],
        category=row["category"],
        points=row["points"],
    )


_TARGETS = text("""
SELECT r.id AS record_id, r.volunteer_id, r.recorder_id, r.verifier_id, r.minutes, r.level, r.category, r.points
FROM service_records r JOIN programmes p ON p.id = r.programme_id
WHERE r.programme_id = :programme AND r.state = 'verified'
  AND (CAST(:record AS uuid) IS NULL OR r.id = :record)
  AND (CAST(:volunteer AS uuid) IS NULL OR r.volunteer_id = :volunteer)
  AND (CAST(:team AS uuid) IS NULL OR r.team_id = :team)
  AND (CAST(:activity_id AS text) = '' OR r.activity_id = :activity_id)
  AND (CAST(:verifier AS uuid) IS NULL OR r.verifier_id = :verifier)
  AND (CAST(:since AS date) IS NULL OR (r.started_at AT TIME ZONE p.zone)::date >= :since)
  AND (CAST(:until AS date) IS NULL OR (r.started_at AT TIME ZONE p.zone)::date <= :until)
  AND (CAST(:teams AS uuid[]) IS NULL OR r.team_id = ANY(:teams))
ORDER BY r.id LIMIT :limit
""")


async def fetch_targets(
    reader: Reader | Tx, programme: ProgrammeId, scope: CorrectionScope, limit: int
) -> Sequence[Target]:
    """The verified records that fit a scope as they are now."""
    values = {
        "programme": programme,
        "record": scope.record,
        "volunteer": scope.volunteer,
        "team": scope.team,
        "activity_id": scope.activity_id,
        "verifier": scope.verifier,
        "since": scope.since,
        "until": scope.until,
        "teams": None if scope.teams is None else list(scope.teams),
        "limit": limit,
    }
    return [_target(row) for row in (await reader.execute(_TARGETS, values)).mappings()]


_FORGET = text("DELETE FROM correction_records WHERE programme_id = :programme AND correction_id = :id")
_KEEP = text("""
INSERT INTO correction_records (programme_id, correction_id, record_id, volunteer_id, recorder_id, verifier_id, minutes,
    level, category, points)
VALUES (:programme, :id, :record, :volunteer, :recorder, :verifier, :minutes, :level, :category, :points)
""")


async def keep_targets(tx: Tx, programme: ProgrammeId, correction: CorrectionId, targets: Sequence[Target]) -> None:
    """Keep the records of a preview in place of those of the one before."""
    await tx.execute(_FORGET, {"programme": programme, "id": correction})
    rows = [
        {
            "programme": programme,
            "id": correction,
            "record": each.record,
            "volunteer": each.volunteer,
            "recorder": each.recorder,
            "verifier": each.verifier,
            "minutes": each.minutes,
            "level": each.level,
            "category": each.category,
            "points": each.points,
        }
        for each in targets
    ]
    await tx.execute(_KEEP, rows)


_KEPT = text("""
SELECT record_id, volunteer_id, recorder_id, verifier_id, minutes, level, category, points FROM correction_records
WHERE programme_id = :programme AND correction_id = :id ORDER BY record_id
""")


async def fetch_kept_targets(reader: Reader | Tx, programme: ProgrammeId, correction: CorrectionId) -> Sequence[Target]:
    """The records of an order as they were previewed."""
    return [
        _target(row) for row in (await reader.execute(_KEPT, {"programme": programme, "id": correction})).mappings()
    ]


_PENDING = text("""
SELECT record_id FROM correction_records
WHERE programme_id = :programme AND correction_id = :id AND state = 'pending' ORDER BY record_id LIMIT :limit
""")


async def fetch_pending(
    reader: Reader | Tx, programme: ProgrammeId, correction: CorrectionId, limit: int
) -> Sequence[RecordId]:
    """Records of an order of which nobody knows yet what became of them."""
    rows = await reader.execute(_PENDING, {"programme": programme, "id": correction, "limit": limit})
    return [RecordId(row.record_id) for row in rows]


_NOTE = text("""
UPDATE correction_records SET state = :state, code = :code, replacement_id = :replacement
WHERE programme_id = :programme AND correction_id = :id AND record_id = :record
""")


async def note_outcomes(
    tx: Tx, programme: ProgrammeId, correction: CorrectionId, outcomes: Sequence[LineOutcome]
) -> None:
    """Write down what became of records."""
    rows = [
        {
            "programme": programme,
            "id": correction,
            "record": each.record,
            "state": "refused" if each.code else "done",
            "code": each.code.value if each.code else "",
            "replacement": each.replacement,
        }
        for each in outcomes
    ]
    await tx.execute(_NOTE, rows)


_PROGRESS = text("""
SELECT record_id, state, code, replacement_id FROM correction_records
WHERE programme_id = :programme AND correction_id = :id ORDER BY record_id
""")


async def fetch_progress(reader: Reader | Tx, programme: ProgrammeId, correction: CorrectionId) -> Progress:
    """Which records wait, are done, and were refused with which code."""
    rows = (await reader.execute(_PROGRESS, {"programme": programme, "id": correction})).all()
    return Progress(
        pending=sum(row.state == "pending" for row in rows),
        done=tuple((row.record_id, row.replacement_id) for row in rows if row.state == "done"),
        refused=tuple((row.record_id, Code(row.code)) for row in rows if row.state == "refused"),
    )


_EXECUTING = text("SELECT id FROM corrections WHERE programme_id = :programme AND state = 'executing' ORDER BY id")


async def fetch_executing(reader: Reader, programme: ProgrammeId) -> Sequence[CorrectionId]:
    """The orders that are approved and not done."""
    return [CorrectionId(row.id) for row in await reader.execute(_EXECUTING, {"programme": programme})]
