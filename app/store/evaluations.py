"""Evaluations: appended, never changed. The last of each record and source counts, while the record is verified."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.evaluations import Evaluation, EvaluationSource, EvaluationTag
from app.core.ids import ProgrammeId, RecordId, VolunteerId
from app.core.stars import Quality
from app.store.database import BatchConnection, Reader, Tx

_INSERT = text("""
INSERT INTO evaluations (programme_id, record_id, source, number, id, volunteer_id, score, tags, evaluated_by,
                         evaluated_at, late)
VALUES (:programme, :record, :source, :number, :id, :volunteer, :score, :tags, :by, :at, :late)
""")
_LAST = text("""
SELECT coalesce(max(number), 0) FROM evaluations
WHERE programme_id = :programme AND record_id = :record AND source = :source
""")


async def fetch_last_number(tx: Tx, programme: ProgrammeId, record: RecordId, source: EvaluationSource) -> int:
    """How many evaluations a record has of one source. Lock its volunteer first."""
    values = {"programme": programme, "record": record, "source": source.value}
    return int((await tx.execute(_LAST, values)).scalar_one())


async def insert_evaluation(tx: Tx, programme: ProgrammeId, evaluation: Evaluation) -> None:
    """Append an evaluation."""
    values = {
        "programme": programme,
        "record": evaluation.record,
        "source": evaluation.source.value,
        "number": evaluation.number,
        "id": evaluation.id,
        "volunteer": evaluation.volunteer,
        "score": evaluation.score,
        "tags": [tag.value for tag in evaluation.tags],
        "by": evaluation.evaluated_by,
        "at": evaluation.evaluated_at,
        "late": evaluation.late,
    }
    await tx.execute(_INSERT, values)


_COLUMNS = """id, record_id AS record, volunteer_id AS volunteer, source, number, score, tags, evaluated_by,
    evaluated_at, late"""
_OF_RECORD = text(f"""
SELECT {_COLUMNS} FROM evaluations WHERE programme_id = :programme AND record_id = :record ORDER BY source, number DESC
""")
_OF_VOLUNTEER = text(f"""
SELECT {_COLUMNS} FROM evaluations WHERE programme_id = :programme AND volunteer_id = :volunteer
ORDER BY record_id, source, number DESC
""")


def _evaluation(row: RowMapping) -> Evaluation:
    tags = tuple(EvaluationTag(tag) for tag in row["tags"])
    return Evaluation(**{**row, "source": EvaluationSource(row["source"]), "tags": tags})


async def fetch_evaluations(reader: Reader, programme: ProgrammeId, record: RecordId) -> Sequence[Evaluation]:
    """All evaluations of a record, by source, the one that counts in front."""
    rows = await reader.execute(_OF_RECORD, {"programme": programme, "record": record})
    return [_evaluation(row) for row in rows.mappings()]


async def fetch_evaluations_of(reader: Reader, programme: ProgrammeId, volunteer: VolunteerId) -> Sequence[Evaluation]:
    """All evaluations of a volunteer's service, by record and source, the one that counts in front."""
    rows = await reader.execute(_OF_VOLUNTEER, {"programme": programme, "volunteer": volunteer})
    return [_evaluation(row) for row in rows.mappings()]


_QUALITY = text("""
SELECT count(*), coalesce(sum(score), 0) FROM (
    SELECT DISTINCT ON (e.record_id, e.source) e.score, e.record_id FROM evaluations e
    WHERE e.programme_id = :programme AND e.volunteer_id = :volunteer AND e.evaluated_at < :before
    ORDER BY e.record_id, e.source, e.number DESC
) e
JOIN service_records r ON r.programme_id = :programme AND r.id = e.record_id AND r.state = 'verified'
""")


async def fetch_quality(
    reader: Reader | Tx, programme: ProgrammeId, volunteer: VolunteerId, before: datetime
) -> Quality:
    """What evaluations said of a volunteer up to a moment, of records that are verified now."""
    values = {"programme": programme, "volunteer": volunteer, "before": before}
    return Quality(*(await reader.execute(_QUALITY, values)).one())


# Index scans only: the committer's plans do not depend on statistics.
_QUALITIES = """
SELECT v.id, q.count, q.total FROM unnest($2::uuid[]) AS v (id)
CROSS JOIN LATERAL (
    SELECT count(*)::int AS count, coalesce(sum(e.score), 0)::int AS total FROM (
        SELECT DISTINCT ON (record_id, source) record_id, score FROM evaluations
        WHERE programme_id = $1 AND volunteer_id = v.id ORDER BY record_id, source, number DESC
    ) e
    CROSS JOIN LATERAL (SELECT state FROM service_records WHERE programme_id = $1 AND id = e.record_id LIMIT 1) r
    WHERE r.state = 'verified'
) q
"""


async def fetch_qualities(
    connection: BatchConnection, programme: ProgrammeId, volunteers: Collection[VolunteerId]
) -> dict[VolunteerId, Quality]:
    """What evaluations say of these volunteers now."""
    rows = await connection.fetch(_QUALITIES, programme, list(volunteers))
    return {row[0]: Quality(row[1], row[2]) for row in rows}
