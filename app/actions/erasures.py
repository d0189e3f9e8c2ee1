"""Erasing a person: asked for, decided by a second person, done in one transaction, and done again after a restore."""

from dataclasses import replace
from datetime import datetime

from app.core.codes import Code, Rejected
from app.core.erasures import Erasure, ErasureRequest, ErasureState
from app.core.ids import NOBODY, ErasureId, ProgrammeId, UserId, VolunteerId, parse_id
from app.security.words import Place
from app.store.database import Tx
from app.store.erasing import neutralise_volunteer
from app.store.erasures import (
    insert_erasure,
    insert_erasure_request,
    is_erased,
    lock_erasure_request,
    update_erasure_request,
)
from app.store.same_person import fetch_own_accounts
from app.store.vault import delete_person
from app.store.volunteers import lock_volunteer
from app.store.words import seal_words


async def request_erasure(tx: Tx, programme: ProgrammeId, request: ErasureRequest) -> ErasureRequest | Rejected:
    """Ask that somebody be erased. One request at a time."""
    if not await lock_volunteer(tx, programme, request.volunteer):
        return Rejected(Code.NOT_FOUND)
    if await is_erased(tx, programme, request.volunteer):
        return Rejected(Code.DATA_ERASED)
    place, row = Place.ERASURE_REASON, request.id.hex
    reason = await seal_words(tx, programme, request.volunteer, place, row, request.reason, request.requested_at)
    asked = replace(request, reason=reason)
    return asked if await insert_erasure_request(tx, programme, asked) else Rejected(Code.ALREADY_EXISTS)


async def _is_same_person(tx: Tx, programme: ProgrammeId, by: str, requested_by: str) -> bool:
    """Whether a request came from the same person under another account."""
    decider, asker = parse_id("usr", by), parse_id("usr", requested_by)
    return bool(decider and asker) and asker in await fetch_own_accounts(tx, programme, UserId(decider or NOBODY))


async def refuse_erasure(
    tx: Tx,
    programme: ProgrammeId,
    request: ErasureId,
    *,
    by: str,
    own: VolunteerId | None,
    reason: str,
    at: datetime,
) -> ErasureRequest | Rejected:
    """Refuse a request, with the reason in writing (PIPL Art. 50)."""
    found = await lock_erasure_request(tx, programme, request)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if refusal := found.refuse_deciding(by, own):
        return refusal
    if await _is_same_person(tx, programme, by, found.requested_by):
        return Rejected(Code.SELF_REVIEW)
    place, row = Place.ERASURE_DECISION, request.hex
    decision = await seal_words(tx, programme, found.volunteer, place, row, reason, at)
    decided = replace(found, state=ErasureState.REFUSED, decided_by=by, decided_at=at, decision=decision)
    await update_erasure_request(tx, programme, decided)
    return decided


async def approve_erasure(
    tx: Tx, programme: ProgrammeId, request: ErasureId, *, by: str, own: VolunteerId | None, at: datetime
) -> ErasureRequest | Rejected:
    """Erase the person, at once and for good: the key is destroyed with everything that it opened."""
    found = await lock_erasure_request(tx, programme, request)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if refusal := found.refuse_deciding(by, own):
        return refusal
    if await _is_same_person(tx, programme, by, found.requested_by):
        return Rejected(Code.SELF_REVIEW)
    erasure = Erasure(
        volunteer=found.volunteer,
        reason=found.reason,
        requested_by=found.requested_by,
        approved_by=by,
        erased_at=at,
    )
    await erase_person(tx, programme, erasure)
    decided = replace(found, state=ErasureState.ERASED, decided_by=by, decided_at=at)
    await update_erasure_request(tx, programme, decided)
    return decided


async def erase_person(tx: Tx, programme: ProgrammeId, erasure: Erasure) -> bool:
    """Destroy the key and all that re-identifies; False where this database knows no such volunteer. Safe to repeat.

    Why it was asked for were words about the person: they go as well.
    """
    if not await lock_volunteer(tx, programme, erasure.volunteer):
        return False
    await delete_person(tx, programme, erasure.volunteer)
    await neutralise_volunteer(tx, programme, erasure)
    await insert_erasure(tx, programme, replace(erasure, reason=""))
    return True
