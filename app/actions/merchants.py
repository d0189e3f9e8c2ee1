"""Merchants and stores: registering merchants at once; opening, changing and closing stores."""

from dataclasses import replace
from datetime import datetime

from uuid_utils.compat import uuid7

from app.actions.agreements import OPEN_END, OPEN_NUMBER, TRADING, fetch_today, refuse_dates
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import AgreementId, ProgrammeId, StoreId
from app.security.actors import Actor
from app.store.agreements import Agreement, insert_agreement
from app.store.database import Tx
from app.store.merchants import (
    Merchant,
    Store,
    fetch_store,
    insert_merchant,
    insert_store,
    is_store_name_taken,
    lock_merchant,
    update_store,
)
from app.store.regions import is_region
from app.store.terminals import disable_terminals_of


async def register_merchant(
    tx: Tx, programme: ProgrammeId, merchant: Merchant, agreement: Agreement | None = None
) -> Merchant | Rejected:
    """Register an active merchant at once, under an agreement: an open one from today when none is given.

    The edge has checked the credit code; one code, one merchant that is alive.
    """
    if not await is_region(tx, programme, merchant.region_code):
        return Rejected(Code.NOT_FOUND, {"region_code": merchant.region_code})
    signed = agreement or await _open_agreement(tx, programme, merchant)
    if refusal := await refuse_dates(tx, programme, signed):
        return refusal
    if not await insert_merchant(tx, programme, merchant):
        return Rejected(Code.ALREADY_EXISTS)
    await insert_agreement(tx, programme, signed)
    return merchant


async def _open_agreement(tx: Tx, programme: ProgrammeId, merchant: Merchant) -> Agreement:
    return Agreement(
        id=AgreementId(uuid7()),
        merchant=merchant.id,
        number=OPEN_NUMBER,
        starts_on=await fetch_today(tx, programme, merchant.created_at),
        ends_on=OPEN_END,
        monthly_points=None,
        signed_by=None,
        created_at=merchant.created_at,
    )


async def open_store(tx: Tx, programme: ProgrammeId, store: Store) -> Store | Rejected:
    """Add a store to a merchant that has a place in the scheme."""
    merchant = await lock_merchant(tx, programme, store.merchant)
    if merchant is None:
        return Rejected(Code.NOT_FOUND)
    if merchant.status not in TRADING:
        return Rejected(Code.STATE_CONFLICT, {"state": merchant.status.value})
    if not await is_region(tx, programme, store.region_code):
        return Rejected(Code.NOT_FOUND, {"region_code": store.region_code})
    return store if await insert_store(tx, programme, store) else Rejected(Code.ALREADY_EXISTS)


async def _lock_store(tx: Tx, actor: Actor, store: StoreId) -> Store | Rejected:
    """A store with its merchant locked, under which all edits of stores stand in line."""
    found = await fetch_store(tx, actor.programme, store)
    if found is None or not actor.sees(found.merchant):
        return Rejected(Code.NOT_FOUND)
    await lock_merchant(tx, actor.programme, found.merchant)
    return await fetch_store(tx, actor.programme, store) or Rejected(Code.NOT_FOUND)


async def change_store(
    tx: Tx, actor: Actor, store: StoreId, revision: int, *, name: str | None, region_code: str | None
) -> Edited[Store] | Rejected:
    """Change a store's name or region, if nobody has since `revision`. None: as it is."""
    found = await _lock_store(tx, actor, store)
    if isinstance(found, Rejected):
        return found
    if found.closed_at:
        return Rejected(Code.STATE_CONFLICT, {"state": "closed"})
    if found.revision != revision:
        return Rejected(Code.EDIT_CONFLICT)
    if region_code is not None and not await is_region(tx, actor.programme, region_code):
        return Rejected(Code.NOT_FOUND, {"region_code": region_code})
    if name is not None and await is_store_name_taken(tx, actor.programme, found, name):
        return Rejected(Code.ALREADY_EXISTS)
    changed = replace(found, name=name or found.name, region_code=region_code or found.region_code)
    return Edited(found, await update_store(tx, actor.programme, changed))


async def close_store(tx: Tx, actor: Actor, store: StoreId, at: datetime) -> Edited[Store] | Rejected:
    """Close a store for good; its terminals are disabled with it. Doing it twice changes nothing."""
    found = await _lock_store(tx, actor, store)
    if isinstance(found, Rejected):
        return found
    if found.closed_at:
        return Edited(found, found)
    closed = await update_store(tx, actor.programme, replace(found, closed_at=at))
    await disable_terminals_of(tx, actor.programme, store, at)
    return Edited(found, closed)
