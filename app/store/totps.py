"""Second factors of users: the sealed secret, the last step that was used, and recovery codes as hashes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, UserId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTotp:
    """A second factor; until it is confirmed it asks nothing of anybody."""

    secret: bytes
    last_step: int
    created_at: datetime
    confirmed_at: datetime | None


_FETCH = text("""
SELECT secret, last_step, created_at, confirmed_at FROM user_totps WHERE programme_id = :programme AND user_id = :user
""")


async def fetch_totp(reader: Reader | Tx, programme: ProgrammeId, user: UserId) -> StoredTotp | None:
    """The second factor of a user."""
    row = (await reader.execute(_FETCH, {"programme": programme, "user": user})).mappings().one_or_none()
    return StoredTotp(**row) if row else None


_BEGIN = text("""
INSERT INTO user_totps (programme_id, user_id, secret, last_step, created_at)
VALUES (:programme, :user, :secret, 0, :at)
ON CONFLICT (programme_id, user_id) DO UPDATE SET secret = excluded.secret, last_step = 0,
    created_at = excluded.created_at
WHERE user_totps.confirmed_at IS NULL
RETURNING user_id
""")


async def begin_totp(tx: Tx, programme: ProgrammeId, user: UserId, secret: bytes, at: datetime) -> bool:
    """Set a secret that is still to be confirmed; False when a confirmed one is there."""
    values = {"programme": programme, "user": user, "secret": secret, "at": at}
    return (await tx.execute(_BEGIN, values)).one_or_none() is not None


_CONFIRM = text("""
UPDATE user_totps SET confirmed_at = :at WHERE programme_id = :programme AND user_id = :user AND confirmed_at IS NULL
""")


async def confirm_totp(tx: Tx, programme: ProgrammeId, user: UserId, at: datetime) -> None:
    """From now on it is asked for."""
    await tx.execute(_CONFIRM, {"programme": programme, "user": user, "at": at})


_USE = text("""
UPDATE user_totps SET last_step = :step
WHERE programme_id = :programme AND user_id = :user AND last_step < :step RETURNING user_id
""")


async def use_step(tx: Tx, programme: ProgrammeId, user: UserId, step: int) -> bool:
    """Use a step up; False when it, or a later one, has been used, in whichever process."""
    values = {"programme": programme, "user": user, "step": step}
    return (await tx.execute(_USE, values)).one_or_none() is not None


_REMOVE = text("DELETE FROM user_totps WHERE programme_id = :programme AND user_id = :user RETURNING user_id")
_REMOVE_CODES = text("DELETE FROM recovery_codes WHERE programme_id = :programme AND user_id = :user")


async def remove_totp(tx: Tx, programme: ProgrammeId, user: UserId) -> bool:
    """Take a second factor and its recovery codes away; False when there was none."""
    values = {"programme": programme, "user": user}
    await tx.execute(_REMOVE_CODES, values)
    return (await tx.execute(_REMOVE, values)).one_or_none() is not None


_ADD_CODES = text("""
INSERT INTO recovery_codes (programme_id, user_id, code_hash, created_at)
SELECT :programme, :user, h.hash, :at FROM unnest(CAST(:hashes AS bytea[])) AS h (hash)
""")


async def replace_recovery_codes(
    tx: Tx, programme: ProgrammeId, user: UserId, hashes: Sequence[bytes], at: datetime
) -> None:
    """Set the recovery codes; those before are worth nothing any more."""
    await tx.execute(_REMOVE_CODES, {"programme": programme, "user": user})
    await tx.execute(_ADD_CODES, {"programme": programme, "user": user, "hashes": list(hashes), "at": at})


_USE_CODE = text("""
UPDATE recovery_codes SET used_at = :at
WHERE programme_id = :programme AND user_id = :user AND code_hash = :hash AND used_at IS NULL RETURNING user_id
""")


async def use_recovery_code(tx: Tx, programme: ProgrammeId, user: UserId, code_hash: bytes, at: datetime) -> bool:
    """Use a recovery code up; False when there is no such code or it was used."""
    values = {"programme": programme, "user": user, "hash": code_hash, "at": at}
    return (await tx.execute(_USE_CODE, values)).one_or_none() is not None
