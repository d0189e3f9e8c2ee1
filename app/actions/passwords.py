"""Passwords changed by their owner, who shows the old one, or set anew by somebody else after one was forgotten."""

from dataclasses import dataclass, field, replace

from app.actions.attempts import LoginGuard, Subjects
from app.actions.keys import KeyCabinet
from app.actions.running import Ticket
from app.actions.second_factors import check_second_factor
from app.core.attempts import BY_ADDRESS, BY_NAME
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import SessionId, UserId, format_id
from app.core.refused_logins import Door
from app.core.sessions import EndedBy
from app.security.origins import Origin, household_of
from app.security.passwords import check_password_rules, hash_password, verify_password
from app.store.answers import fetch_answer
from app.store.database import Database, Tx
from app.store.sessions import end_sessions_of
from app.store.users import User, change_password, fetch_user, lock_user


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChange:
    """What the owner shows, and what they choose. In clear, and nowhere written."""

    old: str = field(repr=False)
    new: str = field(repr=False)
    totp: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """A change whose old password was right for this user. `subjects`: whose attempt was counted."""

    user: User
    new_hash: str = field(repr=False)
    subjects: Subjects


@dataclass(frozen=True, slots=True)
class OwnChange:
    """What a change did to the user, and how many other sessions it ended."""

    user: Edited[User]
    ended: int


async def check_change(
    database: Database, guard: LoginGuard, ticket: Ticket, change: PasswordChange, origin: Origin
) -> Checked | Rejected | None:
    """Look at a change as at a log-in: counted under the same name before the password is looked at.

    None: this was answered before, and no attempt is made. Rules of the new password are told without counting.
    """
    programme, at = ticket.programme, ticket.at
    async with database.read() as reader:
        if await fetch_answer(reader, programme, ticket.answer_key):
            return None
        user = await fetch_user(reader, programme, UserId(ticket.actor.subject))
    if user is None or user.disabled_at:
        return Rejected(Code.NOT_FOUND)
    if change.new == change.old:
        return Rejected(Code.PARAM_ERROR, {"password": "the old one"})
    if problem := check_password_rules(change.new, user.username):
        return Rejected(Code.PARAM_ERROR, {"password": problem.value})
    subjects = {f"name {user.username}": BY_NAME, f"address {household_of(origin.address)}": BY_ADDRESS}
    named = format_id("usr", user.id)
    if closed := await guard.admit(programme, subjects, at):
        guard.refused.note(programme, Door.PASSWORD, named, named, at, turned_away=True)
        return closed
    if not await verify_password(user.password_hash, change.old):
        guard.refused.note(programme, Door.PASSWORD, named, named, at)
        return Rejected(Code.LOGIN_FAILED)
    return Checked(user, await hash_password(change.new), subjects)


async def settle_change(guard: LoginGuard, ticket: Ticket, checked: Checked, outcome: Code | None) -> None:
    """Give the attempt back unless the second factor was wrong, which is counted for the trail."""
    if outcome is Code.LOGIN_FAILED:
        named = format_id("usr", checked.user.id)
        guard.refused.note(ticket.programme, Door.SECOND_FACTOR, named, named, ticket.at)
        return
    await guard.forgive(ticket.programme, checked.subjects, ticket.at)


async def change_own_password(
    tx: Tx, cabinet: KeyCabinet, ticket: Ticket, checked: Checked, change: PasswordChange, session: SessionId | None
) -> OwnChange | Rejected:
    """Change it, and end all sessions but the one in which it is done."""
    programme, user = ticket.programme, checked.user
    found = await lock_user(tx, programme, user.id)
    if found is None or found.disabled_at or found.password_hash != user.password_hash:
        return Rejected(Code.EDIT_CONFLICT)
    shown = await check_second_factor(tx, cabinet, programme, user.id, change.totp, change.recovery_code, ticket.at)
    if isinstance(shown, Rejected):
        return shown
    await change_password(tx, programme, user.id, checked.new_hash, must_change=False)
    ended = await end_sessions_of(tx, programme, user.id, EndedBy.PASSWORD, ticket.at, but=session)
    return OwnChange(Edited(found, replace(found, must_change=False)), ended)


async def set_password(tx: Tx, ticket: Ticket, user: UserId, password: str) -> Edited[User] | Rejected:
    """Give somebody else a password to begin with, after theirs was forgotten, and end their sessions."""
    programme = ticket.programme
    if user == ticket.actor.subject:
        return Rejected(Code.SELF_REVIEW)
    found = await lock_user(tx, programme, user)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.disabled_at:
        return Rejected(Code.STATE_CONFLICT, {"state": "disabled"})
    if problem := check_password_rules(password, found.username):
        return Rejected(Code.PARAM_ERROR, {"password": problem.value})
    await change_password(tx, programme, user, await hash_password(password), must_change=True)
    await end_sessions_of(tx, programme, user, EndedBy.PASSWORD, ticket.at)
    return Edited(found, replace(found, must_change=True))
