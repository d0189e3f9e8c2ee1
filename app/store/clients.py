"""Other systems that call us: what they may do, from where, and what they prove themselves with (hashed)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import RowMapping, text

from app.core.ids import ApiKeyId, ClientId, ProgrammeId
from app.security.scopes import Scope
from app.store.database import BatchConnection, Reader, Tx


class CredentialKind(StrEnum):
    """A secret is shown to the token call, an API key with every call."""

    SECRET = "secret"  # noqa: S105 - a word, not a secret
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A system. No networks: it may call from anywhere."""

    id: ClientId
    name: str
    scopes: frozenset[Scope]
    networks: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a client proves itself with. `prefix` tells people which one it is."""

    id: ApiKeyId
    client: ClientId
    kind: CredentialKind
    prefix: str
    hash: bytes
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    last_used_at: datetime | None = None

    def good(self, at: datetime) -> bool:
        """Whether it may be used now."""
        return self.ended_at is None and (self.expires_at is None or at < self.expires_at)


_CLIENT = "id, name, scopes, networks, created_at, disabled_at, last_used_at"
_CREDENTIAL = "id, client_id AS client, kind, prefix, hash, scopes, created_at, expires_at, ended_at, last_used_at"


def _known(scopes: Collection[str]) -> frozenset[Scope]:
    return frozenset(Scope(scope) for scope in scopes)


def _client(row: RowMapping | Mapping[str, object]) -> Client:
    values = dict(row)
    return Client(**{**values, "scopes": _known(values["scopes"]), "networks": tuple(values["networks"])})


def _credential(row: RowMapping | Mapping[str, object]) -> Credential:
    values = dict(row)
    kind = CredentialKind(str(values["kind"]))
    return Credential(**{**values, "kind": kind, "scopes": _known(values["scopes"])})


_INSERT = text("""
INSERT INTO clients (programme_id, id, name, scopes, networks, created_at)
VALUES (:programme, :id, :name, :scopes, :networks, :at) ON CONFLICT (programme_id, name) DO NOTHING RETURNING id
""")


async def insert_client(tx: Tx, programme: ProgrammeId, client: Client) -> bool:
    """Add a client; False when the name is taken."""
    values = {
        "programme": programme,
        "id": client.id,
        "name": client.name,
        "scopes": sorted(client.scopes),
        "networks": list(client.networks),
        "at": client.created_at,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None


_FETCH = text(f"SELECT {_CLIENT} FROM clients WHERE programme_id = :programme AND id = :id")
_LOCK = text(f"{_FETCH.text} FOR UPDATE")


async def fetch_client(reader: Reader | Tx, programme: ProgrammeId, client: ClientId) -> Client | None:
    """One client."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": client})).mappings().one_or_none()
    return _client(row) if row else None


async def lock_client(tx: Tx, programme: ProgrammeId, client: ClientId) -> Client | None:
    """One client, kept from others until the transaction ends: its credentials are counted meanwhile."""
    row = (await tx.execute(_LOCK, {"programme": programme, "id": client})).mappings().one_or_none()
    return _client(row) if row else None


_LIST = text(f"""
SELECT {_CLIENT} FROM clients WHERE programme_id = :programme AND id > :after ORDER BY id LIMIT :limit
""")


async def fetch_clients(reader: Reader, programme: ProgrammeId, after: ClientId, limit: int) -> Sequence[Client]:
    """The clients after a given one, in the order of their making."""
    rows = await reader.execute(_LIST, {"programme": programme, "after": after, "limit": limit})
    return [_client(row) for row in rows.mappings()]


_DISABLE = text("""
UPDATE clients SET disabled_at = coalesce(disabled_at, :at) WHERE programme_id = :programme AND id = :id
""")


async def disable_client(tx: Tx, programme: ProgrammeId, client: ClientId, at: datetime) -> None:
    """Let a client in no more."""
    await tx.execute(_DISABLE, {"programme": programme, "id": client, "at": at})


_INSERT_CREDENTIAL = text("""
INSERT INTO client_credentials (programme_id, id, client_id, kind, prefix, hash, scopes, created_at, expires_at)
VALUES (:programme, :id, :client, :kind, :prefix, :hash, :scopes, :at, :expires_at)
""")


async def insert_credential(tx: Tx, programme: ProgrammeId, credential: Credential) -> None:
    """Add a credential."""
    values = {
        "programme": programme,
        "id": credential.id,
        "client": credential.client,
        "kind": credential.kind.value,
        "prefix": credential.prefix,
        "hash": credential.hash,
        "scopes": sorted(credential.scopes),
        "at": credential.created_at,
        "expires_at": credential.expires_at,
    }
    await tx.execute(_INSERT_CREDENTIAL, values)


_OF_CLIENT = text(f"""
SELECT {_CREDENTIAL} FROM client_credentials WHERE programme_id = :programme AND client_id = :client ORDER BY id
""")


async def fetch_credentials(reader: Reader | Tx, programme: ProgrammeId, client: ClientId) -> Sequence[Credential]:
    """All credentials of a client, the oldest first."""
    rows = await reader.execute(_OF_CLIENT, {"programme": programme, "client": client})
    return [_credential(row) for row in rows.mappings()]


_END = text("""
UPDATE client_credentials SET ended_at = least(coalesce(ended_at, :at), :at)
WHERE programme_id = :programme AND client_id = :client AND id = :id
""")
_SHORTEN = text("""
UPDATE client_credentials SET expires_at = least(coalesce(expires_at, :until), :until)
WHERE programme_id = :programme AND id = :id
""")


async def end_credential(tx: Tx, programme: ProgrammeId, client: ClientId, credential: ApiKeyId, at: datetime) -> None:
    """End a credential at once."""
    await tx.execute(_END, {"programme": programme, "client": client, "id": credential, "at": at})


async def shorten_credential(tx: Tx, programme: ProgrammeId, credential: ApiKeyId, until: datetime) -> None:
    """Let a credential live no longer than until then."""
    await tx.execute(_SHORTEN, {"programme": programme, "id": credential, "until": until})


_CALLING = f"SELECT {_CLIENT} FROM clients WHERE programme_id = $1 AND id = ANY($2)"
_CALLING_KEYS = f"""
SELECT {_CREDENTIAL} FROM client_credentials WHERE programme_id = $1 AND id = ANY($2) AND kind = 'api_key'
"""


async def fetch_calling_clients(
    connection: BatchConnection, programme: ProgrammeId, clients: Collection[ClientId]
) -> Mapping[ClientId, Client]:
    """Those of these clients that exist."""
    return {row["id"]: _client(dict(row)) for row in await connection.fetch(_CALLING, programme, list(clients))}


async def fetch_calling_keys(
    connection: BatchConnection, programme: ProgrammeId, keys: Collection[ApiKeyId]
) -> Mapping[ApiKeyId, Credential]:
    """Those of these API keys that exist."""
    return {row["id"]: _credential(dict(row)) for row in await connection.fetch(_CALLING_KEYS, programme, list(keys))}


_USED = {
    table: text(f"""
WITH used AS (
    SELECT t.id, u.at FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[])) AS u (id, at)
    JOIN {table} t ON t.programme_id = :programme AND t.id = u.id
    FOR NO KEY UPDATE OF t SKIP LOCKED
)
UPDATE {table} t SET last_used_at = greatest(t.last_used_at, used.at)
FROM used WHERE t.programme_id = :programme AND t.id = used.id
""")
    for table in ("clients", "client_credentials")
}


async def update_last_used(tx: Tx, programme: ProgrammeId, used: Mapping[UUID, datetime]) -> None:
    """Note when clients and credentials were last used. An id of either kind is unique over both."""
    values = {"programme": programme, "ids": list(used), "moments": list(used.values())}
    for statement in _USED.values():
        await tx.execute(statement, values)
