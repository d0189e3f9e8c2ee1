"""The imported records of a stretch of the journal."""

from collections.abc import Sequence

from sqlalchemy import text

from app.core.ids import ProgrammeId, VolunteerId
from app.core.record_items import Served
from app.store.bulk_record_lookups import SERVED_COLUMNS, served_of
from app.store.database import Reader

_IMPORTED = text(f"""
SELECT r.* FROM transactions t
CROSS JOIN LATERAL (
    SELECT {SERVED_COLUMNS} FROM service_records
    WHERE programme_id = t.programme_id AND id = CAST(substr(t.document, 5) AS uuid)
      AND source <> '' AND due_at IS NULL AND state = 'verified'
    OFFSET 0
) r
WHERE t.programme_id = :programme AND t.seq > :after AND t.seq <= :last AND t.kind = :kind
  AND t.document LIKE 'rec\\_%'
ORDER BY t.seq
""")


async def fetch_imported(
    reader: Reader, programme: ProgrammeId, after: int, last: int, kind: str
) -> Sequence[tuple[VolunteerId, Served]]:
    """The imported records that a stretch of the journal accrued. Nobody counted the ten working days of an import."""
    rows = await reader.execute(_IMPORTED, {"programme": programme, "after": after, "last": last, "kind": kind})
    return list(served_of(rows))
