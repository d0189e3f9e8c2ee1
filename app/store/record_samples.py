"""A sample of records for inspection (抽查): drawn by hash, so that anybody can draw the same one again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, TeamId
from app.store.database import Reader
from app.store.service_records import VIEW_COLUMNS, RecordView, view_of


@dataclass(frozen=True, slots=True)
class Sample:
    """The records drawn, in the order they were drawn, and out of how many."""

    population: int
    records: Sequence[RecordView]


_PERIOD = """
FROM service_records WHERE programme_id = :programme AND created_at >= :since AND created_at < :until
  AND (CAST(:teams AS uuid[]) IS NULL OR team_id = ANY(:teams))
"""
_COUNT = text(f"SELECT count(*) {_PERIOD}")
_DRAW = text(f"SELECT id {_PERIOD} ORDER BY sha256(convert_to(:seed || '/' || id, 'UTF8')), id LIMIT :size")
_FETCH = text(f"""
SELECT {VIEW_COLUMNS} FROM service_records r WHERE programme_id = :programme AND id = ANY(CAST(:ids AS uuid[]))
ORDER BY array_position(CAST(:ids AS uuid[]), id)
""")


async def draw_sample(
    reader: Reader,
    programme: ProgrammeId,
    seed: str,
    size: int,
    period: tuple[datetime, datetime],
    teams: Sequence[TeamId] | None,
) -> Sample:
    """The `size` records entered in a period whose ids, hashed with the seed, come first.

    Records are never deleted and keep their day of entry: once a period is over, a seed has one sample.
    """
    within = {"programme": programme, "since": period[0], "until": period[1], "teams": teams}
    population = int((await reader.execute(_COUNT, within)).scalar_one())
    drawn = (await reader.execute(_DRAW, {**within, "seed": seed, "size": size})).scalars().all()
    found = await reader.execute(_FETCH, {"programme": programme, "ids": list(drawn)})
    return Sample(population, [view_of(row) for row in found.mappings()])
