"""Signing keys of a programme: the private half sealed, the public half plain. Retired ones are kept to verify."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class SealedKey:
    """One signing key as it is stored."""

    kid: str
    private_key: bytes
    public_key: bytes
    created_at: datetime
    retired_at: datetime | None


_FETCH = text("""
SELECT kid, private_key, public_key, created_at, retired_at FROM signing_keys
WHERE programme_id = :programme ORDER BY created_at, kid
""")


async def fetch_keys(reader: Reader | Tx, programme: ProgrammeId) -> Sequence[SealedKey]:
    """All signing keys, the oldest first."""
    rows = await reader.execute(_FETCH, {"programme": programme})
    return [SealedKey(*row) for row in rows]


_INSERT = text("""
INSERT INTO signing_keys (programme_id, kid, private_key, public_key, created_at)
VALUES (:programme, :kid, :private_key, :public_key, :created_at)
""")


async def insert_key(tx: Tx, programme: ProgrammeId, key: SealedKey) -> None:
    """Add a signing key."""
    await tx.execute(
        _INSERT,
        {
            "programme": programme,
            "kid": key.kid,
            "private_key": key.private_key,
            "public_key": key.public_key,
            "created_at": key.created_at,
        },
    )


_RETIRE = text("""
UPDATE signing_keys SET retired_at = :at WHERE programme_id = :programme AND kid <> :kept AND retired_at IS NULL
""")


async def retire_keys_but(tx: Tx, programme: ProgrammeId, kept: str, at: datetime) -> None:
    """Let only one key sign from now on. What the others signed stays valid until it expires."""
    await tx.execute(_RETIRE, {"programme": programme, "kept": kept, "at": at})
