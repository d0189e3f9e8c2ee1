"""Other systems (对接系统): registered with scopes and networks, given secrets and API keys, rotated, shut out."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from uuid_utils.compat import uuid7

from app.actions.clients import (
    IssuedCredential,
    end_api_key,
    make_api_key,
    register_client,
    rotate_client_secret,
    stop_client,
)
from app.actions.running import Done
from app.api.access import Requires
from app.api.acting import act, note_edit, ticket_of
from app.api.bodies import JsonBody, Received
from app.api.client_fields import (
    ApiKeyRequest,
    ApiKeyWithSecret,
    ClientAnswer,
    ClientPage,
    ClientRequest,
    ClientWithSecret,
    CredentialAnswer,
    CredentialList,
    RotateSecretRequest,
    render_client,
    render_credential,
)
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import ApiKeyId, ClientId, ProgrammeId, format_id, parse_id
from app.security.actors import Actor
from app.security.client_secrets import parse_client
from app.security.scopes import Scope
from app.store.clients import Client, Credential, fetch_client, fetch_clients, fetch_credentials
from app.store.database import Tx

router = APIRouter(prefix="/v1/clients", tags=["Access"])

_LIFE_MAX = timedelta(days=366)
Writes = Annotated[Actor, Depends(Requires(Scope.CLIENTS_WRITE))]
Reads = Annotated[Actor, Depends(Requires(Scope.CLIENTS_READ))]


def _client_named(reference: str, actor: Actor) -> ClientId:
    named = parse_client(reference)
    if named is None or named[0] != actor.programme:
        raise Problem(Code.NOT_FOUND)
    return named[1]


def _tell_secret(programme: ProgrammeId, issued: IssuedCredential, action: str) -> Done:
    client, credential = render_client(programme, issued.client), render_credential(issued.credential)
    return Done(
        answer=ClientWithSecret(client=client, credential=credential).model_dump_json(),
        action=action,
        subject=client.id,
        changes={"name": client.name, "scopes": client.scopes, "networks": client.networks, "key": credential.id},
        shown_once={"client_secret": issued.shown},
    )


@router.post(
    "",
    operation_id="registerClient",
    summary="Register another system (登记对接系统)",
    status_code=201,
    response_model=ClientWithSecret,
    responses=writes(Code.ALREADY_EXISTS),
)
async def post_client(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[ClientRequest], Depends(JsonBody(ClientRequest))],
    key: IdempotencyKey,
) -> Response:
    """With its first secret for `POST /v1/auth/oauth/token`. It never gets more scopes than these."""
    body, ticket = received.body, ticket_of(services, actor, key, received.hash)
    client = Client(
        id=ClientId(uuid7()),
        name=body.name,
        scopes=frozenset(body.scopes),
        networks=tuple(body.networks),
        created_at=ticket.at,
    )

    async def register(tx: Tx) -> IssuedCredential | Rejected:
        return await register_client(tx, actor.programme, client)

    return await act(
        services, ticket, register, lambda issued: _tell_secret(actor.programme, issued, "client.register")
    )


@router.get(
    "",
    operation_id="listClients",
    summary="Other systems that may call (对接系统列表)",
    response_model=ClientPage,
    responses=reads(),
)
async def list_clients(
    request: Request, response: Response, services: Serves, actor: Reads, limit: Limit = PAGE, after: After = None
) -> ClientPage:
    """Disabled ones too."""
    begin = ClientId(id_after("cli", after))
    async with services.database.read() as reader:
        found = await fetch_clients(reader, actor.programme, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("cli", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return ClientPage(clients=[render_client(actor.programme, client) for client in page], next=cursor)


@router.get(
    "/{client_id}/credentials",
    operation_id="listClientCredentials",
    summary="Secrets and keys of a system (密钥列表)",
    response_model=CredentialList,
    responses=reads(Code.NOT_FOUND),
)
async def list_credentials(services: Serves, actor: Reads, client_id: str) -> CredentialList:
    """Each with its beginning and when it was last used; nothing secret."""
    client = _client_named(client_id, actor)
    async with services.database.read() as reader:
        if await fetch_client(reader, actor.programme, client) is None:
            raise Problem(Code.NOT_FOUND)
        found = await fetch_credentials(reader, actor.programme, client)
    return CredentialList(credentials=[render_credential(credential) for credential in found])


@router.post(
    "/{client_id}/secrets",
    operation_id="rotateClientSecret",
    summary="Give a system a new secret (更换密钥)",
    status_code=201,
    response_model=ClientWithSecret,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_secret(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[RotateSecretRequest], Depends(JsonBody(RotateSecretRequest))],
    key: IdempotencyKey,
    client_id: str,
) -> Response:
    """Two are good at a time: the new one, and the one before for the overlap."""
    client = _client_named(client_id, actor)
    ticket = ticket_of(services, actor, key, received.hash + client.bytes)
    overlap = timedelta(seconds=received.body.overlap_s)

    async def rotate(tx: Tx) -> IssuedCredential | Rejected:
        return await rotate_client_secret(tx, actor.programme, client, overlap, ticket.at)

    return await act(services, ticket, rotate, lambda issued: _tell_secret(actor.programme, issued, "client.rotate"))


@router.post(
    "/{client_id}/disable",
    operation_id="disableClient",
    summary="Shut a system out for good (停用)",
    response_model=ClientAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def post_disable(services: Serves, actor: Writes, key: IdempotencyKey, client_id: str) -> Response:
    """At once: its tokens, secrets and keys."""
    client = _client_named(client_id, actor)
    ticket = ticket_of(services, actor, key, b"disable" + client.bytes)

    async def disable(tx: Tx) -> Edited[Client] | Rejected:
        return await stop_client(tx, actor.programme, client, ticket.at)

    return await act(
        services,
        ticket,
        disable,
        lambda edited: note_edit(edited, lambda row: render_client(actor.programme, row), "client.disable", client_id),
        200,
    )


@router.post(
    "/{client_id}/api-keys",
    operation_id="makeApiKey",
    summary="Make an API key, or one in the place of another (API 密钥)",
    status_code=201,
    response_model=ApiKeyWithSecret,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.QUOTA_EXCEEDED),
)
async def post_api_key(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[ApiKeyRequest], Depends(JsonBody(ApiKeyRequest))],
    key: IdempotencyKey,
    client_id: str,
) -> Response:
    """For systems that cannot do OAuth. Ten at most, each for a year at most."""
    client, body = _client_named(client_id, actor), received.body
    ticket = ticket_of(services, actor, key, received.hash + client.bytes)
    if not ticket.at < body.expires_at <= ticket.at + _LIFE_MAX:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/expires_at", detail="within a year from now")])
    replaced = parse_id("key", body.replaces) if body.replaces else None
    scopes, overlap = frozenset(body.scopes), timedelta(seconds=body.overlap_s)

    async def make(tx: Tx) -> IssuedCredential | Rejected:
        old = ApiKeyId(replaced) if replaced else None
        return await make_api_key(tx, actor.programme, client, scopes, body.expires_at, ticket.at, old, overlap)

    def told(issued: IssuedCredential) -> Done:
        credential = render_credential(issued.credential)
        return Done(
            answer=ApiKeyWithSecret(credential=credential).model_dump_json(),
            action="client.key",
            subject=client_id,
            changes={"key": credential.id, "scopes": credential.scopes, "replaces": body.replaces},
            shown_once={"api_key": issued.shown},
        )

    return await act(services, ticket, make, told)


@router.post(
    "/{client_id}/api-keys/{key_id}/end",
    operation_id="endApiKey",
    summary="End an API key at once (吊销)",
    response_model=CredentialAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def post_end_key(services: Serves, actor: Writes, key: IdempotencyKey, client_id: str, key_id: str) -> Response:
    """Doing it twice changes nothing."""
    client, named = _client_named(client_id, actor), parse_id("key", key_id)
    if named is None:
        raise Problem(Code.NOT_FOUND)
    ticket = ticket_of(services, actor, key, b"end" + named.bytes)

    async def end(tx: Tx) -> Edited[Credential] | Rejected:
        return await end_api_key(tx, actor.programme, client, ApiKeyId(named), ticket.at)

    which = {"key": key_id}
    return await act(
        services,
        ticket,
        end,
        lambda edited: note_edit(edited, render_credential, "client.key-end", client_id, which),
        200,
    )
