"""How far jobs have read the journal. A cursor moves on in the transaction that writes what was made of the stretch."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import text

from app.core.ids import ProgrammeId
from app.store.database import Reader, Tx


class JournalReader(StrEnum):
    """A job that follows the journal."""

    MARKS = "marks"
    CREDENTIALS = "credentials"


_CURSOR = text("SELECT seq FROM journal_cursors WHERE programme_id = :programme AND reader = :reader")


async def fetch_cursor(reader: Reader, programme: ProgrammeId, who: JournalReader) -> int:
    """The last transaction that this job has looked at; 0 at the beginning."""
    return int(await reader.scalar(_CURSOR, {"programme": programme, "reader": who.value}) or 0)


_MOVE = text("""
INSERT INTO journal_cursors AS c (programme_id, reader, seq, changed_at) VALUES (:programme, :reader, :seq, :at)
ON CONFLICT (programme_id, reader)
DO UPDATE SET seq = greatest(c.seq, excluded.seq), changed_at = excluded.changed_at
""")


async def move_cursor(tx: Tx, programme: ProgrammeId, who: JournalReader, seq: int, at: datetime) -> None:
    """Everything up to this transaction has been looked at."""
    await tx.execute(_MOVE, {"programme": programme, "reader": who.value, "seq": seq, "at": at})


_END = text("""
SELECT max(seq) FROM transactions
WHERE programme_id = :programme AND seq > :after AND seq <= :after + :limit AND recorded_at <= :until
""")


async def fetch_stretch_end(
    reader: Reader, programme: ProgrammeId, after: int, limit: int, until: datetime
) -> int | None:
    """The last of the next transactions, so many at most, that were written by a moment; None when there are none."""
    values = {"programme": programme, "after": after, "limit": limit, "until": until}
    found: int | None = await reader.scalar(_END, values)
    return found
