"""Terminals: a merchant's tills with their sealed secrets."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import MerchantId, ProgrammeId, StoreId, TerminalId
from app.store.database import BatchConnection, Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A terminal as it is stored; secrets are sealed."""

    id: TerminalId
    merchant: MerchantId
    store: StoreId
    label: str
    secret: bytes
    previous_secret: bytes | None
    previous_valid_until: datetime | None
    disabled_at: datetime | None
    created_at: datetime
    last_seen_at: datetime | None = None


_COLUMNS = """id, merchant_id AS merchant, store_id AS store, label, secret, previous_secret, previous_valid_until,
       disabled_at, created_at, last_seen_at"""

_FETCH = text(f"SELECT {_COLUMNS} FROM terminals WHERE programme_id = :programme AND id = :id")


async def fetch_terminal(reader: Reader | Tx, programme: ProgrammeId, terminal: TerminalId) -> Terminal | None:
    """One terminal."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": terminal})).mappings().one_or_none()
    return Terminal(**row) if row else None


_LOCK = text(f"{_FETCH.text} FOR UPDATE")


async def lock_terminal(tx: Tx, programme: ProgrammeId, terminal: TerminalId) -> Terminal | None:
    """One terminal, which nobody else changes until the transaction ends."""
    row = (await tx.execute(_LOCK, {"programme": programme, "id": terminal})).mappings().one_or_none()
    return Terminal(**row) if row else None


@dataclass(frozen=True, slots=True)
class CallingTerminal:
    """A terminal that calls, and whether its programme is for trying tills out."""

    terminal: Terminal
    sandbox: bool


_CALLING = """
SELECT t.id, t.merchant_id AS merchant, t.store_id AS store, t.label, t.secret, t.previous_secret,
       t.previous_valid_until, t.disabled_at, t.created_at, p.sandbox
FROM terminals t CROSS JOIN programmes p
WHERE t.programme_id = $1 AND t.id = ANY($2) AND p.id = $1
"""


async def fetch_calling_terminals(
    connection: BatchConnection, programme: ProgrammeId, terminals: Collection[TerminalId]
) -> Mapping[TerminalId, CallingTerminal]:
    """Those of these terminals that exist."""
    found = {}
    for row in await connection.fetch(_CALLING, programme, list(terminals)):
        values = dict(row)
        sandbox = values.pop("sandbox")
        found[values["id"]] = CallingTerminal(Terminal(**values), sandbox)
    return found


_LIST = text(f"""
SELECT {_COLUMNS} FROM terminals
WHERE programme_id = :programme AND merchant_id = :merchant AND id > :after ORDER BY id LIMIT :limit
""")


async def fetch_terminals(
    reader: Reader, programme: ProgrammeId, merchant: MerchantId, after: TerminalId, limit: int
) -> Sequence[Terminal]:
    """A merchant's terminals after a given one, in the order of their making."""
    values = {"programme": programme, "merchant": merchant, "after": after, "limit": limit}
    return [Terminal(**row) for row in (await reader.execute(_LIST, values)).mappings()]


_INSERT = text("""
INSERT INTO terminals (programme_id, id, merchant_id, store_id, label, secret, created_at)
VALUES (:programme, :id, :merchant, :store, :label, :secret, :created_at)
""")


async def insert_terminal(tx: Tx, programme: ProgrammeId, terminal: Terminal) -> None:
    """Add a terminal."""
    await tx.execute(
        _INSERT,
        {
            "programme": programme,
            "id": terminal.id,
            "merchant": terminal.merchant,
            "store": terminal.store,
            "label": terminal.label,
            "secret": terminal.secret,
            "created_at": terminal.created_at,
        },
    )


_ROTATE = text("""
UPDATE terminals SET previous_secret = secret, previous_valid_until = :valid_until, secret = :secret
WHERE programme_id = :programme AND id = :id
""")


async def update_secret(
    tx: Tx, programme: ProgrammeId, terminal: TerminalId, secret: bytes, valid_until: datetime
) -> None:
    """Set a new secret; the old one stays valid for a while."""
    values = {"programme": programme, "id": terminal, "secret": secret, "valid_until": valid_until}
    await tx.execute(_ROTATE, values)


_DISABLE = text("""
UPDATE terminals SET disabled_at = coalesce(disabled_at, :at) WHERE programme_id = :programme AND id = :id
""")


async def disable(tx: Tx, programme: ProgrammeId, terminal: TerminalId, at: datetime) -> None:
    """Disable a terminal for good."""
    await tx.execute(_DISABLE, {"programme": programme, "id": terminal, "at": at})


_DISABLE_ALL = text("""
UPDATE terminals SET disabled_at = :at WHERE programme_id = :programme AND store_id = :store AND disabled_at IS NULL
""")


async def disable_terminals_of(tx: Tx, programme: ProgrammeId, store: StoreId, at: datetime) -> None:
    """Disable all terminals of a store for good."""
    await tx.execute(_DISABLE_ALL, {"programme": programme, "store": store, "at": at})


_SEEN = text("""
WITH seen AS (
    SELECT t.id, s.at FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[])) AS s (id, at)
    JOIN terminals t ON t.programme_id = :programme AND t.id = s.id
    FOR NO KEY UPDATE OF t SKIP LOCKED
)
UPDATE terminals t SET last_seen_at = greatest(t.last_seen_at, seen.at)
FROM seen WHERE t.programme_id = :programme AND t.id = seen.id
""")


async def update_last_seen(tx: Tx, programme: ProgrammeId, seen: Mapping[TerminalId, datetime]) -> None:
    """Note when terminals were last seen, in one statement.

    A row that someone else is writing is left for the next time: two processes that saw the same tills never wait
    for each other.
    """
    values = {"programme": programme, "ids": list(seen), "moments": list(seen.values())}
    await tx.execute(_SEEN, values)
