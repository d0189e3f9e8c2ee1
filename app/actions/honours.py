"""Honours: entering them, verifying what lesser bodies gave, and withdrawing with a reason."""

from dataclasses import replace
from datetime import datetime

from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.honours import Honour, HonourStep, move, refuse_place, state_on_entry
from app.core.ids import HonourId, ProgrammeId, UserId
from app.security.actors import Actor
from app.security.words import Place
from app.store.database import Tx
from app.store.honours import (
    HonourStanding,
    HonourView,
    fetch_edition,
    fetch_honour,
    insert_honour,
    insert_standing,
    lock_honours,
)
from app.store.regions import is_region
from app.store.same_person import fetch_own_accounts
from app.store.teams import fetch_team
from app.store.volunteers import fetch_volunteer
from app.store.words import seal_words


async def _is_known(tx: Tx, programme: ProgrammeId, honour: Honour) -> bool:
    if honour.volunteer:
        return await fetch_volunteer(tx, programme, honour.volunteer) is not None
    if honour.team:
        return await fetch_team(tx, programme, honour.team) is not None
    return honour.region is not None and await is_region(tx, programme, honour.region)


async def enter_honour(
    tx: Tx, programme: ProgrammeId, honour: Honour, enterer: UserId, at: datetime
) -> HonourView | Rejected:
    """Enter an honour of somebody that the programme knows; in the four tens while there is a place."""
    if not honour.is_sound:
        return Rejected(Code.PARAM_ERROR, {"kind": honour.kind.value})
    if not await _is_known(tx, programme, honour):
        return Rejected(Code.NOT_FOUND)
    if honour.edition is not None:
        await lock_honours(tx, programme)
        standing = await fetch_edition(tx, programme, honour.edition, honour.kind)
        subject = (honour.volunteer, honour.team, honour.region)
        if subject in [(other.volunteer, other.team, other.region) for other in standing]:
            return Rejected(Code.ALREADY_EXISTS)
        if refusal := refuse_place(len(standing)):
            return refusal
    first = HonourStanding(number=1, state=state_on_entry(honour.level), reason="entered", user=enterer, at=at)
    await insert_honour(tx, programme, honour)
    await insert_standing(tx, programme, honour.id, first)
    return HonourView(honour, enterer, first)


async def move_honour(
    tx: Tx, actor: Actor, honour: HonourId, step: HonourStep, reason: str, at: datetime
) -> Edited[HonourView] | Rejected:
    """Verify or withdraw an honour. Why a person's was withdrawn is sealed with their key."""
    await lock_honours(tx, actor.programme)
    view = await fetch_honour(tx, actor.programme, honour)
    if view is None:
        return Rejected(Code.NOT_FOUND)
    user = UserId(actor.subject)
    after = move(view.honour, view.standing.state, step, enterer=view.enterer, user=user, user_is=actor.volunteer)
    if isinstance(after, Rejected):
        return after
    if step is HonourStep.VERIFY and view.enterer in await fetch_own_accounts(tx, actor.programme, user):
        return Rejected(Code.SELF_REVIEW)
    if step is HonourStep.WITHDRAW and view.honour.volunteer:
        place = Place.HONOUR_REASON
        reason = await seal_words(tx, actor.programme, view.honour.volunteer, place, honour.hex, reason, at)
    standing = HonourStanding(number=view.standing.number + 1, state=after, reason=reason, user=user, at=at)
    await insert_standing(tx, actor.programme, honour, standing)
    return Edited(view, replace(view, standing=standing))
