"""WeChat accounts and the volunteers they belong to: found at log-in, bound by a phone or a one-time code, loosened."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from uuid_utils.compat import uuid7

from app.actions.consents import give_consent
from app.actions.keys import KeyCabinet
from app.actions.sessions import LoggedIn, begin_session, volunteer_actor
from app.actions.vault import look_up_volunteer
from app.core.codes import Code, Rejected
from app.core.consents import Channel, GivenBy, Purpose
from app.core.ids import ProgrammeId, UserId, VolunteerId, format_id
from app.core.minors import CONSENT_AGE
from app.core.personal_data import Field
from app.core.sessions import EndedBy, LoginMethod
from app.core.volunteers import Volunteer, VolunteerStatus
from app.security.bindings import (
    draw_binding_code,
    hash_binding_code,
    index_openid,
    issue_binding_token,
)
from app.security.origins import Origin
from app.store.audit_rows import insert_audit_row
from app.store.database import Database, Tx
from app.store.sessions import end_sessions_of
from app.store.volunteers import VolunteerRow, fetch_volunteer, lock_volunteer
from app.store.wechat import (
    WechatLink,
    end_wechat_link,
    fetch_bound_volunteer,
    insert_wechat_link,
    replace_binding_code,
    use_binding_code,
)

CODE_LIFE = timedelta(minutes=30)
TOKEN_LIFE = timedelta(minutes=10)
_BY_PHONE = "phone"
_BY_CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An account that is to be bound: from where, and to which text its owner agreed (PIPL Art. 14)."""

    openid: str = field(repr=False)
    origin: Origin
    consent_version: str


@dataclass(frozen=True, slots=True)
class Unbound:
    """An account that is nobody's yet, and what binds it."""

    binding_token: str
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A one-time code in clear: shown once."""

    volunteer: VolunteerId
    code: str
    valid_until: datetime


async def log_in_account(
    database: Database, cabinet: KeyCabinet, programme: ProgrammeId, openid: str, origin: Origin, at: datetime
) -> LoggedIn | Unbound:
    """Log the volunteer in whose account it is; else give what binds it."""
    index = index_openid(cabinet.openids, programme, openid)
    async with database.begin() as tx:
        volunteer = await fetch_bound_volunteer(tx, programme, index)
        found = await fetch_volunteer(tx, programme, volunteer) if volunteer else None
        if found and found.status is not VolunteerStatus.LEFT:
            return await begin_session(tx, volunteer_actor(programme, found.id), LoginMethod.WECHAT, origin, at)
    until = at + TOKEN_LIFE
    return Unbound(issue_binding_token(cabinet.vault, programme, openid, until), until)


async def bind_by_phone(
    tx: Tx,
    cabinet: KeyCabinet,
    programme: ProgrammeId,
    arrival: Arrival,
    phone: str,
    today: date,
    at: datetime,
) -> LoggedIn | Rejected:
    """Bind an account to the one volunteer with this phone, who has no other account.

    A phone of several, or one that now is somebody else's, binds nothing: the station issues a code.
    """
    found = await look_up_volunteer(tx, cabinet.people, programme, Field.PHONE, phone)
    if len(found) != 1:
        return Rejected(Code.BINDING_FAILED)
    return await _bind(tx, cabinet, programme, arrival, found[0], _BY_PHONE, today, at)


async def bind_by_code(
    tx: Tx,
    cabinet: KeyCabinet,
    programme: ProgrammeId,
    arrival: Arrival,
    code: str,
    today: date,
    at: datetime,
) -> LoggedIn | Rejected:
    """Bind an account to the volunteer whom an organiser gave the code; the account before is loosened.

    A refusal is to be rolled back by the caller: code, account and sessions are then as they were.
    """
    hashed = hash_binding_code(cabinet.binding_codes, programme, code)
    volunteer = await use_binding_code(tx, programme, hashed, at)
    if volunteer is None:
        return Rejected(Code.BINDING_FAILED)
    await end_wechat_link(tx, programme, volunteer, EndedBy.REBOUND.value, at)
    await end_sessions_of(tx, programme, volunteer, EndedBy.REBOUND, at)
    return await _bind(tx, cabinet, programme, arrival, volunteer, _BY_CODE, today, at)


async def _bind(
    tx: Tx,
    cabinet: KeyCabinet,
    programme: ProgrammeId,
    arrival: Arrival,
    volunteer: VolunteerId,
    how: str,
    today: date,
    at: datetime,
) -> LoggedIn | Rejected:
    await lock_volunteer(tx, programme, volunteer)
    found = await fetch_volunteer(tx, programme, volunteer)
    if found is None or found.status is VolunteerStatus.LEFT:
        return Rejected(Code.BINDING_FAILED)
    if _is_child(found, today):
        return Rejected(Code.GUARDIAN_REQUIRED, {"below": CONSENT_AGE})
    link = WechatLink(
        id=uuid7(),
        openid_index=index_openid(cabinet.openids, programme, arrival.openid),
        openid=cabinet.vault.seal(arrival.openid.encode(), f"wechat_links|openid|{programme}|{volunteer}"),
        volunteer=volunteer,
        bound_by=how,
        bound_at=at,
    )
    if not await insert_wechat_link(tx, programme, link):
        return Rejected(Code.BINDING_FAILED)
    subject = format_id("vol", volunteer)
    given = await give_consent(
        tx,
        programme,
        volunteer,
        purpose=Purpose.WECHAT_LOGIN,
        version=arrival.consent_version,
        channel=Channel.MINI_PROGRAM,
        given_by=GivenBy.SELF,
        actor=subject,
        today=today,
        at=at,
    )
    if isinstance(given, Rejected):
        return given
    await insert_audit_row(
        tx, programme, uuid7(), actor=subject, action="wechat.bind", subject=subject, changes={"by": how}, at=at
    )
    return await begin_session(tx, volunteer_actor(programme, volunteer), LoginMethod.WECHAT, arrival.origin, at)


def _is_child(row: VolunteerRow, today: date) -> bool:
    age = Volunteer(row.id, row.status, born_on=row.born_on).age_on(today)
    return age is not None and age < CONSENT_AGE


async def issue_code(
    tx: Tx, cabinet: KeyCabinet, programme: ProgrammeId, volunteer: VolunteerId, by: UserId, today: date, at: datetime
) -> IssuedCode | Rejected:
    """Issue a one-time code for a volunteer who stands before an organiser. For a child a guardian acts."""
    found = await fetch_volunteer(tx, programme, volunteer)
    if found is None or found.status is VolunteerStatus.LEFT:
        return Rejected(Code.NOT_FOUND)
    if _is_child(found, today):
        return Rejected(Code.GUARDIAN_REQUIRED, {"below": CONSENT_AGE})
    code, until = draw_binding_code(), at + CODE_LIFE
    hashed = hash_binding_code(cabinet.binding_codes, programme, code)
    await replace_binding_code(tx, programme, volunteer, hashed, by, at, until)
    return IssuedCode(volunteer, code, until)


async def close_out(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, at: datetime) -> int | Rejected:
    """After a lost phone: loosen the account and end all sessions. Gives how many there were."""
    if await fetch_volunteer(tx, programme, volunteer) is None:
        return Rejected(Code.NOT_FOUND)
    await end_wechat_link(tx, programme, volunteer, EndedBy.ADMINISTRATOR.value, at)
    return await end_sessions_of(tx, programme, volunteer, EndedBy.ADMINISTRATOR, at)
