"""Funds: where the money comes from that settles redemptions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import FundId, ProgrammeId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Fund:
    """A fund with what it was given, what is free and what is promised, in fen."""

    id: FundId
    code: str
    name: str
    sponsor: str
    purpose: str
    created_at: datetime
    donated_fen: int = 0
    free_fen: int = 0
    committed_fen: int = 0


_FUND = """
SELECT f.id, f.code, f.name, f.sponsor, f.purpose, f.created_at,
       coalesce(max(a.balance) FILTER (WHERE a.kind = 'donations'), 0) AS donated_fen,
       coalesce(max(a.balance) FILTER (WHERE a.kind = 'fund'), 0) AS free_fen,
       coalesce(max(a.balance) FILTER (WHERE a.kind = 'committed'), 0) AS committed_fen
FROM funds f LEFT JOIN accounts a ON a.programme_id = f.programme_id AND a.owner_id = f.id
"""
_GROUP = "GROUP BY f.programme_id, f.id"

_FETCH = text(f"{_FUND} WHERE f.programme_id = :programme AND f.id = :id {_GROUP}")


async def fetch_fund(reader: Reader | Tx, programme: ProgrammeId, fund: FundId) -> Fund | None:
    """One fund."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": fund})).mappings().one_or_none()
    return Fund(**row) if row else None


_LIST = text(f"{_FUND} WHERE f.programme_id = :programme AND f.id > :after {_GROUP} ORDER BY f.id LIMIT :limit")


async def fetch_funds(reader: Reader, programme: ProgrammeId, after: FundId, limit: int) -> Sequence[Fund]:
    """The funds after a given one, in the order of their making."""
    rows = await reader.execute(_LIST, {"programme": programme, "after": after, "limit": limit})
    return [Fund(**row) for row in rows.mappings()]


_INSERT = text("""
INSERT INTO funds (programme_id, id, code, name, sponsor, purpose, created_at)
VALUES (:programme, :id, :code, :name, :sponsor, :purpose, :created_at)
ON CONFLICT (programme_id, code) DO NOTHING RETURNING id
""")


async def insert_fund(tx: Tx, programme: ProgrammeId, fund: Fund) -> bool:
    """Add a fund; False when its code is taken."""
    values = {
        "programme": programme,
        "id": fund.id,
        "code": fund.code,
        "name": fund.name,
        "sponsor": fund.sponsor,
        "purpose": fund.purpose,
        "created_at": fund.created_at,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None
