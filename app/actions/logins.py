"""Logging in with a password, and a second factor where there is one. What is refused is counted for the trail."""

from dataclasses import dataclass, field
from datetime import datetime

from app.actions.attempts import LoginGuard, Subjects
from app.actions.keys import KeyCabinet
from app.actions.second_factors import check_second_factor
from app.actions.sessions import LoggedIn, begin_session, user_actor
from app.core.attempts import BY_ADDRESS, BY_NAME
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, format_id
from app.core.refused_logins import Door
from app.core.sessions import LoginMethod
from app.security.origins import Origin, household_of
from app.security.passwords import hash_password, needs_rehash, verify_password
from app.store.database import Database
from app.store.users import User, fetch_user_by_name, update_password


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What somebody shows to come in. In clear, and nowhere written."""

    username: str
    password: str = field(repr=False)
    totp: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)


def _subjects(proof: Proof, origin: Origin) -> tuple[Subjects, Subjects]:
    return {f"name {proof.username}": BY_NAME}, {f"address {household_of(origin.address)}": BY_ADDRESS}


async def log_in(
    database: Database,
    guard: LoginGuard,
    cabinet: KeyCabinet,
    programme: ProgrammeId,
    proof: Proof,
    origin: Origin,
    at: datetime,
) -> LoggedIn | Rejected:
    """Check a name, a password and a second factor. An unknown name costs as long and says as little as a wrong one.

    A right password without the second factor is no guess and not counted; a wrong second factor is.
    """
    by_name, by_address = _subjects(proof, origin)
    closed = await guard.admit(programme, {**by_name, **by_address}, at)
    async with database.read() as reader:
        user = await fetch_user_by_name(reader, programme, proof.username)
    named = format_id("usr", user.id) if user else None
    if closed:
        guard.refused.note(programme, Door.PASSWORD, named, proof.username, at, turned_away=True)
        return closed
    matched = await verify_password(user.password_hash if user else None, proof.password)
    if user is None or not matched or user.disabled_at:
        guard.refused.note(programme, Door.PASSWORD, named, proof.username, at)
        return Rejected(Code.LOGIN_FAILED)
    stronger = await hash_password(proof.password) if needs_rehash(user.password_hash) else None
    entered = await _enter(database, cabinet, programme, user, proof, origin, stronger, at)
    if isinstance(entered, Rejected) and entered.code is not Code.SECOND_FACTOR_NEEDED:
        guard.refused.note(programme, Door.SECOND_FACTOR, named, proof.username, at)
    else:
        await guard.forgive(programme, {**by_name, **by_address}, at)
    return entered


async def _enter(
    database: Database,
    cabinet: KeyCabinet,
    programme: ProgrammeId,
    user: User,
    proof: Proof,
    origin: Origin,
    stronger: str | None,
    at: datetime,
) -> LoggedIn | Rejected:
    async with database.begin() as tx:
        method = await check_second_factor(tx, cabinet, programme, user.id, proof.totp, proof.recovery_code, at)
        if not isinstance(method, LoginMethod):
            return method
        if stronger:
            await update_password(tx, programme, user.id, stronger)
        actor, enrolling = await user_actor(tx, programme, user)
        return await begin_session(tx, actor, method, origin, at, enrolling=enrolling, must_change=user.must_change)
