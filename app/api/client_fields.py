"""Other systems as the wire has them: what registers them and what tells of them."""

from datetime import datetime
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

from app.api.bodies import Answer, Body
from app.api.fields import Moment, Name
from app.core.ids import ProgrammeId, format_id
from app.security.client_secrets import format_client
from app.security.scopes import Scope
from app.store.clients import Client, Credential, CredentialKind

_OVERLAP_MAX_S = 14 * 86_400
ClientRef = Annotated[
    str,
    Field(
        pattern="^cli_[a-z][a-z0-9-]{1,15}_[0-9a-f]{32}$",
        description="The `client_id` of OAuth",
        examples=["cli_cixi_0190c6f0a1b27c3d8e9f00112233aabb"],
    ),
]
KeyRef = Annotated[str, Field(pattern="^key_[0-9a-f]{32}$", examples=["key_0190c6f0a1b27c3d8e9f00112233aabb"])]


def _one_network(text: str) -> str:
    """A network in its one spelling; refuses what is none."""
    return str(ip_network(text, strict=True))


Network = Annotated[str, Field(max_length=43, examples=["203.0.113.0/24"]), AfterValidator(_one_network)]
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=20, strict=False)]
Overlap = Annotated[
    int, Field(ge=0, le=_OVERLAP_MAX_S, description="How long the old one stays good, in seconds", examples=[86_400])
]


class ClientRequest(Body):
    """A system to register. Without networks it may call from anywhere."""

    name: Annotated[Name, Field(examples=["市教育局"])]
    scopes: Scopes
    networks: Annotated[list[Network], Field(max_length=20)] = Field(default_factory=list)


class RotateSecretRequest(Body):
    """A new secret beside the old one."""

    overlap_s: Overlap = 86_400


class ApiKeyRequest(Body):
    """A key, with some of the system's scopes. `replaces`: another key, which stays good for the overlap."""

    scopes: Scopes
    expires_at: Annotated[Moment, Field(description="Within a year")]
    replaces: KeyRef | None = None
    overlap_s: Overlap = 0


class ClientAnswer(Answer):
    """A system that may call."""

    id: ClientRef
    name: str
    scopes: list[Scope]
    networks: list[str]
    created_at: datetime
    disabled_at: datetime | None
    last_used_at: Annotated[datetime | None, Field(description="Written every few seconds")]


class ClientPage(Answer):
    """Systems in the order of their registration."""

    clients: list[ClientAnswer]
    next: str | None


class CredentialAnswer(Answer):
    """A secret or a key, without what is secret of it."""

    id: KeyRef
    kind: CredentialKind
    prefix: Annotated[str, Field(description="How it begins, to tell one from another", examples=["k3Xa9Q"])]
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    last_used_at: datetime | None


class CredentialList(Answer):
    """All credentials of a system, the oldest first."""

    credentials: list[CredentialAnswer]


class ClientWithSecret(Answer):
    """A system with its new secret, which is shown this once: a repetition of the call has null."""

    client: ClientAnswer
    credential: CredentialAnswer
    client_secret: str | None = None


class ApiKeyWithSecret(Answer):
    """A key, which is shown this once: a repetition of the call has null. Send it as `Authorization: Bearer …`."""

    credential: CredentialAnswer
    api_key: str | None = None


def render_client(programme: ProgrammeId, client: Client) -> ClientAnswer:
    """A system as answers carry it."""
    return ClientAnswer(
        id=format_client(programme, client.id),
        name=client.name,
        scopes=sorted(client.scopes),
        networks=list(client.networks),
        created_at=client.created_at,
        disabled_at=client.disabled_at,
        last_used_at=client.last_used_at,
    )


def render_credential(credential: Credential) -> CredentialAnswer:
    """A credential as answers carry it."""
    return CredentialAnswer(
        id=format_id("key", credential.id),
        kind=credential.kind,
        prefix=credential.prefix,
        scopes=sorted(credential.scopes),
        created_at=credential.created_at,
        expires_at=credential.expires_at,
        ended_at=credential.ended_at,
        last_used_at=credential.last_used_at,
    )
