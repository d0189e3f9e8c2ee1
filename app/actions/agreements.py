"""Agreements of merchants (the city selects its merchants yearly): signing, renewing in advance, ending early.

Each of these holds the lock on its merchant, so that two agreements never come to cover one day.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

from app.core.audit_trail import Edited
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.ids import AgreementId, MerchantId, ProgrammeId, format_id
from app.store.agreements import (
    Agreement,
    fetch_agreement,
    fetch_agreement_between,
    insert_agreement,
    update_agreement_end,
)
from app.store.database import Tx
from app.store.merchants import MerchantStatus, lock_merchant
from app.store.programmes import fetch_zone

OPEN_NUMBER = "open"
OPEN_END = date(9999, 12, 31)
TRADING = frozenset((MerchantStatus.ACTIVE, MerchantStatus.SUSPENDED))
"""Who has a place in the scheme, whether its tills may take points today or not."""


async def fetch_today(tx: Tx, programme: ProgrammeId, at: datetime) -> date:
    """The programme's business day of a moment."""
    return business_day(at, await fetch_zone(tx, programme))


async def refuse_dates(tx: Tx, programme: ProgrammeId, agreement: Agreement) -> Rejected | None:
    """Why nobody can sign an agreement with these dates now: it is over already, or ends before it starts."""
    today = await fetch_today(tx, programme, agreement.created_at)
    if agreement.ends_on >= max(today, agreement.starts_on):
        return None
    return Rejected(Code.PARAM_ERROR, {"ends_on": agreement.ends_on.isoformat(), "today": today.isoformat()})


async def add_agreement(tx: Tx, programme: ProgrammeId, agreement: Agreement) -> Agreement | Rejected:
    """Add an agreement that shares no day with another of its merchant, which is locked."""
    if refusal := await refuse_dates(tx, programme, agreement):
        return refusal
    other = await fetch_agreement_between(tx, programme, agreement.merchant, agreement.starts_on, agreement.ends_on)
    if other:
        figures = {"starts_on": other.starts_on.isoformat(), "ends_on": other.ends_on.isoformat()}
        return Rejected(Code.OVERLAP, {"agreement": format_id("agr", other.id), **figures})
    if not await insert_agreement(tx, programme, agreement):
        return Rejected(Code.ALREADY_EXISTS, {"number": agreement.number})
    return agreement


async def sign_agreement(tx: Tx, programme: ProgrammeId, agreement: Agreement) -> Agreement | Rejected:
    """Sign a further agreement with a merchant: next year's, or another quota from some day on."""
    merchant = await lock_merchant(tx, programme, agreement.merchant)
    if merchant is None:
        return Rejected(Code.NOT_FOUND)
    if merchant.status not in TRADING:
        return Rejected(Code.STATE_CONFLICT, {"state": merchant.status.value})
    return await add_agreement(tx, programme, agreement)


async def end_agreement(
    tx: Tx, programme: ProgrammeId, merchant: MerchantId, agreement: AgreementId, ends_on: date, at: datetime
) -> Edited[Agreement] | Rejected:
    """Let an agreement end earlier. Yesterday at the earliest, which is at once: what was taken under it, was."""
    if await lock_merchant(tx, programme, merchant) is None:
        return Rejected(Code.NOT_FOUND)
    found = await fetch_agreement(tx, programme, merchant, agreement)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    today = await fetch_today(tx, programme, at)
    if found.ends_on < today:
        return Rejected(Code.STATE_CONFLICT, {"state": "over", "ends_on": found.ends_on.isoformat()})
    earliest = max(found.starts_on, today - timedelta(days=1))
    if not earliest <= ends_on <= found.ends_on:
        return Rejected(Code.PARAM_ERROR, {"earliest": earliest.isoformat(), "latest": found.ends_on.isoformat()})
    await update_agreement_end(tx, programme, agreement, ends_on)
    return Edited(found, replace(found, ends_on=ends_on))
