"""Benefits on their way: drafted, revised, reviewed by somebody who wrote none of it, published, withdrawn."""

from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never

from app.core.audit_trail import Edited
from app.core.benefits.model import Benefit
from app.core.benefits.publishing import obstacles_of
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, UserId
from app.store.benefit_drafts import BenefitDraft, insert_benefit_draft, lock_benefit_draft, update_benefit_draft
from app.store.benefits import (
    PublishedBenefit,
    Withdrawal,
    fetch_version,
    fetch_versions,
    insert_benefit,
    insert_withdrawal,
)
from app.store.database import Tx
from app.store.policy_drafts import DraftState
from app.store.programmes import fetch_zone
from app.store.same_person import fetch_own_accounts

_OPEN = frozenset((DraftState.DRAFT, DraftState.REVIEWED))


class BenefitStep(StrEnum):
    """What can be done to a draft by whoever did not write it (a discard: by anybody who may review)."""

    REVIEW = "review"
    PUBLISH = "publish"
    DISCARD = "discard"


async def draft_benefit(
    tx: Tx, programme: ProgrammeId, benefit: Benefit, author: UserId, at: datetime
) -> BenefitDraft | Rejected:
    """Begin a version. A name that was ever used for this benefit is refused."""
    draft = BenefitDraft(
        benefit=benefit, state=DraftState.DRAFT, revision=1, authors=(author,), created_at=at, changed_at=at
    )
    return draft if await insert_benefit_draft(tx, programme, draft) else Rejected(Code.ALREADY_EXISTS)


async def revise_benefit(
    tx: Tx, programme: ProgrammeId, benefit: Benefit, revision: int, author: UserId, at: datetime
) -> Edited[BenefitDraft] | Rejected:
    """Write a draft anew. It has to be reviewed again, by somebody who wrote none of its revisions."""
    found = await _open_draft(tx, programme, benefit.code, benefit.version, revision)
    if isinstance(found, Rejected):
        return found
    revised = replace(
        found,
        benefit=benefit,
        state=DraftState.DRAFT,
        authors=tuple(dict.fromkeys((*found.authors, author))),
        changed_at=at,
        reviewed_by=None,
    )
    return Edited(found, await _write(tx, programme, revised))


async def move_benefit(
    tx: Tx, programme: ProgrammeId, named: tuple[str, str], revision: int, step: BenefitStep, by: UserId, at: datetime
) -> Edited[BenefitDraft] | Rejected:
    """Take one step with a draft, named by code and version, as it was in this revision."""
    found = await _open_draft(tx, programme, *named, revision)
    if isinstance(found, Rejected):
        return found
    match step:
        case BenefitStep.DISCARD:
            moved: BenefitDraft | Rejected = replace(found, state=DraftState.DISCARDED, changed_at=at, reviewed_by=None)
        case BenefitStep.REVIEW:
            moved = _review(found, by, await fetch_own_accounts(tx, programme, by), at)
        case BenefitStep.PUBLISH:
            moved = await _publish(tx, programme, found, by, at)
        case unreachable:
            assert_never(unreachable)
    return moved if isinstance(moved, Rejected) else Edited(found, await _write(tx, programme, moved))


async def _open_draft(
    tx: Tx, programme: ProgrammeId, code: str, version: str, revision: int
) -> BenefitDraft | Rejected:
    found = await lock_benefit_draft(tx, programme, code, version)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.state not in _OPEN:
        return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
    return found if found.revision == revision else Rejected(Code.EDIT_CONFLICT)


async def _write(tx: Tx, programme: ProgrammeId, draft: BenefitDraft) -> BenefitDraft:
    changed = replace(draft, revision=draft.revision + 1)
    await update_benefit_draft(tx, programme, changed)
    return changed


def _review(draft: BenefitDraft, by: UserId, accounts: frozenset[UserId], at: datetime) -> BenefitDraft | Rejected:
    """What the law does not let a city publish is not reviewed either: nobody is asked to pass it."""
    if draft.state is not DraftState.DRAFT:
        return Rejected(Code.STATE_CONFLICT, {"state": draft.state.value})
    if not accounts.isdisjoint(draft.authors):
        return Rejected(Code.SELF_REVIEW)
    for obstacle in obstacles_of(draft.benefit):
        return obstacle
    return replace(draft, state=DraftState.REVIEWED, changed_at=at, reviewed_by=by)


async def _publish(
    tx: Tx, programme: ProgrammeId, draft: BenefitDraft, by: UserId, at: datetime
) -> BenefitDraft | Rejected:
    """Append the version as it was reviewed. What was judged stays explained: only a first one begins in the past."""
    reviewer = draft.reviewed_by
    if draft.state is not DraftState.REVIEWED or reviewer is None:
        return Rejected(Code.STATE_CONFLICT, {"state": draft.state.value})
    for obstacle in obstacles_of(draft.benefit):
        return obstacle
    benefit = draft.benefit
    today = business_day(at, await fetch_zone(tx, programme))
    before = await fetch_versions(tx, programme, benefit.code)
    if before and benefit.effective_from <= today:
        return Rejected(Code.STATE_CONFLICT, {"state": "begun", "effective_from": benefit.effective_from.isoformat()})
    if any(version.benefit.kind is not benefit.kind for version in before):
        return Rejected(Code.STATE_CONFLICT, {"state": "other_kind", "kind": before[0].benefit.kind.value})
    published = PublishedBenefit(
        benefit=benefit, created_by=draft.authors[-1], reviewed_by=reviewer, published_by=by, published_at=at
    )
    if not await insert_benefit(tx, programme, published):
        return Rejected(Code.ALREADY_EXISTS)
    return replace(draft, state=DraftState.PUBLISHED, changed_at=at)


async def withdraw_benefit(
    tx: Tx, programme: ProgrammeId, named: tuple[str, str], since: date | None, reason: str, by: UserId, at: datetime
) -> Edited[PublishedBenefit] | Rejected:
    """Stop applications under a version, from a day on that is not past (None: today). It is not undone."""
    today = business_day(at, await fetch_zone(tx, programme))
    begins = since or today
    if begins < today:
        return Rejected(Code.PARAM_ERROR, {"withdrawn_from": begins.isoformat()})
    found = await fetch_version(tx, programme, *named)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    withdrawal = Withdrawal(withdrawn_from=begins, reason=reason, by=by, at=at)
    if not await insert_withdrawal(tx, programme, *named, withdrawal):
        return Rejected(Code.STATE_CONFLICT, {"state": "withdrawn"})
    return Edited(found, replace(found, withdrawal=withdrawal))
