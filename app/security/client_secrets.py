"""Secrets of other systems: client secrets and API keys. 32 random bytes, so a plain SHA-256 is enough to keep.

Both carry their programme and their own id: they are found by key, and no look-up crosses programmes.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from uuid import UUID

from app.core.ids import ApiKeyId, ClientId, ProgrammeId

SECRET_BYTES = 32
API_KEY_START = "lyk_"
_CLIENT = re.compile(r"cli_([a-z][a-z0-9-]{1,15})_([0-9a-f]{32})")
_API_KEY = re.compile(r"lyk_([a-z][a-z0-9-]{1,15})_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")
_LENGTH_MAX = 128


@dataclass(frozen=True, slots=True)
class ShownKey:
    """An API key as it was sent."""

    programme: ProgrammeId
    id: ApiKeyId
    hash: bytes


def hash_secret(secret: str) -> bytes:
    """How a secret is kept."""
    return hashlib.sha256(secret.encode()).digest()


def is_secret(secret: str, kept: bytes) -> bool:
    """Whether it is the one, in constant time."""
    return hmac.compare_digest(hash_secret(secret), kept)


def format_client(programme: ProgrammeId, client: ClientId) -> str:
    """The name with which a client logs in (`client_id`)."""
    return f"cli_{programme}_{client.hex}"


def parse_client(text: str) -> tuple[ProgrammeId, ClientId] | None:
    """Read a `client_id`; None when it is anything else."""
    found = _CLIENT.fullmatch(text) if len(text) <= _LENGTH_MAX else None
    return (ProgrammeId(found[1]), ClientId(UUID(hex=found[2]))) if found else None


def format_api_key(programme: ProgrammeId, key: ApiKeyId, secret: str) -> str:
    """An API key in clear: shown once."""
    return f"{API_KEY_START}{programme}_{key.hex}_{secret}"


def parse_api_key(text: str) -> ShownKey | None:
    """Read an API key; None when it is anything else."""
    found = _API_KEY.fullmatch(text) if len(text) <= _LENGTH_MAX else None
    return ShownKey(ProgrammeId(found[1]), ApiKeyId(UUID(hex=found[2])), hash_secret(found[3])) if found else None
