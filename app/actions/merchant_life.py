"""The life of a merchant: it applies, is approved under an agreement or rejected, may be suspended, and ends.

What then happens to its open vouchers: suspended, they cannot be used, may be cancelled and expire as usual; ended,
a job cancels them and gives points, stock and money back (`app/jobs/merchants.py`).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from app.actions.agreements import add_agreement
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import MerchantId, ProgrammeId, UserId
from app.store.agreements import Agreement
from app.store.database import Tx
from app.store.merchants import (
    Merchant,
    MerchantStatus,
    insert_merchant,
    lock_merchant,
    update_merchant_status,
)
from app.store.regions import is_region
from app.store.same_person import fetch_own_accounts


class Step(StrEnum):
    """What can be done to a merchant as a whole."""

    APPROVE = "approve"
    REJECT = "reject"
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"


_STEPS = {
    (MerchantStatus.APPLIED, Step.APPROVE): MerchantStatus.ACTIVE,
    (MerchantStatus.APPLIED, Step.REJECT): MerchantStatus.REJECTED,
    (MerchantStatus.ACTIVE, Step.SUSPEND): MerchantStatus.SUSPENDED,
    (MerchantStatus.SUSPENDED, Step.RESUME): MerchantStatus.ACTIVE,
    (MerchantStatus.ACTIVE, Step.END): MerchantStatus.ENDED,
    (MerchantStatus.SUSPENDED, Step.END): MerchantStatus.ENDED,
}
STEPS: Mapping[tuple[MerchantStatus, Step], MerchantStatus] = MappingProxyType(_STEPS)
"""Every step there is. What is not here is a conflict: who was rejected or has ended applies anew."""

_REVIEWS = frozenset((Step.APPROVE, Step.REJECT))


async def apply_for_merchant(tx: Tx, programme: ProgrammeId, merchant: Merchant) -> Merchant | Rejected:
    """Enter an application. The edge has checked the credit code; one code, one merchant that is alive."""
    if not await is_region(tx, programme, merchant.region_code):
        return Rejected(Code.NOT_FOUND, {"region_code": merchant.region_code})
    return merchant if await insert_merchant(tx, programme, merchant) else Rejected(Code.ALREADY_EXISTS)


async def take_step(
    tx: Tx,
    programme: ProgrammeId,
    merchant: MerchantId,
    step: Step,
    by: UserId,
    *,
    reason: str = "",
    agreement: Agreement | None = None,
) -> Edited[Merchant] | Rejected:
    """Take a step, if the table has it. Nobody reviews an application that they entered themselves.

    With an agreement, both or neither are done.
    """
    found = await lock_merchant(tx, programme, merchant)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    status = STEPS.get((found.status, step))
    if status is None:
        return Rejected(Code.STATE_CONFLICT, {"state": found.status.value})
    if step in _REVIEWS and found.applied_by in await fetch_own_accounts(tx, programme, by):
        return Rejected(Code.SELF_REVIEW)
    if agreement:
        added = await add_agreement(tx, programme, agreement)
        if isinstance(added, Rejected):
            return added
    return Edited(found, await update_merchant_status(tx, programme, merchant, status, reason, by))
