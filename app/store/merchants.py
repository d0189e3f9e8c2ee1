"""Merchants and their stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text

from app.core.ids import MerchantId, ProgrammeId, StoreId, UserId
from app.store.database import Reader, Tx


class MerchantStatus(StrEnum):
    """Where a merchant stands. Only the tills of an active one may take points."""

    APPLIED = "applied"
    REJECTED = "rejected"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """A partner merchant. `revision` counts its edits."""

    id: MerchantId
    name: str
    credit_code: str
    status: MerchantStatus
    region_code: str
    revision: int
    created_at: datetime
    status_reason: str = ""
    applied_by: UserId | None = None
    decided_by: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A shop of a merchant. `revision` counts its edits; a closed one takes no terminals any more."""

    id: StoreId
    merchant: MerchantId
    name: str
    region_code: str
    created_at: datetime
    revision: int = 1
    closed_at: datetime | None = None


_MERCHANT_COLUMNS = """id, name, credit_code, status, region_code, revision, created_at, status_reason, applied_by,
       decided_by"""
_MERCHANT = f"SELECT {_MERCHANT_COLUMNS} FROM merchants"
_STORE_COLUMNS = "id, merchant_id AS merchant, name, region_code, created_at, revision, closed_at"
_STORE = f"SELECT {_STORE_COLUMNS} FROM stores"

_FETCH_MERCHANT = text(f"{_MERCHANT} WHERE programme_id = :programme AND id = :id")


async def fetch_merchant(reader: Reader | Tx, programme: ProgrammeId, merchant: MerchantId) -> Merchant | None:
    """One merchant."""
    row = (await reader.execute(_FETCH_MERCHANT, {"programme": programme, "id": merchant})).mappings().one_or_none()
    return _merchant(dict(row)) if row else None


def _merchant(row: dict[str, object]) -> Merchant:
    return Merchant(**{**row, "status": MerchantStatus(str(row["status"]))})  # type: ignore[arg-type]  # a record


_LOCK_MERCHANT = text(f"{_MERCHANT} WHERE programme_id = :programme AND id = :id FOR NO KEY UPDATE")


async def lock_merchant(tx: Tx, programme: ProgrammeId, merchant: MerchantId) -> Merchant | None:
    """One merchant: its status, agreements, stores' names and managers change for nobody else until `tx` ends."""
    row = (await tx.execute(_LOCK_MERCHANT, {"programme": programme, "id": merchant})).mappings().one_or_none()
    return _merchant(dict(row)) if row else None


_LIST_MERCHANTS = text(f"""
{_MERCHANT} WHERE programme_id = :programme AND id > :after AND (CAST(:status AS text) IS NULL OR status = :status)
ORDER BY id LIMIT :limit
""")


async def fetch_merchants(
    reader: Reader, programme: ProgrammeId, after: MerchantId, limit: int, status: MerchantStatus | None
) -> Sequence[Merchant]:
    """The merchants after a given one, all or those of a status, in the order of their making."""
    values = {"programme": programme, "after": after, "limit": limit, "status": status.value if status else None}
    rows = await reader.execute(_LIST_MERCHANTS, values)
    return [_merchant(dict(row)) for row in rows.mappings()]


_INSERT_MERCHANT = text("""
INSERT INTO merchants (programme_id, id, name, credit_code, status, region_code, created_at, applied_by)
VALUES (:programme, :id, :name, :credit_code, :status, :region_code, :created_at, :applied_by)
ON CONFLICT (programme_id, credit_code) WHERE status NOT IN ('rejected', 'ended') DO NOTHING
RETURNING id
""")


async def insert_merchant(tx: Tx, programme: ProgrammeId, merchant: Merchant) -> bool:
    """Add a merchant; False when another that is neither rejected nor ended has its credit code."""
    found = await tx.execute(
        _INSERT_MERCHANT,
        {
            "programme": programme,
            "id": merchant.id,
            "name": merchant.name,
            "credit_code": merchant.credit_code,
            "status": merchant.status.value,
            "region_code": merchant.region_code,
            "created_at": merchant.created_at,
            "applied_by": merchant.applied_by,
        },
    )
    return found.one_or_none() is not None


_SET_STATUS = text(f"""
UPDATE merchants SET status = :status, status_reason = :reason, decided_by = :decided_by, revision = revision + 1
WHERE programme_id = :programme AND id = :id
RETURNING {_MERCHANT_COLUMNS}
""")


async def update_merchant_status(
    tx: Tx, programme: ProgrammeId, merchant: MerchantId, status: MerchantStatus, reason: str, decided_by: UserId
) -> Merchant:
    """Put a merchant, which the caller has locked, into another status."""
    values = {
        "programme": programme,
        "id": merchant,
        "status": status.value,
        "reason": reason,
        "decided_by": decided_by,
    }
    return _merchant(dict((await tx.execute(_SET_STATUS, values)).mappings().one()))


_FETCH_STORE = text(f"{_STORE} WHERE programme_id = :programme AND id = :id")


async def fetch_store(reader: Reader | Tx, programme: ProgrammeId, store: StoreId) -> Store | None:
    """One store."""
    row = (await reader.execute(_FETCH_STORE, {"programme": programme, "id": store})).mappings().one_or_none()
    return Store(**row) if row else None


_SHARE_STORE = text(f"{_STORE} WHERE programme_id = :programme AND id = :id FOR SHARE")


async def share_store(tx: Tx, programme: ProgrammeId, store: StoreId) -> Store | None:
    """One store, which nobody closes or edits until `tx` ends."""
    row = (await tx.execute(_SHARE_STORE, {"programme": programme, "id": store})).mappings().one_or_none()
    return Store(**row) if row else None


_LIST_STORES = text(f"""
{_STORE} WHERE programme_id = :programme AND merchant_id = :merchant AND id > :after ORDER BY id LIMIT :limit
""")


async def fetch_stores(
    reader: Reader, programme: ProgrammeId, merchant: MerchantId, after: StoreId, limit: int
) -> Sequence[Store]:
    """A merchant's stores after a given one, in the order of their making."""
    values = {"programme": programme, "merchant": merchant, "after": after, "limit": limit}
    return [Store(**row) for row in (await reader.execute(_LIST_STORES, values)).mappings()]


_INSERT_STORE = text("""
INSERT INTO stores (programme_id, id, merchant_id, name, region_code, created_at)
VALUES (:programme, :id, :merchant, :name, :region_code, :created_at)
ON CONFLICT (programme_id, merchant_id, name) DO NOTHING
RETURNING id
""")


async def insert_store(tx: Tx, programme: ProgrammeId, store: Store) -> bool:
    """Add a store; False when the merchant has one of that name."""
    found = await tx.execute(
        _INSERT_STORE,
        {
            "programme": programme,
            "id": store.id,
            "merchant": store.merchant,
            "name": store.name,
            "region_code": store.region_code,
            "created_at": store.created_at,
        },
    )
    return found.one_or_none() is not None


_NAME_TAKEN = text("""
SELECT true FROM stores WHERE programme_id = :programme AND merchant_id = :merchant AND name = :name AND id <> :id
""")


async def is_store_name_taken(tx: Tx, programme: ProgrammeId, store: Store, name: str) -> bool:
    """Whether another store of the same merchant has this name."""
    values = {"programme": programme, "merchant": store.merchant, "name": name, "id": store.id}
    return bool(await tx.scalar(_NAME_TAKEN, values))


_UPDATE_STORE = text(f"""
UPDATE stores SET name = :name, region_code = :region_code, closed_at = :closed_at, revision = revision + 1
WHERE programme_id = :programme AND id = :id
RETURNING {_STORE_COLUMNS}
""")


async def update_store(tx: Tx, programme: ProgrammeId, store: Store) -> Store:
    """Write a store's name, region and end; the caller has locked its merchant. Gives it with its new revision."""
    values = {
        "programme": programme,
        "id": store.id,
        "name": store.name,
        "region_code": store.region_code,
        "closed_at": store.closed_at,
    }
    return Store(**(await tx.execute(_UPDATE_STORE, values)).mappings().one())
