"""Relatives of users: registered, so that nobody reviews their own family (DOMAIN.md 3.2 and 7.9)."""

from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, UserId, VolunteerId
from app.store.database import Reader, Tx

_FETCH = text("""
SELECT volunteer_id FROM user_relatives WHERE programme_id = :programme AND user_id = :user ORDER BY volunteer_id
""")


async def fetch_relatives(reader: Reader | Tx, programme: ProgrammeId, user: UserId) -> frozenset[VolunteerId]:
    """The volunteers who are a user's relatives."""
    rows = await reader.execute(_FETCH, {"programme": programme, "user": user})
    return frozenset(VolunteerId(row.volunteer_id) for row in rows)


_INSERT = text("""
INSERT INTO user_relatives (programme_id, user_id, volunteer_id, created_at) VALUES (:programme, :user, :volunteer, :at)
ON CONFLICT (programme_id, user_id, volunteer_id) DO NOTHING
""")


async def insert_relative(tx: Tx, programme: ProgrammeId, user: UserId, volunteer: VolunteerId, at: datetime) -> None:
    """Register a relative. Once is enough."""
    await tx.execute(_INSERT, {"programme": programme, "user": user, "volunteer": volunteer, "at": at})
