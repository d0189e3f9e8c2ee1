"""Opening balances fetched and written by whole batches, and read for what statements say of them."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import text

from app.core.ids import OpeningId, ProgrammeId
from app.core.openings import Opening
from app.core.record_numbers import RecordNumber
from app.store.database import BatchConnection, Reader

_COLUMNS = """o.id, o.source, o.external_no, o.volunteer_id AS volunteer, o.dated_on, o.points, o.minutes, o.expires_on,
       o.drafted_by, o.approved_by, o.transaction_id AS transaction"""
_FETCH = f"""
SELECT {_COLUMNS}
FROM unnest($2::text[], $3::text[]) AS n (source, external_no)
CROSS JOIN LATERAL (
    SELECT * FROM opening_balances
    WHERE programme_id = $1 AND source = n.source AND external_no = n.external_no LIMIT 1
) o
"""


def _opening(values: dict[str, object]) -> Opening:
    number = RecordNumber(str(values.pop("source")), str(values.pop("external_no")))
    return Opening(number=number, **values)  # type: ignore[arg-type]  # as the columns are


async def fetch_openings(
    connection: BatchConnection, programme: ProgrammeId, numbers: Collection[RecordNumber]
) -> dict[RecordNumber, Opening]:
    """The balances that have come under these numbers."""
    listed = list(numbers)
    rows = await connection.fetch(
        _FETCH, programme, [number.source for number in listed], [number.external_no for number in listed]
    )
    return {opening.number: opening for opening in (_opening(dict(row)) for row in rows)}


_INSERT = """
INSERT INTO opening_balances (programme_id, id, source, external_no, volunteer_id, dated_on, points, minutes,
                              expires_on, drafted_by, approved_by, transaction_id)
SELECT $1, t.* FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::date[], $7::bigint[], $8::bigint[],
                           $9::date[], $10::uuid[], $11::uuid[], $12::uuid[]) AS t
"""


async def insert_openings(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[Opening]) -> None:
    """Append balances that were brought over."""
    await connection.execute(
        _INSERT,
        programme,
        [row.id for row in rows],
        [row.number.source for row in rows],
        [row.number.external_no for row in rows],
        [row.volunteer for row in rows],
        [row.dated_on for row in rows],
        [row.points for row in rows],
        [row.minutes for row in rows],
        [row.expires_on for row in rows],
        [row.drafted_by for row in rows],
        [row.approved_by for row in rows],
        [row.transaction for row in rows],
    )


_NAMED = text(f"SELECT {_COLUMNS} FROM opening_balances o WHERE o.programme_id = :programme AND o.id = ANY(:ids)")


async def fetch_openings_named(
    reader: Reader, programme: ProgrammeId, ids: Sequence[OpeningId]
) -> Mapping[OpeningId, Opening]:
    """These opening balances."""
    rows = (await reader.execute(_NAMED, {"programme": programme, "ids": ids})).mappings() if ids else ()
    return {opening.id: opening for opening in (_opening(dict(row)) for row in rows)}
