"""People who log in: administrators, auditors, organisers, merchant staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import MerchantId, ProgrammeId, TeamId, UserId, VolunteerId
from app.security.actors import ActorKind, StaffRole
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user as stored."""

    id: UserId
    kind: ActorKind
    username: str
    password_hash: str
    merchant: MerchantId | None
    team: TeamId | None
    volunteer: VolunteerId | None
    disabled_at: datetime | None
    created_at: datetime
    role: StaffRole | None = None
    region: str | None = None
    must_change: bool = False
    """The password was set by somebody else: it is good for being changed."""


_COLUMNS = """id, kind, username, password_hash, merchant_id AS merchant, team_id AS team, volunteer_id AS volunteer,
       disabled_at, created_at, role, region_code AS region, must_change_password AS must_change"""


def _user(row: Mapping[str, object]) -> User:
    role = StaffRole(str(row["role"])) if row["role"] else None
    return User(**{**row, "kind": ActorKind(str(row["kind"])), "role": role})  # type: ignore[arg-type]  # a record


_BY_NAME = text(f"SELECT {_COLUMNS} FROM users WHERE programme_id = :programme AND username = :username")


async def fetch_user_by_name(reader: Reader | Tx, programme: ProgrammeId, username: str) -> User | None:
    """The user of that name."""
    row = (await reader.execute(_BY_NAME, {"programme": programme, "username": username})).mappings().one_or_none()
    return _user(dict(row)) if row else None


_BY_ID = text(f"SELECT {_COLUMNS} FROM users WHERE programme_id = :programme AND id = :id")


async def fetch_user(reader: Reader | Tx, programme: ProgrammeId, user: UserId) -> User | None:
    """One user."""
    row = (await reader.execute(_BY_ID, {"programme": programme, "id": user})).mappings().one_or_none()
    return _user(dict(row)) if row else None


_LIST = text(f"SELECT {_COLUMNS} FROM users WHERE programme_id = :programme AND id > :after ORDER BY id LIMIT :limit")


async def fetch_users(reader: Reader, programme: ProgrammeId, after: UserId, limit: int) -> Sequence[User]:
    """The users after a given one, in the order of their making."""
    rows = await reader.execute(_LIST, {"programme": programme, "after": after, "limit": limit})
    return [_user(dict(row)) for row in rows.mappings()]


_INSERT = text("""
INSERT INTO users (programme_id, id, kind, username, password_hash, merchant_id, team_id, volunteer_id, created_at,
                   role, region_code, must_change_password)
VALUES (:programme, :id, :kind, :username, :password_hash, :merchant, :team, :volunteer, :created_at, :role,
        :region, :must_change)
ON CONFLICT (programme_id, username) DO NOTHING RETURNING id
""")


async def insert_user(tx: Tx, programme: ProgrammeId, user: User) -> bool:
    """Add a user; False when the name is taken."""
    values = {
        "programme": programme,
        "id": user.id,
        "kind": user.kind.value,
        "username": user.username,
        "password_hash": user.password_hash,
        "merchant": user.merchant,
        "team": user.team,
        "volunteer": user.volunteer,
        "created_at": user.created_at,
        "role": user.role.value if user.role else None,
        "region": user.region,
        "must_change": user.must_change,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None


_LOCK = text(f"SELECT {_COLUMNS} FROM users WHERE programme_id = :programme AND id = :id FOR UPDATE")


async def lock_user(tx: Tx, programme: ProgrammeId, user: UserId) -> User | None:
    """One user, whom nobody else changes until the transaction ends."""
    row = (await tx.execute(_LOCK, {"programme": programme, "id": user})).mappings().one_or_none()
    return _user(dict(row)) if row else None


_DISABLE = text("""
UPDATE users SET disabled_at = coalesce(disabled_at, :at) WHERE programme_id = :programme AND id = :id
""")


async def disable_user(tx: Tx, programme: ProgrammeId, user: UserId, at: datetime) -> None:
    """Let a user log in no more."""
    await tx.execute(_DISABLE, {"programme": programme, "id": user, "at": at})


_SET_PASSWORD = text("UPDATE users SET password_hash = :hash WHERE programme_id = :programme AND id = :id")


async def update_password(tx: Tx, programme: ProgrammeId, user: UserId, password_hash: str) -> None:
    """Write the hash of the same password anew, with today's parameters."""
    await tx.execute(_SET_PASSWORD, {"programme": programme, "id": user, "hash": password_hash})


_CHANGE_PASSWORD = text("""
UPDATE users SET password_hash = :hash, must_change_password = :must_change WHERE programme_id = :programme AND id = :id
""")


async def change_password(
    tx: Tx, programme: ProgrammeId, user: UserId, password_hash: str, *, must_change: bool
) -> None:
    """Give a user that is locked another password. `must_change`: it was not chosen by the user."""
    values = {"programme": programme, "id": user, "hash": password_hash, "must_change": must_change}
    await tx.execute(_CHANGE_PASSWORD, values)


_LIST_STAFF = text(f"""
SELECT {_COLUMNS} FROM users
WHERE programme_id = :programme AND merchant_id = :merchant AND id > :after ORDER BY id LIMIT :limit
""")


async def fetch_staff(
    reader: Reader, programme: ProgrammeId, merchant: MerchantId, after: UserId, limit: int
) -> Sequence[User]:
    """A merchant's staff after a given one, in the order of their making."""
    values = {"programme": programme, "merchant": merchant, "after": after, "limit": limit}
    return [_user(dict(row)) for row in (await reader.execute(_LIST_STAFF, values)).mappings()]


_OTHER_MANAGER = text("""
SELECT true FROM users
WHERE programme_id = :programme AND merchant_id = :merchant AND role = 'manager' AND disabled_at IS NULL AND id <> :id
LIMIT 1
""")


async def has_other_manager(tx: Tx, programme: ProgrammeId, merchant: MerchantId, user: UserId) -> bool:
    """Whether a merchant has a manager beside this user who can log in."""
    return bool(await tx.scalar(_OTHER_MANAGER, {"programme": programme, "merchant": merchant, "id": user}))


_SET_ROLE = text("UPDATE users SET role = :role WHERE programme_id = :programme AND id = :id")


async def update_role(tx: Tx, programme: ProgrammeId, user: UserId, role: StaffRole) -> None:
    """Give a member of a merchant's staff another role."""
    await tx.execute(_SET_ROLE, {"programme": programme, "id": user, "role": role.value})
