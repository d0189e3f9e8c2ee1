"""Where the grants of applications stand in the ledger: their rows and places are written by commands alone."""

from collections.abc import Sequence

from sqlalchemy import text

from app.core.applications.settling import GrantStand
from app.core.ids import ApplicationId, ProgrammeId, RoundId
from app.store.database import Reader, Tx

_STAND = text("""
SELECT g.state, g.counted, p.state AS place FROM benefit_grants g
LEFT JOIN places p ON p.programme_id = g.programme_id AND p.id = g.id
WHERE g.programme_id = :programme AND g.id = :id
""")


async def fetch_grant_stand(reader: Reader | Tx, programme: ProgrammeId, application: ApplicationId) -> GrantStand:
    """Where the grant of an application stands; it bears the application's own UUID."""
    row = (await reader.execute(_STAND, {"programme": programme, "id": application})).one_or_none()
    if row is None:
        return GrantStand.NONE
    if row.state != "approved":
        return GrantStand.REVOKED if row.counted else GrantStand.ENDED
    if row.place is None or row.place == "held":
        return GrantStand.GRANTED
    return GrantStand.WAITING if row.place in ("entered", "waiting") else GrantStand.ENDED


_UNSETTLED = text("""
SELECT a.id FROM applications a
LEFT JOIN places p ON p.programme_id = a.programme_id AND p.id = a.id
WHERE a.programme_id = :programme AND NOT a.settled AND a.id > :after
  AND NOT (a.state = 'waiting' AND coalesce(p.state, '') IN ('entered', 'waiting'))
ORDER BY a.id LIMIT :limit
""")


async def fetch_unsettled(
    reader: Reader | Tx, programme: ProgrammeId, after: ApplicationId, limit: int
) -> Sequence[ApplicationId]:
    """Applications for which the ledger has something to do, or has done it: not those that wait in its line."""
    rows = await reader.execute(_UNSETTLED, {"programme": programme, "after": after, "limit": limit})
    return [ApplicationId(row.id) for row in rows]


_IS_EVENT = text("SELECT starts_at IS NOT NULL FROM rounds WHERE programme_id = :programme AND id = :id")


async def is_event(reader: Reader | Tx, programme: ProgrammeId, round_id: RoundId) -> bool:
    """Whether a round is an event, to which people come with tickets."""
    return bool(await reader.scalar(_IS_EVENT, {"programme": programme, "id": round_id}))


_REGISTERED = text("SELECT count(*) FROM volunteers WHERE programme_id = :programme AND status <> 'left'")


async def count_registered(reader: Reader | Tx, programme: ProgrammeId) -> int:
    """How many volunteers are registered: what a share of them is a share of."""
    return int(await reader.scalar(_REGISTERED, {"programme": programme}) or 0)
