"""Accounts of one person: users who are registered as the same volunteer. Two of them are not four eyes."""

from sqlalchemy import text

from app.core.ids import ProgrammeId, UserId
from app.store.database import Reader, Tx

_ACCOUNTS = text("""
SELECT other.id FROM users own
JOIN users other ON other.programme_id = own.programme_id AND other.volunteer_id = own.volunteer_id
WHERE own.programme_id = :programme AND own.id = :user
""")


async def fetch_own_accounts(reader: Reader | Tx, programme: ProgrammeId, user: UserId) -> frozenset[UserId]:
    """All accounts of the person whose account this is, itself among them, those that are disabled too."""
    rows = await reader.execute(_ACCOUNTS, {"programme": programme, "user": user})
    return frozenset((user, *(UserId(row.id) for row in rows)))
