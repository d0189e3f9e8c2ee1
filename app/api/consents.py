"""The consent ledger (同意台账): one's own, and what was said elsewhere and is entered for a volunteer."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.actions.consents import give_consent, withdraw_consent
from app.actions.running import Done
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import JsonBody, Received
from app.api.consent_fields import (
    ConsentAnswer,
    ConsentPage,
    ConsentRequest,
    OwnConsentRequest,
    OwnWithdrawal,
    Withdrawal,
    render_consent,
)
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves, Services
from app.api.volunteers import volunteer_named
from app.core.audit_trail import Edited, changed
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.consents import Channel, ConsentRow, GivenBy, Purpose
from app.core.ids import ConsentId, VolunteerId, format_id
from app.core.quantities import BrokenInvariant
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.consents import fetch_consent_page
from app.store.database import Tx
from app.store.programmes import fetch_zone
from app.store.volunteers import fetch_volunteer

router = APIRouter(prefix="/v1", tags=["Personal data"])

Own = Annotated[Actor, Depends(Requires(Scope.ME_DATA))]
Reads = Annotated[Actor, Depends(Requires(Scope.CONSENTS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.CONSENTS_WRITE))]


_NOTED = {"step", "version", "text_hash", "channel", "given_by"}


def _speaker(actor: Actor) -> GivenBy:
    return GivenBy.GUARDIAN if actor.acting else GivenBy.SELF


async def _today(services: Services, actor: Actor) -> date:
    async with services.database.read() as reader:
        return business_day(services.clock(), await fetch_zone(reader, actor.programme))


async def _give(
    services: Services,
    actor: Actor,
    key: str,
    body_hash: bytes,
    volunteer: VolunteerId,
    purpose: Purpose,
    version: str,
    channel: Channel,
    given_by: GivenBy,
) -> Response:
    ticket = ticket_of(services, actor, key, body_hash + b"give" + volunteer.bytes)
    today = await _today(services, actor)

    async def give(tx: Tx) -> Edited[ConsentRow | None] | Rejected:
        return await give_consent(
            tx,
            actor.programme,
            volunteer,
            purpose=purpose,
            version=version,
            channel=channel,
            given_by=given_by,
            actor=actor.hand,
            today=today,
            at=ticket.at,
        )

    subject = format_id("vol", volunteer)
    return await act(services, ticket, give, lambda edited: _note_step(edited, "consent.give", subject), 201)


def _note_step(edited: Edited[ConsentRow | None], action: str, subject: str) -> Done:
    """What was said of a purpose before, and what is said now."""
    row = edited.after
    if row is None:
        raise BrokenInvariant(f"{action} of {subject} left nothing")
    differs = changed(_said(edited.before), _said(row))
    return note(render_consent(row), action, subject, {"purpose": row.purpose.value, **differs})


def _said(row: ConsentRow | None) -> dict[str, object]:
    """The step that says where a purpose stands; before the first one nothing was said."""
    return render_consent(row).model_dump(mode="json", include=_NOTED) if row else dict.fromkeys(_NOTED)


async def _withdraw(
    services: Services,
    actor: Actor,
    key: str,
    body_hash: bytes,
    volunteer: VolunteerId,
    purpose: Purpose,
    channel: Channel,
    given_by: GivenBy,
) -> Response:
    ticket = ticket_of(services, actor, key, body_hash + b"withdraw" + volunteer.bytes)

    async def withdraw(tx: Tx) -> Edited[ConsentRow | None] | Rejected:
        return await withdraw_consent(
            tx,
            actor.programme,
            volunteer,
            purpose=purpose,
            channel=channel,
            given_by=given_by,
            actor=actor.hand,
            at=ticket.at,
        )

    subject = format_id("vol", volunteer)
    return await act(services, ticket, withdraw, lambda edited: _note_step(edited, "consent.withdraw", subject), 201)


async def _page(
    request: Request,
    response: Response,
    services: Services,
    actor: Actor,
    volunteer: VolunteerId,
    limit: int,
    after: str | None,
) -> ConsentPage:
    begin = ConsentId(id_after("cns", after))
    async with services.database.read() as reader:
        found = await fetch_consent_page(reader, actor.programme, volunteer, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("cns", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return ConsentPage(consents=[render_consent(row) for row in page], next=cursor)


@router.get(
    "/me/consents",
    operation_id="listOwnConsents",
    summary="What one has agreed to (我的授权)",
    response_model=ConsentPage,
    responses=reads(),
)
async def list_own_consents(
    request: Request, response: Response, services: Serves, actor: Own, limit: Limit = PAGE, after: After = None
) -> ConsentPage:
    """Every step since the beginning: given and withdrawn."""
    return await _page(request, response, services, actor, own_id(actor), limit, after)


@router.post(
    "/me/consents",
    operation_id="giveOwnConsent",
    summary="Agree to a purpose (授权同意)",
    status_code=201,
    response_model=ConsentAnswer,
    responses=writes(Code.NOT_FOUND, Code.GUARDIAN_REQUIRED, Code.CONSENT_TEXT_NOT_IN_FORCE),
)
async def post_own_consent(
    services: Serves,
    actor: Own,
    received: Annotated[Received[OwnConsentRequest], Depends(JsonBody(OwnConsentRequest))],
    key: IdempotencyKey,
) -> Response:
    """Each purpose by itself, to the text of a version. Under 14 the guardian gives it."""
    body = received.body
    volunteer, speaker = own_id(actor), _speaker(actor)
    return await _give(
        services, actor, key, received.hash, volunteer, body.purpose, body.version, body.channel, speaker
    )


@router.post(
    "/me/consents/withdraw",
    operation_id="withdrawOwnConsent",
    summary="Take a consent back (撤回同意)",
    status_code=201,
    response_model=ConsentAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def withdraw_own_consent(
    services: Serves,
    actor: Own,
    received: Annotated[Received[OwnWithdrawal], Depends(JsonBody(OwnWithdrawal))],
    key: IdempotencyKey,
) -> Response:
    """From now on. What was done under it stays lawful; what it alone allowed ends."""
    body = received.body
    return await _withdraw(
        services, actor, key, received.hash, own_id(actor), body.purpose, body.channel, _speaker(actor)
    )


@router.get(
    "/volunteers/{volunteer_id}/consents",
    operation_id="listConsents",
    summary="What a volunteer has agreed to (同意台账)",
    response_model=ConsentPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_consents(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    volunteer_id: str,
    limit: Limit = PAGE,
    after: After = None,
) -> ConsentPage:
    """Every step, with who entered it."""
    volunteer = volunteer_named(volunteer_id)
    async with services.database.read() as reader:
        if await fetch_volunteer(reader, actor.programme, volunteer) is None:
            raise Problem(Code.NOT_FOUND)
    return await _page(request, response, services, actor, volunteer, limit, after)


@router.post(
    "/volunteers/{volunteer_id}/consents",
    operation_id="enterConsent",
    summary="Enter a consent that was given elsewhere (登记同意)",
    status_code=201,
    response_model=ConsentAnswer,
    responses=writes(Code.NOT_FOUND, Code.GUARDIAN_REQUIRED, Code.CONSENT_TEXT_NOT_IN_FORCE),
)
async def post_consent(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[ConsentRequest], Depends(JsonBody(ConsentRequest))],
    key: IdempotencyKey,
    volunteer_id: str,
) -> Response:
    """Signed on paper, or by a guardian at the station. Who entered it is kept."""
    body = received.body
    volunteer = volunteer_named(volunteer_id)
    return await _give(
        services, actor, key, received.hash, volunteer, body.purpose, body.version, body.channel, body.given_by
    )


@router.post(
    "/volunteers/{volunteer_id}/consents/withdraw",
    operation_id="enterWithdrawal",
    summary="Enter a withdrawal that was said elsewhere (登记撤回)",
    status_code=201,
    response_model=ConsentAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_withdrawal(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[Withdrawal], Depends(JsonBody(Withdrawal))],
    key: IdempotencyKey,
    volunteer_id: str,
) -> Response:
    """As easily as it was given."""
    body = received.body
    volunteer = volunteer_named(volunteer_id)
    return await _withdraw(services, actor, key, received.hash, volunteer, body.purpose, body.channel, body.given_by)
