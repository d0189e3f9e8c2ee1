"""What a dry run of an import would have added: kept in a temporary table, which ends with the connection.

Nothing else is written. In memory a city's numbers and times would take more than the import itself.
"""

from collections.abc import Collection, Sequence

from app.core.arrivals import Arrival, Arrivals
from app.core.ids import ProgrammeId
from app.core.rows import ImportedRecord
from app.store.batch_imports import fetch_known, fetch_stays, numbers_in, spans_of, stays_in
from app.store.database import BatchConnection

_TABLE = "rehearsed_records"
_COLUMNS = (
    "programme_id",
    "id",
    "state",
    "volunteer_id",
    "team_id",
    "minutes",
    "started_at",
    "ended_at",
    "check_ins",
    "source",
    "external_no",
)
_CREATE = (
    "SET temp_buffers = '128MB'",
    f"CREATE TEMPORARY TABLE {_TABLE} AS SELECT {', '.join(_COLUMNS)} FROM service_records LIMIT 0",
    f"CREATE UNIQUE INDEX ix_rehearsed_numbers ON {_TABLE} (programme_id, source, external_no)",
    f"CREATE INDEX ix_rehearsed_volunteers ON {_TABLE} (programme_id, volunteer_id, started_at)",
)
_NUMBERS = numbers_in(f"pg_temp.{_TABLE}")
_STAYS = stays_in(f"pg_temp.{_TABLE}")


async def begin_rehearsal(connection: BatchConnection) -> None:
    """Make room for what a dry run would have added."""
    for statement in _CREATE:
        await connection.execute(statement)


async def copy_rehearsed(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[ImportedRecord]) -> None:
    """Keep records that would have been added."""
    await connection.copy_records_to_table(_TABLE, records=[_values(programme, row) for row in rows], columns=_COLUMNS)


def _values(programme: ProgrammeId, row: ImportedRecord) -> tuple[object, ...]:
    it, stays = row.record, [moment for stay in row.items.check_ins for moment in stay]
    period = (it.started_at, it.ended_at)
    return (programme, it.id, it.state.value, it.volunteer, it.team, it.minutes, *period, stays, *row.number)


async def fetch_rehearsed(
    connection: BatchConnection, programme: ProgrammeId, arrivals: Collection[Arrival]
) -> Arrivals:
    """What these arrivals would meet of what would have been added before them."""
    return Arrivals(
        numbers=await fetch_known(connection, programme, {arrival.number for arrival in arrivals}, _NUMBERS),
        busy=await fetch_stays(connection, programme, spans_of(arrivals), _STAYS),
    )
