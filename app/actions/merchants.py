"""Merchants and stores: registering them, suspending and resuming."""

from app.core.codes import Code, Rejected
from app.core.ids import MerchantId, ProgrammeId
from app.store.database import Tx
from app.store.merchants import (
    Merchant,
    MerchantStatus,
    Store,
    fetch_merchant,
    insert_merchant,
    insert_store,
    update_merchant_status,
)
from app.store.regions import is_region


async def register_merchant(tx: Tx, programme: ProgrammeId, merchant: Merchant) -> Merchant | Rejected:
    """Register a merchant. The edge has checked its credit code; one code, one merchant."""
    if not await is_region(tx, programme, merchant.region_code):
        return Rejected(Code.NOT_FOUND, {"region_code": merchant.region_code})
    return merchant if await insert_merchant(tx, programme, merchant) else Rejected(Code.ALREADY_EXISTS)


async def set_merchant_status(
    tx: Tx, programme: ProgrammeId, merchant: MerchantId, status: MerchantStatus
) -> Merchant | Rejected:
    """Suspend a merchant's tills, or let them take points again. Doing it twice changes nothing."""
    await update_merchant_status(tx, programme, merchant, status)
    return await fetch_merchant(tx, programme, merchant) or Rejected(Code.NOT_FOUND)


async def open_store(tx: Tx, programme: ProgrammeId, store: Store) -> Store | Rejected:
    """Add a store to a merchant."""
    if await fetch_merchant(tx, programme, store.merchant) is None:
        return Rejected(Code.NOT_FOUND)
    if not await is_region(tx, programme, store.region_code):
        return Rejected(Code.NOT_FOUND, {"region_code": store.region_code})
    return store if await insert_store(tx, programme, store) else Rejected(Code.ALREADY_EXISTS)
