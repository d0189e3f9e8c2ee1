"""Policies on their way: drafted, revised, reviewed by somebody who wrote none of it, published, or discarded."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from app.core.audit_trail import Edited
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, UserId
from app.core.policies import AccrualPolicy
from app.store.accrual_policies import Publication, insert_policy
from app.store.database import Tx
from app.store.policy_drafts import (
    DraftState,
    PolicyDraft,
    fetch_priced_day,
    insert_draft,
    lock_draft,
    update_draft,
)
from app.store.programmes import fetch_zone
from app.store.regions import is_region
from app.store.same_person import fetch_own_accounts

_OPEN = frozenset((DraftState.DRAFT, DraftState.REVIEWED))


class PolicyStep(StrEnum):
    """What can be done to a draft by whoever did not write it (a discard: by anybody who may review)."""

    REVIEW = "review"
    PUBLISH = "publish"
    DISCARD = "discard"


async def _refuse_regions(tx: Tx, programme: ProgrammeId, policy: AccrualPolicy) -> Rejected | None:
    for overlay in policy.overlays:
        if not await is_region(tx, programme, overlay.region_code):
            return Rejected(Code.NOT_FOUND, {"region_code": overlay.region_code})
    return None


async def draft_policy(
    tx: Tx, programme: ProgrammeId, policy: AccrualPolicy, author: UserId, at: datetime
) -> PolicyDraft | Rejected:
    """Begin a version. A name that was ever used is refused."""
    if refusal := await _refuse_regions(tx, programme, policy):
        return refusal
    draft = PolicyDraft(
        policy=policy, state=DraftState.DRAFT, revision=1, authors=(author,), created_at=at, changed_at=at
    )
    return draft if await insert_draft(tx, programme, draft) else Rejected(Code.ALREADY_EXISTS)


async def revise_policy(
    tx: Tx, programme: ProgrammeId, policy: AccrualPolicy, revision: int, author: UserId, at: datetime
) -> Edited[PolicyDraft] | Rejected:
    """Write a draft anew. It has to be reviewed again, by somebody who wrote none of its revisions."""
    found = await _open_draft(tx, programme, policy.version, revision)
    if isinstance(found, Rejected):
        return found
    if refusal := await _refuse_regions(tx, programme, policy):
        return refusal
    revised = replace(
        found,
        policy=policy,
        state=DraftState.DRAFT,
        authors=tuple(dict.fromkeys((*found.authors, author))),
        changed_at=at,
        reviewed_by=None,
    )
    await _write(tx, programme, revised)
    written = await lock_draft(tx, programme, policy.version)
    return Edited(found, written) if written else Rejected(Code.NOT_FOUND)


async def move_policy(
    tx: Tx, programme: ProgrammeId, version: str, revision: int, step: PolicyStep, by: UserId, at: datetime
) -> Edited[PolicyDraft] | Rejected:
    """Take one step with a draft, as it was in this revision."""
    found = await _open_draft(tx, programme, version, revision)
    if isinstance(found, Rejected):
        return found
    match step:
        case PolicyStep.DISCARD:
            moved = replace(found, state=DraftState.DISCARDED, changed_at=at, reviewed_by=None)
        case PolicyStep.REVIEW if found.state is not DraftState.DRAFT:
            return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
        case PolicyStep.REVIEW if not (await fetch_own_accounts(tx, programme, by)).isdisjoint(found.authors):
            return Rejected(Code.SELF_REVIEW)
        case PolicyStep.REVIEW:
            moved = replace(found, state=DraftState.REVIEWED, changed_at=at, reviewed_by=by)
        case PolicyStep.PUBLISH:
            if refusal := await _publish(tx, programme, found, by, at):
                return refusal
            moved = replace(found, state=DraftState.PUBLISHED, changed_at=at)
        case unreachable:
            assert_never(unreachable)
    return Edited(found, await _write(tx, programme, moved))


async def _open_draft(tx: Tx, programme: ProgrammeId, version: str, revision: int) -> PolicyDraft | Rejected:
    found = await lock_draft(tx, programme, version)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.state not in _OPEN:
        return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
    return found if found.revision == revision else Rejected(Code.EDIT_CONFLICT)


async def _write(tx: Tx, programme: ProgrammeId, draft: PolicyDraft) -> PolicyDraft:
    changed = replace(draft, revision=draft.revision + 1)
    await update_draft(tx, programme, changed)
    return changed


async def _publish(tx: Tx, programme: ProgrammeId, draft: PolicyDraft, by: UserId, at: datetime) -> Rejected | None:
    """Append the version, once a back-test of it has been kept.

    What has been priced stays explained: it may not begin on or before such a day.
    """
    if draft.state is not DraftState.REVIEWED:
        return Rejected(Code.STATE_CONFLICT, {"state": draft.state.value})
    if draft.back_test is None:
        return Rejected(Code.BACK_TEST_MISSING, {"version": draft.policy.version})
    begins = draft.policy.effective_from
    if begins <= business_day(at, await fetch_zone(tx, programme)):
        priced = await fetch_priced_day(tx, programme, begins)
        if priced:
            return Rejected(Code.STATE_CONFLICT, {"state": "priced", "priced_on": priced.isoformat()})
    publication = Publication(
        created_by=draft.authors[-1], created_at=at, reviewed_by=draft.reviewed_by, published_by=by
    )
    if not await insert_policy(tx, programme, draft.policy, publication):
        return Rejected(Code.ALREADY_EXISTS)
    return None
