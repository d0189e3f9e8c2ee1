"""Merchants and their stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text

from app.core.ids import MerchantId, ProgrammeId, StoreId
from app.store.database import Reader, Tx


class MerchantStatus(StrEnum):
    """Whether the merchant's tills may take points."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A shop of a merchant."""

    id: StoreId
    merchant: MerchantId
    name: str
    region_code: str
    created_at: datetime


_MERCHANT = "SELECT id, name, credit_code, status, region_code, revision, created_at FROM merchants"
_STORE = "SELECT id, merchant_id AS merchant, name, region_code, created_at FROM stores"

_FETCH_MERCHANT = text(f"{_MERCHANT} WHERE programme_id = :programme AND id = :id")


async def fetch_merchant(reader: Reader | Tx, programme: ProgrammeId, merchant: MerchantId) -> Merchant | None:
    """One merchant."""
    row = (await reader.execute(_FETCH_MERCHANT, {"programme": programme, "id": merchant})).mappings().one_or_none()
    return _merchant(dict(row)) if row else None


def _merchant(row: dict[str, object]) -> Merchant:
    return Merchant(**{**row, "status": MerchantStatus(str(row["status"]))})  # type: ignore[arg-type]  # a record


_LIST_MERCHANTS = text(f"{_MERCHANT} WHERE programme_id = :programme AND id > :after ORDER BY id LIMIT :limit")


async def fetch_merchants(reader: Reader, programme: ProgrammeId, after: MerchantId, limit: int) -> Sequence[Merchant]:
    """The merchants after a given one, in the order of their making."""
    rows = await reader.execute(_LIST_MERCHANTS, {"programme": programme, "after": after, "limit": limit})
    return [_merchant(dict(row)) for row in rows.mappings()]


_INSERT_MERCHANT = text("""
INSERT INTO merchants (programme_id, id, name, credit_code, status, region_code, created_at)
VALUES (:programme, :id, :name, :credit_code, :status, :region_code, :created_at)
ON CONFLICT (programme_id, credit_code) DO NOTHING
RETURNING id
""")


async def insert_merchant(tx: Tx, programme: ProgrammeId, merchant: Merchant) -> bool:
    """Add a merchant; False when its credit code is taken."""
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
        },
    )
    return found.one_or_none() is not None


_SET_STATUS = text("""
UPDATE merchants SET status = :status, revision = revision + 1
WHERE programme_id = :programme AND id = :id AND status <> :status
""")


async def update_merchant_status(tx: Tx, programme: ProgrammeId, merchant: MerchantId, status: MerchantStatus) -> None:
    """Suspend or resume a merchant."""
    await tx.execute(_SET_STATUS, {"programme": programme, "id": merchant, "status": status.value})


_FETCH_STORE = text(f"{_STORE} WHERE programme_id = :programme AND id = :id")


async def fetch_store(reader: Reader | Tx, programme: ProgrammeId, store: StoreId) -> Store | None:
    """One store."""
    row = (await reader.execute(_FETCH_STORE, {"programme": programme, "id": store})).mappings().one_or_none()
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
