"""Terminals (收银终端): the tills of a store, and their secrets."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.running import Done
from app.actions.terminals import IssuedSecret, disable_terminal, register_terminal, rotate_secret
from app.api.access import Requires
from app.api.acting import act, note_edit, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import MerchantRef, Name, StoreRef, TerminalRef
from app.api.merchants import merchant_named
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves
from app.api.stores import store_named
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, TerminalId, format_id, format_terminal, parse_terminal
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.terminals import Terminal, fetch_terminal, fetch_terminals

router = APIRouter(prefix="/v1", tags=["Merchants"])

Reads = Annotated[Actor, Depends(Requires(Scope.MERCHANTS_READ))]
Registers = Annotated[Actor, Depends(Requires(Scope.TERMINALS_REGISTER))]
Writes = Annotated[Actor, Depends(Requires(Scope.TERMINALS_WRITE))]


class TerminalRequest(Body):
    """A till to register at a store."""

    label: Annotated[Name, Field(examples=["一号收银台"])]


class RotateRequest(Body):
    """How long the old secret stays valid beside the new one."""

    overlap_s: Annotated[int, Field(ge=0, le=604_800, examples=[3600])]


class TerminalAnswer(Answer):
    """A terminal, without its secret."""

    id: TerminalRef
    merchant_id: MerchantRef
    store_id: StoreRef
    label: str
    disabled_at: datetime | None
    previous_valid_until: Annotated[datetime | None, Field(description="Until when the secret before is valid too")]
    last_seen_at: Annotated[
        datetime | None, Field(description="When it last sent a call that was signed well, to within seconds")
    ]
    created_at: datetime


class TerminalWithSecret(TerminalAnswer):
    """A terminal with its secret, which is shown this once: a repetition of the call has null. Rotate if it is lost."""

    secret: str | None


class TerminalPage(Answer):
    """Terminals in the order of their making."""

    terminals: list[TerminalAnswer]
    next: str | None


def _fields(programme: ProgrammeId, terminal: Terminal) -> dict[str, object]:
    return {
        "id": format_terminal(programme, terminal.id),
        "merchant_id": format_id("mer", terminal.merchant),
        "store_id": format_id("sto", terminal.store),
        "label": terminal.label,
        "disabled_at": terminal.disabled_at,
        "previous_valid_until": terminal.previous_valid_until,
        "last_seen_at": terminal.last_seen_at,
        "created_at": terminal.created_at,
    }


def _note(programme: ProgrammeId, issued: IssuedSecret, action: str) -> Done:
    shown = TerminalWithSecret.model_validate({**_fields(programme, issued.terminal), "secret": None})
    return Done(
        answer=shown.model_dump_json(),
        action=action,
        subject=shown.id,
        changes={"label": shown.label, "store_id": shown.store_id},
        shown_once={"secret": issued.secret},
    )


def _terminal_named(reference: str, actor: Actor) -> TerminalId:
    named = parse_terminal(reference)
    if named is None or named[0] != actor.programme:
        raise Problem(Code.NOT_FOUND)
    return named[1]


@router.post(
    "/stores/{store_id}/terminals",
    operation_id="registerTerminal",
    summary="Register a till at a store (终端)",
    status_code=201,
    response_model=TerminalWithSecret,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_terminal(
    services: Serves,
    actor: Registers,
    received: Annotated[Received[TerminalRequest], Depends(JsonBody(TerminalRequest))],
    key: IdempotencyKey,
    store_id: str,
) -> Response:
    """The secret is in this answer only; afterwards it is kept encrypted."""
    store = store_named(store_id)
    ticket = ticket_of(services, actor, key, received.hash + store_id.encode())

    async def register(tx: Tx) -> IssuedSecret | Rejected:
        terminal = TerminalId(uuid7())
        vault = services.cabinet.vault
        label = received.body.label
        return await register_terminal(tx, vault, actor.programme, terminal, store, label, ticket.at)

    return await act(services, ticket, register, lambda issued: _note(actor.programme, issued, "terminal.register"))


@router.post(
    "/terminals/{terminal_id}/rotate",
    operation_id="rotateTerminalSecret",
    summary="Give a till a new secret (更换密钥)",
    response_model=TerminalWithSecret,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def rotate_terminal(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[RotateRequest], Depends(JsonBody(RotateRequest))],
    key: IdempotencyKey,
    terminal_id: str,
) -> Response:
    """Old and new are valid together for the time chosen."""
    terminal = _terminal_named(terminal_id, actor)
    overlap = timedelta(seconds=received.body.overlap_s)
    ticket = ticket_of(services, actor, key, received.hash + terminal_id.encode())

    async def rotate(tx: Tx) -> IssuedSecret | Rejected:
        return await rotate_secret(tx, services.cabinet.vault, actor, terminal, overlap, ticket.at)

    answer = await act(services, ticket, rotate, lambda issued: _note(actor.programme, issued, "terminal.rotate"), 200)
    services.tills.forget(actor.programme, terminal)
    return answer


@router.post(
    "/terminals/{terminal_id}/disable",
    operation_id="disableTerminal",
    summary="Disable a till at once and for good (停用)",
    response_model=TerminalAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def post_disable(services: Serves, actor: Writes, key: IdempotencyKey, terminal_id: str) -> Response:
    """Its next call is refused, also one whose signature was checked a moment ago."""
    terminal = _terminal_named(terminal_id, actor)
    ticket = ticket_of(services, actor, key, f"disable {terminal_id}".encode())

    async def disable(tx: Tx) -> Edited[Terminal] | Rejected:
        return await disable_terminal(tx, actor, terminal, ticket.at)

    def render(row: Terminal) -> TerminalAnswer:
        return TerminalAnswer.model_validate(_fields(actor.programme, row))

    answer = await act(
        services, ticket, disable, lambda edited: note_edit(edited, render, "terminal.disable", terminal_id), 200
    )
    services.tills.forget(actor.programme, terminal)
    return answer


@router.get(
    "/merchants/{merchant_id}/terminals",
    operation_id="listTerminals",
    summary="A merchant's tills",
    response_model=TerminalPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_terminals(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    merchant_id: str,
    limit: Limit = PAGE,
    after: After = None,
) -> TerminalPage:
    """Without their secrets."""
    merchant = merchant_named(merchant_id, actor)
    begin = TerminalId(id_after("ter", after))
    async with services.database.read() as reader:
        found = await fetch_terminals(reader, actor.programme, merchant, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("ter", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    listed = [TerminalAnswer.model_validate(_fields(actor.programme, terminal)) for terminal in page]
    return TerminalPage(terminals=listed, next=cursor)


@router.get(
    "/terminals/{terminal_id}",
    operation_id="getTerminal",
    summary="One till",
    response_model=TerminalAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_terminal(services: Serves, actor: Reads, terminal_id: str) -> TerminalAnswer:
    """Without its secret."""
    async with services.database.read() as reader:
        found = await fetch_terminal(reader, actor.programme, _terminal_named(terminal_id, actor))
    if found is None or not actor.sees(found.merchant):
        raise Problem(Code.NOT_FOUND)
    return TerminalAnswer.model_validate(_fields(actor.programme, found))
