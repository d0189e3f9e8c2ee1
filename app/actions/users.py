"""People who log in: making and disabling them. The log-in itself is in `logins.py`."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import MerchantId, ProgrammeId, TeamId, UserId, VolunteerId
from app.core.sessions import EndedBy
from app.security.actors import DEFAULT_SCOPES, ROLE_SCOPES, Actor, ActorKind, StaffRole
from app.security.passwords import check_password_rules, hash_password
from app.store.database import Tx
from app.store.merchants import fetch_merchant
from app.store.regions import is_region
from app.store.relatives import fetch_relatives, insert_relative
from app.store.sessions import end_sessions_of
from app.store.teams import fetch_team
from app.store.users import User, disable_user, fetch_user, insert_user, lock_user
from app.store.volunteers import fetch_volunteer

LOGIN_KINDS = (ActorKind.ADMIN, ActorKind.AUDITOR, ActorKind.ORGANISER, ActorKind.MERCHANT_STAFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to be made; the password in clear lives no longer than this."""

    id: UserId
    kind: ActorKind
    username: str
    password: str
    merchant: MerchantId | None = None
    team: TeamId | None = None
    volunteer: VolunteerId | None = None
    role: StaffRole | None = None
    region: str | None = None
    must_change: bool = False
    """The password is not the user's own choice: the first log-in is good for changing it."""


async def create_user(tx: Tx, programme: ProgrammeId, new: NewUser, at: datetime) -> User | Rejected:
    """Make a user who can log in. Merchant staff need their merchant, and are cashiers unless said otherwise."""
    staff = new.kind is ActorKind.MERCHANT_STAFF
    if new.kind not in LOGIN_KINDS or staff != (new.merchant is not None) or (new.role and not staff):
        return Rejected(Code.PARAM_ERROR, {"kind": new.kind.value})
    if problem := check_password_rules(new.password, new.username):
        return Rejected(Code.PARAM_ERROR, {"password": problem.value})
    if new.merchant and await fetch_merchant(tx, programme, new.merchant) is None:
        return Rejected(Code.NOT_FOUND, {"merchant_id": new.merchant.hex})
    if new.team and await fetch_team(tx, programme, new.team) is None:
        return Rejected(Code.NOT_FOUND, {"team_id": new.team.hex})
    if new.volunteer and await fetch_volunteer(tx, programme, new.volunteer) is None:
        return Rejected(Code.NOT_FOUND, {"volunteer_id": new.volunteer.hex})
    if new.region and not await is_region(tx, programme, new.region):
        return Rejected(Code.NOT_FOUND, {"region_code": new.region})
    user = User(
        id=new.id,
        kind=new.kind,
        username=new.username,
        password_hash=await hash_password(new.password),
        merchant=new.merchant,
        team=new.team,
        volunteer=new.volunteer,
        disabled_at=None,
        created_at=at,
        role=new.role or (StaffRole.CASHIER if staff else None),
        region=new.region,
        must_change=new.must_change,
    )
    return user if await insert_user(tx, programme, user) else Rejected(Code.ALREADY_EXISTS)


async def register_relative(
    tx: Tx, programme: ProgrammeId, user: UserId, volunteer: VolunteerId, at: datetime
) -> frozenset[VolunteerId] | Rejected:
    """Register a volunteer as a relative of a user, who then reviews no record of theirs."""
    if await fetch_user(tx, programme, user) is None:
        return Rejected(Code.NOT_FOUND, {"user_id": user.hex})
    if await fetch_volunteer(tx, programme, volunteer) is None:
        return Rejected(Code.NOT_FOUND, {"volunteer_id": volunteer.hex})
    await insert_relative(tx, programme, user, volunteer, at)
    return await fetch_relatives(tx, programme, user)


async def stop_user(tx: Tx, programme: ProgrammeId, user: UserId, at: datetime) -> Edited[User] | Rejected:
    """Let a user log in no more, and end all that was given out before."""
    found = await lock_user(tx, programme, user)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    await disable_user(tx, programme, user, at)
    await end_sessions_of(tx, programme, user, EndedBy.DISABLED, at)
    return Edited(found, replace(found, disabled_at=found.disabled_at or at))


def actor_of(programme: ProgrammeId, user: User) -> Actor:
    """The actor that a logged-in user is."""
    return Actor(
        kind=user.kind,
        programme=programme,
        subject=user.id,
        scopes=ROLE_SCOPES[user.role] if user.role else DEFAULT_SCOPES[user.kind],
        merchant=user.merchant,
        team=user.team,
        volunteer=user.volunteer,
        region=user.region,
    )
