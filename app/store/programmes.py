"""Programmes and their settings; making one also begins its journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.ids import FundId, ProgrammeId
from app.core.penalties import APPEAL_DAYS
from app.core.programmes import LapsePolicy
from app.core.stars import DEFAULT_STARS, StarScale
from app.store.database import Reader, Tx

CONFIRM_POINTS = 500
CONFIRM_COUNT = 10
SAME_AMOUNT_S = 60
REDEMPTIONS_A_DAY = 50
POOL_GRANT_POINTS = 500
POOL_YEAR_POINTS = 1000
FAMILY_MEMBERS = 3
"""What a new programme asks of its volunteers until it says otherwise. One point is worth a few fen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeRow:
    """A programme as it is stored. `revision` counts its edits."""

    id: ProgrammeId
    name: str
    region_code: str
    zone: str
    fen_per_hundred_points: int
    settlement_fund: FundId | None
    lapse_policy: LapsePolicy
    grace_days: int
    notice_days: int
    expiry_years: int | None
    points_max: int
    confirm_points: int | None = CONFIRM_POINTS
    confirm_count: int | None = CONFIRM_COUNT
    same_amount_s: int = SAME_AMOUNT_S
    redemptions_a_day: int | None = REDEMPTIONS_A_DAY
    sandbox: bool = False
    stars: StarScale = DEFAULT_STARS
    appeal_days: int = APPEAL_DAYS
    pool_grant_points: int = POOL_GRANT_POINTS
    pool_year_points: int = POOL_YEAR_POINTS
    family_use: bool = False
    family_members: int = FAMILY_MEMBERS
    revision: int
    created_at: datetime


_COLUMNS = """id, name, region_code, zone, fen_per_hundred_points, settlement_fund_id AS settlement_fund, lapse_policy,
       grace_days, notice_days, expiry_years, points_max, confirm_points, confirm_count, same_amount_s,
       redemptions_a_day, sandbox, star_minutes, star_quality_min, appeal_days, pool_grant_points,
       pool_year_points, family_use, family_members, revision, created_at"""


def _row(found: RowMapping) -> ProgrammeRow:
    values = dict(found)
    stars = StarScale(tuple(values.pop("star_minutes")), values.pop("star_quality_min"))
    return ProgrammeRow(**{**values, "lapse_policy": LapsePolicy(values["lapse_policy"]), "stars": stars})


_FETCH = text(f"SELECT {_COLUMNS} FROM programmes WHERE id = :programme")


async def fetch_programme(reader: Reader | Tx, programme: ProgrammeId) -> ProgrammeRow | None:
    """One programme."""
    row = (await reader.execute(_FETCH, {"programme": programme})).mappings().one_or_none()
    return _row(row) if row else None


_STARS = text("SELECT star_minutes, star_quality_min FROM programmes WHERE id = :programme")


async def fetch_stars(reader: Reader | Tx, programme: ProgrammeId) -> StarScale:
    """From how many verified minutes on a programme gives how many stars."""
    thresholds, quality_min = (await reader.execute(_STARS, {"programme": programme})).one()
    return StarScale(tuple(thresholds), quality_min)


_APPEAL_DAYS = text("SELECT appeal_days FROM programmes WHERE id = :programme")


async def fetch_appeal_days(reader: Reader | Tx, programme: ProgrammeId) -> int:
    """How many working days there are to appeal a penalty."""
    return int((await reader.execute(_APPEAL_DAYS, {"programme": programme})).scalar_one())


_ZONE = text("SELECT zone FROM programmes WHERE id = :programme")


async def fetch_zone(reader: Reader | Tx, programme: ProgrammeId) -> str:
    """The name of the time zone in which a programme's business days begin and end."""
    return str((await reader.execute(_ZONE, {"programme": programme})).scalar_one())


_IDS = text("SELECT id FROM programmes ORDER BY id")


async def fetch_programme_ids(reader: Reader) -> Sequence[ProgrammeId]:
    """All programmes of this database."""
    return [ProgrammeId(row[0]) for row in await reader.execute(_IDS)]


_INSERT = text("""
INSERT INTO programmes (id, name, region_code, zone, fen_per_hundred_points, lapse_policy, grace_days, notice_days,
                        expiry_years, points_max, confirm_points, confirm_count, same_amount_s, redemptions_a_day,
                        pool_grant_points, pool_year_points, family_use, family_members, sandbox, created_at)
VALUES (:id, :name, :region_code, :zone, :fen_per_hundred_points, :lapse_policy, :grace_days, :notice_days,
        :expiry_years, :points_max, :confirm_points, :confirm_count, :same_amount_s, :redemptions_a_day,
        :pool_grant_points, :pool_year_points, :family_use, :family_members, :sandbox, :created_at)
ON CONFLICT (id) DO NOTHING RETURNING id
""")
_INSERT_HEAD = text("""
INSERT INTO journal_heads (programme_id, next_seq, next_account_no, recorded_at) VALUES (:id, 1, 1, :created_at)
""")


async def insert_programme(tx: Tx, programme: ProgrammeRow) -> bool:
    """Add a programme with an empty journal; False when its code is taken."""
    values = {
        "id": programme.id,
        "name": programme.name,
        "region_code": programme.region_code,
        "zone": programme.zone,
        "fen_per_hundred_points": programme.fen_per_hundred_points,
        "lapse_policy": programme.lapse_policy.value,
        "grace_days": programme.grace_days,
        "notice_days": programme.notice_days,
        "expiry_years": programme.expiry_years,
        "points_max": programme.points_max,
        "confirm_points": programme.confirm_points,
        "confirm_count": programme.confirm_count,
        "same_amount_s": programme.same_amount_s,
        "redemptions_a_day": programme.redemptions_a_day,
        "pool_grant_points": programme.pool_grant_points,
        "pool_year_points": programme.pool_year_points,
        "family_use": programme.family_use,
        "family_members": programme.family_members,
        "sandbox": programme.sandbox,
        "created_at": programme.created_at,
    }
    if (await tx.execute(_INSERT, values)).one_or_none() is None:
        return False
    await tx.execute(_INSERT_HEAD, {"id": programme.id, "created_at": programme.created_at})
    return True


_UPDATE = text(f"""
UPDATE programmes SET
    name = :name, fen_per_hundred_points = :fen_per_hundred_points, settlement_fund_id = :settlement_fund,
    lapse_policy = :lapse_policy, grace_days = :grace_days, notice_days = :notice_days, expiry_years = :expiry_years,
    points_max = :points_max, confirm_points = :confirm_points, confirm_count = :confirm_count,
    same_amount_s = :same_amount_s, redemptions_a_day = :redemptions_a_day, star_minutes = :star_minutes,
    star_quality_min = :star_quality_min, appeal_days = :appeal_days,
    pool_grant_points = :pool_grant_points, pool_year_points = :pool_year_points, family_use = :family_use,
    family_members = :family_members,
    revision = revision + 1
WHERE id = :programme AND revision = :revision
RETURNING {_COLUMNS}
""")


_LOCK = text("SELECT id FROM programmes WHERE id = :programme FOR NO KEY UPDATE")


async def lock_settings(tx: Tx, programme: ProgrammeId) -> None:
    """Keep others from changing settings of this programme until the transaction ends."""
    await tx.execute(_LOCK, {"programme": programme})


async def update_programme(
    tx: Tx, programme: ProgrammeId, revision: int, values: Mapping[str, object]
) -> ProgrammeRow | None:
    """Set all settings, if nobody has changed them since `revision`; None otherwise."""
    found = await tx.execute(_UPDATE, {**values, "programme": programme, "revision": revision})
    row = found.mappings().one_or_none()
    return _row(row) if row else None
