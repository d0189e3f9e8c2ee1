"""The register of consent texts (告知书): what the mini-program shows, written by one person, published by another."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.actions.consent_texts import draft_consent_text, publish_consent_text
from app.actions.running import Done
from app.api.access import PUBLIC, Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import JsonBody, Received, json_answer
from app.api.consent_text_fields import (
    ConsentTextAnswer,
    ConsentTextDraftAnswer,
    ConsentTextDraftPage,
    ConsentTextDraftRequest,
    ConsentTextList,
    render_draft,
    render_text,
)
from app.api.log_ins import ProgrammeCode
from app.api.operations import IdempotencyKey, reads, refusals, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves
from app.core.codes import Code, Rejected
from app.core.consent_texts import ConsentDraft, ConsentText, text_in_force
from app.core.consents import Purpose
from app.core.ids import ConsentTextId, ProgrammeId, UserId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.consent_texts import fetch_drafts, fetch_texts
from app.store.database import Tx

router = APIRouter(prefix="/v1", tags=["Personal data"])

Reads = Annotated[Actor, Depends(Requires(Scope.CONSENTS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.CONSENTS_WRITE))]
_MAX_AGE_S = 300


@router.get(
    "/consent-texts",
    operation_id="listConsentTexts",
    summary="The texts that people are asked to agree to (告知书)",
    response_model=ConsentTextList,
    responses=refusals((Code.PARAM_ERROR,)),
    openapi_extra={"x-access": PUBLIC},
)
async def list_consent_texts(
    services: Serves,
    programme: Annotated[ProgrammeCode, Query(description="Code of the programme")],
    purpose: Annotated[Purpose | None, Query(description="Only of this purpose")] = None,
) -> Response:
    """In force and announced; may be kept for five minutes. Empty for a programme that is not here."""
    at = services.clock()
    async with services.database.read() as reader:
        texts = await fetch_texts(reader, ProgrammeId(programme), purpose)
    told = []
    for each in Purpose:
        of_purpose = [text for text in texts if text.words.purpose is each]
        current = text_in_force(of_purpose, at)
        told += [render_text(text, current, at) for text in of_purpose if text == current or text.in_force_at > at]
    content = ConsentTextList(texts=told).model_dump_json()
    return json_answer(content, Cache_Control=f"public, max-age={_MAX_AGE_S}")


@router.get(
    "/consent-texts/{purpose}/{version}",
    operation_id="getConsentText",
    summary="One version of a text, as long as anybody has agreed to it (告知书版本)",
    response_model=ConsentTextAnswer,
    responses=refusals((Code.PARAM_ERROR, Code.NOT_FOUND)),
    openapi_extra={"x-access": PUBLIC},
)
async def get_consent_text(
    services: Serves,
    purpose: Purpose,
    version: str,
    programme: Annotated[ProgrammeCode, Query(description="Code of the programme")],
) -> Response:
    """Those that others took the place of too: a consent's `text_hash` is the `sha256` here."""
    at = services.clock()
    async with services.database.read() as reader:
        texts = await fetch_texts(reader, ProgrammeId(programme), purpose)
    found = next((text for text in texts if text.words.version == version), None)
    if found is None:
        raise Problem(Code.NOT_FOUND)
    told = render_text(found, text_in_force(texts, at), at)
    return json_answer(told.model_dump_json(), Cache_Control=f"public, max-age={_MAX_AGE_S}")


@router.post(
    "/consent-text-drafts",
    operation_id="draftConsentText",
    summary="Write a version of a text (起草告知书)",
    status_code=201,
    response_model=ConsentTextDraftAnswer,
    responses=writes(Code.ALREADY_EXISTS),
)
async def post_draft(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[ConsentTextDraftRequest], Depends(JsonBody(ConsentTextDraftRequest))],
    key: IdempotencyKey,
) -> Response:
    """Nobody is asked to agree to it before somebody else has published it. To change it, write it anew."""
    body, ticket = received.body, ticket_of(services, actor, key, received.hash)

    async def draft(tx: Tx) -> ConsentDraft | Rejected:
        return await draft_consent_text(
            tx,
            actor.programme,
            body.to_words(),
            effective_from=body.effective_from,
            ask_again=body.ask_again,
            by=UserId(actor.subject),
            at=ticket.at,
        )

    return await act(services, ticket, draft, _note_draft, 201)


def _note_draft(made: ConsentDraft) -> Done:
    told = render_draft(made)
    changes = told.model_dump(mode="json", include={"purpose", "version", "sha256", "effective_from", "ask_again"})
    return note(told, "consent-text.draft", told.id, changes)


@router.get(
    "/consent-text-drafts",
    operation_id="listConsentTextDrafts",
    summary="Texts that wait for a second person (待发布告知书)",
    response_model=ConsentTextDraftPage,
    responses=reads(),
)
async def list_drafts(
    request: Request, response: Response, services: Serves, actor: Reads, limit: Limit = PAGE, after: After = None
) -> ConsentTextDraftPage:
    """Those whose version is not published."""
    begin = ConsentTextId(id_after("ctd", after))
    async with services.database.read() as reader:
        found = await fetch_drafts(reader, actor.programme, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("ctd", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return ConsentTextDraftPage(drafts=[render_draft(draft) for draft in page], next=cursor)


@router.post(
    "/consent-text-drafts/{draft_id}/publish",
    operation_id="publishConsentText",
    summary="Publish a text that somebody else wrote (发布告知书)",
    status_code=201,
    response_model=ConsentTextAnswer,
    responses=writes(Code.NOT_FOUND, Code.SELF_REVIEW, Code.ALREADY_EXISTS),
)
async def post_publish(services: Serves, actor: Writes, key: IdempotencyKey, draft_id: str) -> Response:
    """For good: from its day on consents name this version, and with `ask_again` those from before hold no more."""
    value = parse_id("ctd", draft_id)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    draft = ConsentTextId(value)
    ticket = ticket_of(services, actor, key, b"publish" + draft.bytes)

    async def publish(tx: Tx) -> ConsentText | Rejected:
        return await publish_consent_text(tx, actor.programme, draft, UserId(actor.subject), ticket.at)

    def describe(published: ConsentText) -> Done:
        begun = published if published.in_force_at <= ticket.at else None
        told = render_text(published, begun, ticket.at)
        changes = told.model_dump(mode="json", include={"purpose", "version", "sha256", "in_force_at", "ask_again"})
        return note(told, "consent-text.publish", draft_id, changes)

    return await act(services, ticket, publish, describe, 201)
