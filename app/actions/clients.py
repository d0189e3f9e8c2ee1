"""Other systems: registered with scopes and networks, given secrets and keys, let in, rotated, shut out."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from uuid_utils.compat import uuid7

from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import ApiKeyId, ClientId, ProgrammeId
from app.security.actors import DEFAULT_SCOPES, Actor, ActorKind
from app.security.client_secrets import SECRET_BYTES, format_api_key, hash_secret, is_secret
from app.security.origins import is_within
from app.security.scopes import Scope
from app.store.clients import (
    Client,
    Credential,
    CredentialKind,
    disable_client,
    end_credential,
    fetch_credentials,
    insert_client,
    insert_credential,
    lock_client,
    shorten_credential,
)
from app.store.database import Reader, Tx

SECRETS_MAX = 2
"""Two secrets live side by side while a system changes from one to the other."""
KEYS_MAX = 10
_PREFIX_LENGTH = 6


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """A client and a credential of it, with the secret in clear: shown once."""

    client: Client
    credential: Credential
    shown: str = field(repr=False)


async def register_client(tx: Tx, programme: ProgrammeId, client: Client) -> IssuedCredential | Rejected:
    """Register a system, with its first secret."""
    if not client.scopes <= DEFAULT_SCOPES[ActorKind.SYSTEM_CLIENT]:
        return Rejected(Code.PARAM_ERROR, {"field": "scopes"})
    if not await insert_client(tx, programme, client):
        return Rejected(Code.ALREADY_EXISTS)
    return await _issue(tx, programme, client, CredentialKind.SECRET, client.scopes, None, client.created_at)


async def _issue(
    tx: Tx,
    programme: ProgrammeId,
    client: Client,
    kind: CredentialKind,
    scopes: frozenset[Scope],
    expires_at: datetime | None,
    at: datetime,
) -> IssuedCredential:
    made = ApiKeyId(uuid7())
    secret = secrets.token_urlsafe(SECRET_BYTES)
    shown = secret if kind is CredentialKind.SECRET else format_api_key(programme, made, secret)
    credential = Credential(
        id=made,
        client=client.id,
        kind=kind,
        prefix=secret[:_PREFIX_LENGTH],
        hash=hash_secret(secret),
        scopes=scopes,
        created_at=at,
        expires_at=expires_at,
    )
    await insert_credential(tx, programme, credential)
    return IssuedCredential(client, credential, shown)


async def rotate_client_secret(
    tx: Tx, programme: ProgrammeId, client: ClientId, overlap: timedelta, at: datetime
) -> IssuedCredential | Rejected:
    """Give a system a new secret; the one before stays good for the overlap, any older one ends now."""
    found = await lock_client(tx, programme, client)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.disabled_at:
        return Rejected(Code.STATE_CONFLICT, {"state": "disabled"})
    good = _good(await fetch_credentials(tx, programme, client), CredentialKind.SECRET, at)
    for old in good[: -(SECRETS_MAX - 1)]:
        await end_credential(tx, programme, client, old.id, at)
    for old in good[-(SECRETS_MAX - 1) :]:
        await shorten_credential(tx, programme, old.id, at + overlap)
    return await _issue(tx, programme, found, CredentialKind.SECRET, found.scopes, None, at)


def _good(credentials: Sequence[Credential], kind: CredentialKind, at: datetime) -> Sequence[Credential]:
    return [each for each in credentials if each.kind is kind and each.good(at)]


async def make_api_key(
    tx: Tx,
    programme: ProgrammeId,
    client: ClientId,
    scopes: frozenset[Scope],
    expires_at: datetime,
    at: datetime,
    replaces: ApiKeyId | None = None,
    overlap: timedelta = timedelta(),
) -> IssuedCredential | Rejected:
    """Make a key, with no more scopes than the system has. One that it replaces stays good for the overlap."""
    found = await lock_client(tx, programme, client)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.disabled_at:
        return Rejected(Code.STATE_CONFLICT, {"state": "disabled"})
    if not scopes <= found.scopes:
        return Rejected(Code.PARAM_ERROR, {"field": "scopes"})
    good = _good(await fetch_credentials(tx, programme, client), CredentialKind.API_KEY, at)
    if replaces and replaces not in {key.id for key in good}:
        return Rejected(Code.NOT_FOUND)
    if len(good) >= KEYS_MAX:
        return Rejected(Code.QUOTA_EXCEEDED, {"limit": "api_keys", "count": KEYS_MAX})
    if replaces:
        await shorten_credential(tx, programme, replaces, at + overlap)
    return await _issue(tx, programme, found, CredentialKind.API_KEY, scopes, expires_at, at)


async def end_api_key(
    tx: Tx, programme: ProgrammeId, client: ClientId, key: ApiKeyId, at: datetime
) -> Edited[Credential] | Rejected:
    """End a key at once. Doing it twice changes nothing."""
    if await lock_client(tx, programme, client) is None:
        return Rejected(Code.NOT_FOUND)
    found = await _find_key(tx, programme, client, key)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    await end_credential(tx, programme, client, key, at)
    return Edited(found, await _find_key(tx, programme, client, key) or found)


async def _find_key(tx: Tx, programme: ProgrammeId, client: ClientId, key: ApiKeyId) -> Credential | None:
    credentials = await fetch_credentials(tx, programme, client)
    found = [each for each in credentials if each.id == key and each.kind is CredentialKind.API_KEY]
    return found[0] if found else None


async def stop_client(tx: Tx, programme: ProgrammeId, client: ClientId, at: datetime) -> Edited[Client] | Rejected:
    """Shut a system out at once and for good: tokens, secrets and keys."""
    found = await lock_client(tx, programme, client)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    await disable_client(tx, programme, client, at)
    return Edited(found, replace(found, disabled_at=found.disabled_at or at))


def client_actor(programme: ProgrammeId, client: Client, scopes: frozenset[Scope]) -> Actor:
    """The actor that a system is, with no more than it has and than any system may have."""
    allowed = scopes & client.scopes & DEFAULT_SCOPES[ActorKind.SYSTEM_CLIENT]
    return Actor(kind=ActorKind.SYSTEM_CLIENT, programme=programme, subject=client.id, scopes=allowed)


async def check_secret(
    reader: Reader, programme: ProgrammeId, client: Client | None, secret: str, address: str, at: datetime
) -> Credential | None:
    """The credential whose secret this is, for a system that may call from there."""
    if client is None or not is_within(address, client.networks):
        return None
    credentials = await fetch_credentials(reader, programme, client.id)
    good = [
        each
        for each in credentials
        if each.kind is CredentialKind.SECRET and is_secret(secret, each.hash) and each.good(at)
    ]
    return good[0] if good else None
