"""People who log in: making and disabling them, and the log-in itself."""

import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from app.core.codes import Code, Rejected
from app.core.ids import MerchantId, ProgrammeId, TeamId, UserId, VolunteerId
from app.security.actors import DEFAULT_SCOPES, ROLE_SCOPES, Actor, ActorKind, StaffRole
from app.security.passwords import check_password_rules, hash_password, needs_rehash, verify_password
from app.store.database import Database, Tx
from app.store.merchants import fetch_merchant
from app.store.regions import is_region
from app.store.relatives import fetch_relatives, insert_relative
from app.store.teams import fetch_team
from app.store.users import User, disable_user, fetch_user, fetch_user_by_name, insert_user, update_password
from app.store.volunteers import fetch_volunteer

LOGIN_KINDS = (ActorKind.ADMIN, ActorKind.AUDITOR, ActorKind.ORGANISER, ActorKind.MERCHANT_STAFF)

_WINDOW_S = 300.0
_FAILURES_MAX = 5
_ADDRESS_FAILURES_MAX = 20
_TRACKED_MAX = 10_000


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


async def stop_user(tx: Tx, programme: ProgrammeId, user: UserId, at: datetime) -> User | Rejected:
    """Let a user log in no more. Tokens given out before live on for minutes at most."""
    await disable_user(tx, programme, user, at)
    return await fetch_user(tx, programme, user) or Rejected(Code.NOT_FOUND)


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


class LoginGuard:
    """Counts failed log-ins by user name and by address, in the memory of this process, for five minutes."""

    def __init__(self) -> None:
        self._failures: dict[str, deque[float]] = {}

    def _recent(self, subject: str) -> deque[float]:
        failures = self._failures.get(subject, deque())
        while failures and time.monotonic() - failures[0] > _WINDOW_S:
            failures.popleft()
        return failures

    def is_closed(self, name: str, address: str) -> bool:
        """Whether there were too many failures to try again now."""
        by_name = len(self._recent(f"name {name}"))
        return by_name >= _FAILURES_MAX or len(self._recent(f"address {address}")) >= _ADDRESS_FAILURES_MAX

    def note_failure(self, name: str, address: str) -> None:
        """Remember a failure."""
        for subject in (f"name {name}", f"address {address}"):
            if len(self._failures) >= _TRACKED_MAX:
                self._failures.clear()
            failures = self._recent(subject)
            failures.append(time.monotonic())
            self._failures[subject] = failures


async def log_in(
    database: Database, guard: LoginGuard, programme: ProgrammeId, username: str, password: str, address: str
) -> Actor | Rejected:
    """Check a user name and a password. An unknown name costs as long and says as little as a wrong password."""
    name = f"{programme}/{username}"
    if guard.is_closed(name, address):
        return Rejected(Code.FREQUENCY_LIMITED)
    async with database.read() as reader:
        user = await fetch_user_by_name(reader, programme, username)
    matched = await verify_password(user.password_hash if user else None, password)
    if user is None or not matched or user.disabled_at:
        guard.note_failure(name, address)
        return Rejected(Code.LOGIN_FAILED)
    if needs_rehash(user.password_hash):
        stronger = await hash_password(password)
        async with database.begin() as tx:
            await update_password(tx, programme, user.id, stronger)
    return actor_of(programme, user)
