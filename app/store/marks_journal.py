"""How far the journal has been looked through for imported records, and those records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, VolunteerId
from app.core.record_items import Served
from app.store.bulk_record_lookups import SERVED_COLUMNS, served_of
from app.store.database import Reader, Tx

_CURSOR = text("SELECT seq FROM mark_cursors WHERE programme_id = :programme")


async def fetch_mark_cursor(reader: Reader, programme: ProgrammeId) -> int:
    """The last transaction that has been looked at; 0 at the beginning."""
    return int(await reader.scalar(_CURSOR, {"programme": programme}) or 0)


_SET_CURSOR = text("""
INSERT INTO mark_cursors AS c (programme_id, seq, changed_at) VALUES (:programme, :seq, :at)
ON CONFLICT (programme_id) DO UPDATE SET seq = greatest(c.seq, excluded.seq), changed_at = excluded.changed_at
""")


async def set_mark_cursor(tx: Tx, programme: ProgrammeId, seq: int, at: datetime) -> None:
    """Everything up to this transaction has been looked at."""
    await tx.execute(_SET_CURSOR, {"programme": programme, "seq": seq, "at": at})


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the journal: its last transaction, and the imported records it accrued."""

    last: int
    records: Sequence[tuple[VolunteerId, Served]]


_LAST = text("""
SELECT max(seq) FROM transactions WHERE programme_id = :programme AND seq > :after AND seq <= :after + :limit
""")
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


async def fetch_imported(reader: Reader, programme: ProgrammeId, after: int, limit: int, kind: str) -> Stretch | None:
    """The next transactions of the journal; None at its end. Nobody counted the ten working days of an import."""
    last = await reader.scalar(_LAST, {"programme": programme, "after": after, "limit": limit})
    if last is None:
        return None
    rows = await reader.execute(_IMPORTED, {"programme": programme, "after": after, "last": last, "kind": kind})
    return Stretch(int(last), list(served_of(rows)))
