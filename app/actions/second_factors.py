"""Second factors of users: enrolled in two steps, each code good once, taken away by others only."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.actions.keys import KeyCabinet
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, UserId
from app.core.sessions import EndedBy, LoginMethod
from app.security.sealing import UnsealRefused
from app.security.totp import SECRET_BYTES, hash_recovery_code, matching_step, recovery_code
from app.store.database import Tx
from app.store.sessions import end_sessions_of
from app.store.totps import (
    StoredTotp,
    begin_totp,
    confirm_totp,
    fetch_totp,
    remove_totp,
    replace_recovery_codes,
    use_recovery_code,
    use_step,
)
from app.store.users import User, fetch_user

RECOVERY_CODES = 10
_RECOVERY_BYTES = 10


class FactorState(StrEnum):
    """Where a user's second factor stands."""

    NONE = "none"
    BEGUN = "begun"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that is to be confirmed: shown once. `before`: where the second factor stood."""

    user: User
    secret: bytes
    before: FactorState


def _state_of(stored: StoredTotp | None) -> FactorState:
    if stored is None:
        return FactorState.NONE
    return FactorState.CONFIRMED if stored.confirmed_at else FactorState.BEGUN


def _aad(programme: ProgrammeId, user: UserId) -> str:
    return f"user_totps|secret|{programme}|{user}"


async def enrol(
    tx: Tx, cabinet: KeyCabinet, programme: ProgrammeId, user: UserId, at: datetime
) -> Enrolment | Rejected:
    """Make a secret. Until it is confirmed it may be made anew, and is not asked for."""
    found = await fetch_user(tx, programme, user)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    before = _state_of(await fetch_totp(tx, programme, user))
    secret = secrets.token_bytes(SECRET_BYTES)
    if not await begin_totp(tx, programme, user, cabinet.vault.seal(secret, _aad(programme, user)), at):
        return Rejected(Code.STATE_CONFLICT, {"state": "confirmed"})
    return Enrolment(found, secret, before)


async def confirm(
    tx: Tx, cabinet: KeyCabinet, programme: ProgrammeId, user: UserId, code: str, at: datetime
) -> Sequence[str] | Rejected:
    """Show that the authenticator has the secret. Gives the recovery codes, in clear this once."""
    stored = await fetch_totp(tx, programme, user)
    if stored is None or stored.confirmed_at:
        return Rejected(Code.STATE_CONFLICT, {"state": "confirmed" if stored else "none"})
    if not await _use_code(tx, cabinet, programme, user, stored, code, at):
        return Rejected(Code.PARAM_ERROR, {"field": "code"})
    await confirm_totp(tx, programme, user, at)
    codes = [recovery_code(secrets.token_bytes(_RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]
    hashes = [hash_recovery_code(cabinet.recovery_codes, programme, user.hex, made) for made in codes]
    await replace_recovery_codes(tx, programme, user, hashes, at)
    return codes


async def _use_code(
    tx: Tx, cabinet: KeyCabinet, programme: ProgrammeId, user: UserId, stored: StoredTotp, code: str, at: datetime
) -> bool:
    try:
        secret = cabinet.vault.unseal(stored.secret, _aad(programme, user))
    except UnsealRefused:
        return False
    step = matching_step(secret, code, int(at.timestamp()), stored.last_step)
    return step is not None and await use_step(tx, programme, user, step)


async def check_second_factor(
    tx: Tx,
    cabinet: KeyCabinet,
    programme: ProgrammeId,
    user: UserId,
    totp: str | None,
    recovery: str | None,
    at: datetime,
) -> LoginMethod | Rejected:
    """Use a code up and tell how somebody came in: with the password alone where nothing is confirmed."""
    stored = await fetch_totp(tx, programme, user)
    if stored is None or stored.confirmed_at is None:
        return LoginMethod.PASSWORD
    if totp is not None:
        good = await _use_code(tx, cabinet, programme, user, stored, totp, at)
        return LoginMethod.TOTP if good else Rejected(Code.LOGIN_FAILED)
    if recovery is not None:
        hashed = hash_recovery_code(cabinet.recovery_codes, programme, user.hex, recovery)
        good = await use_recovery_code(tx, programme, user, hashed, at)
        return LoginMethod.RECOVERY_CODE if good else Rejected(Code.LOGIN_FAILED)
    return Rejected(Code.SECOND_FACTOR_NEEDED)


async def reset(
    tx: Tx, programme: ProgrammeId, user: UserId, by: UserId, at: datetime
) -> Edited[FactorState] | Rejected:
    """Take somebody else's second factor away, as after a lost phone, and end their sessions."""
    if user == by:
        return Rejected(Code.SELF_REVIEW)
    if await fetch_user(tx, programme, user) is None:
        return Rejected(Code.NOT_FOUND)
    before = _state_of(await fetch_totp(tx, programme, user))
    if not await remove_totp(tx, programme, user):
        return Rejected(Code.STATE_CONFLICT, {"state": "none"})
    await end_sessions_of(tx, programme, user, EndedBy.ADMINISTRATOR, at)
    return Edited(before, FactorState.NONE)
