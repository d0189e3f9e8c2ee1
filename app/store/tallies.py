"""Counts that limits are compared with, read one at a time. The committer writes them."""

from sqlalchemy import text

from app.core.ids import ProgrammeId
from app.core.rows import TallyKey
from app.store.database import Reader

_FETCH = text("""
SELECT amount FROM tallies
WHERE programme_id = :programme AND subject_id = :subject AND scope = :scope AND period = :period
""")


async def fetch_tally(reader: Reader, programme: ProgrammeId, key: TallyKey) -> int:
    """One count; what was never counted is 0."""
    return int(await reader.scalar(_FETCH, {"programme": programme, **key._asdict()}) or 0)
