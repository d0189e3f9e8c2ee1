"""Attempts to log in or to guess a code, counted in one place for all processes. Subjects are keyed hashes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import text

from app.core.attempts import Attempts
from app.core.ids import ProgrammeId
from app.store.database import Tx

ATTEMPTS_KEPT = timedelta(days=1)
_AT_ONCE = 20

_ADD = text("""
INSERT INTO login_attempts (programme_id, subject, attempts, began_at)
SELECT p.id, s.subject, 0, :at FROM programmes p, unnest(CAST(:subjects AS bytea[])) AS s (subject)
WHERE p.id = :programme
ORDER BY s.subject
ON CONFLICT (programme_id, subject) DO NOTHING
""")
_LOCK = text("""
SELECT subject, attempts, began_at, closed_until FROM login_attempts
WHERE programme_id = :programme AND subject = ANY(CAST(:subjects AS bytea[])) ORDER BY subject FOR UPDATE
""")


async def lock_attempts(
    tx: Tx, programme: ProgrammeId, subjects: Sequence[bytes], at: datetime
) -> Mapping[bytes, Attempts]:
    """What has been counted, kept from other processes until the end. Nothing for a programme that is not here."""
    values = {"programme": programme, "subjects": sorted(subjects), "at": at}
    await tx.execute(_ADD, values)
    rows = await tx.execute(_LOCK, values)
    return {
        bytes(subject): Attempts(count=count, began_at=began_at, closed_until=closed_until)
        for subject, count, began_at, closed_until in rows
    }


_WRITE = text("""
UPDATE login_attempts SET attempts = :count, began_at = :began_at, closed_until = :closed_until
WHERE programme_id = :programme AND subject = :subject
""")


async def update_attempts(tx: Tx, programme: ProgrammeId, subject: bytes, attempts: Attempts) -> None:
    """Write the count of a subject that is locked."""
    values = {
        "programme": programme,
        "subject": subject,
        "count": attempts.count,
        "began_at": attempts.began_at,
        "closed_until": attempts.closed_until,
    }
    await tx.execute(_WRITE, values)


_DROP = text("""
DELETE FROM login_attempts a USING (
    SELECT subject FROM login_attempts
    WHERE programme_id = :programme AND began_at < :before ORDER BY began_at LIMIT :limit FOR UPDATE SKIP LOCKED
) AS old WHERE a.programme_id = :programme AND a.subject = old.subject RETURNING a.subject
""")


async def delete_old_attempts(tx: Tx, programme: ProgrammeId, before: datetime, limit: int) -> int:
    """Forget some of what began before. Gives how many that were."""
    return len((await tx.execute(_DROP, {"programme": programme, "before": before, "limit": limit})).all())


async def drop_old_attempts(tx: Tx, programme: ProgrammeId, at: datetime) -> None:
    """Forget some of what is a day old with each attempt: a flood does not wait for the job."""
    await delete_old_attempts(tx, programme, at - ATTEMPTS_KEPT, _AT_ONCE)
