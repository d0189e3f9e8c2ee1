"""Sessions: log-ins that still run, or how they ended."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from app.core.ids import GuardianshipId, ProgrammeId, SessionId
from app.core.sessions import EndedBy, LoginMethod, Session
from app.store.database import BatchConnection, Reader, Tx

_COLUMNS = """id, kind, subject_id AS subject, acting_id AS acting, guardianship_id AS guardianship, method, device,
       network, seq, created_at, refreshed_at, idle_until, expires_at, ended_at, ended_by"""


def _session(row: RowMapping) -> Session:
    ended_by = EndedBy(row["ended_by"]) if row["ended_by"] else None
    return Session(**{**row, "method": LoginMethod(row["method"]), "ended_by": ended_by})


_INSERT = text("""
INSERT INTO sessions (programme_id, id, kind, subject_id, acting_id, guardianship_id, method, device, network, seq,
    created_at, refreshed_at, idle_until, expires_at)
VALUES (:programme, :id, :kind, :subject, :acting, :guardianship, :method, :device, :network, :seq, :created_at,
    :refreshed_at, :idle_until, :expires_at)
""")


async def insert_session(tx: Tx, programme: ProgrammeId, session: Session) -> None:
    """Begin a session."""
    values = {
        "programme": programme,
        "id": session.id,
        "kind": session.kind,
        "subject": session.subject,
        "acting": session.acting,
        "guardianship": session.guardianship,
        "method": session.method.value,
        "device": session.device,
        "network": session.network,
        "seq": session.seq,
        "created_at": session.created_at,
        "refreshed_at": session.refreshed_at,
        "idle_until": session.idle_until,
        "expires_at": session.expires_at,
    }
    await tx.execute(_INSERT, values)


_LOCK = text(f"SELECT {_COLUMNS} FROM sessions WHERE programme_id = :programme AND id = :id FOR UPDATE")


async def lock_session(tx: Tx, programme: ProgrammeId, session: SessionId) -> Session | None:
    """One session, kept from others until the transaction ends."""
    row = (await tx.execute(_LOCK, {"programme": programme, "id": session})).mappings().one_or_none()
    return _session(row) if row else None


_REFRESH = text("""
UPDATE sessions SET seq = :seq, refreshed_at = :refreshed_at, idle_until = :idle_until
WHERE programme_id = :programme AND id = :id
""")


async def update_refreshed(tx: Tx, programme: ProgrammeId, session: Session) -> None:
    """Write what a refresh has changed of a session that is locked."""
    values = {
        "programme": programme,
        "id": session.id,
        "seq": session.seq,
        "refreshed_at": session.refreshed_at,
        "idle_until": session.idle_until,
    }
    await tx.execute(_REFRESH, values)


_OPEN = text(f"""
SELECT {_COLUMNS} FROM sessions
WHERE programme_id = :programme AND (subject_id = :subject OR acting_id = :subject) AND ended_at IS NULL
  AND idle_until > :at AND expires_at > :at AND id > :after
ORDER BY id LIMIT :limit
""")


async def fetch_open_sessions(
    reader: Reader, programme: ProgrammeId, subject: UUID, after: SessionId, limit: int, at: datetime
) -> Sequence[Session]:
    """Somebody's running sessions after a given one, with those in which they act for a child."""
    values = {"programme": programme, "subject": subject, "after": after, "limit": limit, "at": at}
    return [_session(row) for row in (await reader.execute(_OPEN, values)).mappings()]


_END_ONE = text(f"""
UPDATE sessions SET ended_at = :at, ended_by = :by
WHERE programme_id = :programme AND id = :id AND (subject_id = :subject OR acting_id = :subject) AND ended_at IS NULL
RETURNING {_COLUMNS}
""")


async def end_session(
    tx: Tx, programme: ProgrammeId, session: SessionId, subject: UUID, by: EndedBy, at: datetime
) -> Session | None:
    """End one session of somebody; None when they have no such running one."""
    values = {"programme": programme, "id": session, "subject": subject, "by": by.value, "at": at}
    row = (await tx.execute(_END_ONE, values)).mappings().one_or_none()
    return _session(row) if row else None


_END_ALL = text("""
UPDATE sessions SET ended_at = :at, ended_by = :by
WHERE programme_id = :programme AND (subject_id = :subject OR acting_id = :subject) AND ended_at IS NULL
  AND id IS DISTINCT FROM CAST(:but AS uuid)
RETURNING id
""")


async def end_sessions_of(
    tx: Tx, programme: ProgrammeId, subject: UUID, by: EndedBy, at: datetime, but: SessionId | None = None
) -> int:
    """End all sessions of somebody `but` one, those for a child included. Gives how many there were."""
    values = {"programme": programme, "subject": subject, "by": by.value, "at": at, "but": but}
    rows = await tx.execute(_END_ALL, values)
    return len(rows.all())


_END_GUARDED = text("""
UPDATE sessions SET ended_at = :at, ended_by = :by
WHERE programme_id = :programme AND guardianship_id = :guardianship AND ended_at IS NULL
""")


async def end_guarded_sessions(tx: Tx, programme: ProgrammeId, guardianship: GuardianshipId, at: datetime) -> None:
    """End the sessions in which a guardian acts by one guardianship."""
    values = {"programme": programme, "guardianship": guardianship, "by": EndedBy.GUARDIANSHIP.value, "at": at}
    await tx.execute(_END_GUARDED, values)


_RUNNING = "SELECT id FROM sessions WHERE programme_id = $1 AND id = ANY($2) AND ended_at IS NULL"


async def fetch_running(
    connection: BatchConnection, programme: ProgrammeId, sessions: Collection[SessionId]
) -> Mapping[SessionId, bool]:
    """Those of these sessions that have not ended."""
    return {row["id"]: True for row in await connection.fetch(_RUNNING, programme, list(sessions))}


_DELETE_OVER = text("""
DELETE FROM sessions s USING (
    SELECT id FROM sessions
    WHERE programme_id = :programme AND coalesce(ended_at, LEAST(idle_until, expires_at)) < :before
    ORDER BY coalesce(ended_at, LEAST(idle_until, expires_at)) LIMIT :limit FOR UPDATE SKIP LOCKED
) AS over WHERE s.programme_id = :programme AND s.id = over.id RETURNING s.id
""")


async def delete_sessions_over(tx: Tx, programme: ProgrammeId, before: datetime, limit: int) -> int:
    """Delete some of the sessions that were over before: ended, or neither used nor ended. Gives how many that were."""
    return len((await tx.execute(_DELETE_OVER, {"programme": programme, "before": before, "limit": limit})).all())
