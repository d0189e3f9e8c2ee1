"""The catalogue: drafting offers, editing them into new versions, publishing, pausing, ending."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import OfferId, ProgrammeId, UserId
from app.core.offers import OfferState
from app.store.database import Tx
from app.store.funds import fetch_fund
from app.store.merchants import MerchantStatus, fetch_merchant
from app.store.offers import (
    OfferContent,
    OfferView,
    fetch_offer,
    insert_offer,
    insert_offer_version,
    update_offer,
)
from app.store.regions import is_region


class OfferStep(StrEnum):
    """What can be done to an offer's state."""

    PUBLISH = "publish"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"


_STEPS = {
    (OfferState.DRAFT, OfferStep.PUBLISH): OfferState.PUBLISHED,
    (OfferState.DRAFT, OfferStep.END): OfferState.ENDED,
    (OfferState.PUBLISHED, OfferStep.PAUSE): OfferState.PAUSED,
    (OfferState.PUBLISHED, OfferStep.END): OfferState.ENDED,
    (OfferState.PAUSED, OfferStep.RESUME): OfferState.PUBLISHED,
    (OfferState.PAUSED, OfferStep.END): OfferState.ENDED,
}
STEPS: Mapping[tuple[OfferState, OfferStep], OfferState] = MappingProxyType(_STEPS)
"""The life of an offer; what is not listed is refused. An ended offer stays ended."""

_GONE = frozenset((MerchantStatus.REJECTED, MerchantStatus.ENDED))


async def _refuse_content(tx: Tx, programme: ProgrammeId, content: OfferContent) -> Rejected | None:
    for fund in content.fund_ids:
        if await fetch_fund(tx, programme, fund) is None:
            return Rejected(Code.NOT_FOUND, {"fund_id": f"fun_{fund.hex}"})
    for region in content.region_codes:
        if not await is_region(tx, programme, region):
            return Rejected(Code.NOT_FOUND, {"region_code": region})
    return None


async def draft_offer(tx: Tx, programme: ProgrammeId, offer: OfferView) -> OfferView | Rejected:
    """Add an offer as a draft. Funds and regions that it names must exist."""
    merchant = await fetch_merchant(tx, programme, offer.merchant)
    if merchant is None:
        return Rejected(Code.NOT_FOUND)
    if merchant.status in _GONE:
        return Rejected(Code.STATE_CONFLICT, {"state": merchant.status.value})
    if refusal := await _refuse_content(tx, programme, offer.content):
        return refusal
    await insert_offer(tx, programme, offer)
    return replace(offer, merchant_name=merchant.name)


async def revise_offer(
    tx: Tx,
    programme: ProgrammeId,
    offer: OfferId,
    revision: int,
    content: OfferContent,
    editor: UserId,
    at: datetime,
    *,
    pauses: bool,
) -> Edited[OfferView] | Rejected:
    """Append a version, if nobody has changed the offer since `revision`. Orders keep the version they were made under.

    A published offer that the merchant's own staff edit is paused (`pauses`): it is the city that publishes.
    """
    found = await fetch_offer(tx, programme, offer)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.state is OfferState.ENDED:
        return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
    if refusal := await _refuse_content(tx, programme, content):
        return refusal
    if found.revision != revision:
        return Rejected(Code.EDIT_CONFLICT)
    version = found.version + 1
    state = OfferState.PAUSED if pauses and found.state is OfferState.PUBLISHED else found.state
    if not await update_offer(tx, programme, offer, revision, state, version):
        return Rejected(Code.EDIT_CONFLICT)
    revised = replace(
        found, state=state, content=content, version=version, revision=revision + 1, created_by=editor, created_at=at
    )
    await insert_offer_version(tx, programme, revised)
    return Edited(found, revised)


async def move_offer(
    tx: Tx, programme: ProgrammeId, offer: OfferId, step: OfferStep, revision: int | None = None
) -> Edited[OfferView] | Rejected:
    """Publish, pause, resume or end. Only an active merchant's offers are published.

    With a revision only if nobody has changed the offer since: what is published is what was looked at.
    """
    found = await fetch_offer(tx, programme, offer)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if revision not in {None, found.revision}:
        return Rejected(Code.EDIT_CONFLICT)
    state = STEPS.get((found.state, step))
    if state is None:
        return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
    merchant = await fetch_merchant(tx, programme, found.merchant)
    if state is OfferState.PUBLISHED and (merchant is None or merchant.status is not MerchantStatus.ACTIVE):
        return Rejected(Code.MERCHANT_SUSPENDED)
    if not await update_offer(tx, programme, offer, found.revision, state, found.version):
        return Rejected(Code.EDIT_CONFLICT)
    return Edited(found, replace(found, state=state, revision=found.revision + 1))
