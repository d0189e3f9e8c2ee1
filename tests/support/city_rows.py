"""The rows of a small city that are not the ledger's: written by SQL, under ids that follow from names."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import text

from app.core.ids import (
    NOBODY,
    FundId,
    MerchantId,
    ProgrammeId,
    StoreId,
    TeamId,
    TerminalId,
    UserId,
    VolunteerId,
)
from app.store.database import Database, Tx

REGION = "330282"


def named(*parts: object) -> UUID:
    """The id that goes with a name: the same in every run and on every database."""
    return uuid5(NOBODY, "/".join(map(str, parts)))


@dataclass(frozen=True, slots=True)
class Till:
    """A terminal, its store and its merchant."""

    terminal: TerminalId
    store: StoreId
    merchant: MerchantId


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """The ids of what a city has. One point is one minute of service."""

    programme: ProgrammeId
    fund: FundId
    team: TeamId
    recorder: UserId
    verifier: UserId
    volunteers: tuple[VolunteerId, ...]
    tills: tuple[Till, ...]


def name_city(programme: str, *, volunteers: int, merchants: int) -> City:
    """The ids of a city of this size. Each merchant has one store with one terminal."""
    return City(
        programme=ProgrammeId(programme),
        fund=FundId(named(programme, "fund")),
        team=TeamId(named(programme, "team")),
        recorder=UserId(named(programme, "recorder")),
        verifier=UserId(named(programme, "verifier")),
        volunteers=tuple(VolunteerId(named(programme, "volunteer", number)) for number in range(volunteers)),
        tills=tuple(
            Till(
                TerminalId(named(programme, "terminal", number)),
                StoreId(named(programme, "store", number)),
                MerchantId(named(programme, "merchant", number)),
            )
            for number in range(merchants)
        ),
    )


SealedSecret = Callable[[ProgrammeId, TerminalId], bytes]
"""What the terminals table holds as a terminal's secret."""


async def insert_city(
    database: Database,
    city: City,
    settings: dict[str, int | str | None],
    sealed_secret: SealedSecret,
    at: datetime,
) -> None:
    """Write everything that a city is before its first command."""
    async with database.begin() as tx:
        await _insert_programme(tx, city, settings, at)
        await _insert_people(tx, city, at)
        await _insert_tills(tx, city, sealed_secret, at)


_PROGRAMME = (
    """INSERT INTO programmes (id, name, region_code, zone, fen_per_hundred_points, lapse_policy, grace_days,
           notice_days, expiry_years, points_max, confirm_points, confirm_count, same_amount_s, redemptions_a_day,
           sandbox, created_at)
       VALUES (:programme, '慈溪', :region, 'Asia/Shanghai', :rate, :lapse_policy, 30,
           :notice_days, 2, :points_max, :confirm_points, :confirm_count, :same_amount_s, :redemptions_a_day,
           :sandbox, :at)""",
    """INSERT INTO funds (programme_id, id, code, name, sponsor, purpose, created_at)
       VALUES (:programme, :fund, 'hemei', '和美基金', '慈善总会', '志愿者礼遇', :at)""",
    "UPDATE programmes SET settlement_fund_id = :fund WHERE id = :programme",
    """INSERT INTO regions (programme_id, code, name, level, kind)
       VALUES (:programme, :region, '慈溪市', 'county', 'official')""",
    """INSERT INTO teams (programme_id, id, tier, kind, name, region_code, created_at)
       VALUES (:programme, :team, 1, 'general', '总队', :region, :at)""",
    """INSERT INTO accrual_policies (programme_id, version, effective_from, rate_per_hour, coefficients_bp,
           created_by, created_at)
       VALUES (:programme, '2020-1', '2020-01-01', 60, '{"1": 10000, "2": 12000, "3": 15000}',
           :recorder, :at)""",
    """INSERT INTO journal_heads (programme_id, next_seq, next_account_no, recorded_at)
       VALUES (:programme, 1, 1, :at)""",
)


async def _insert_programme(tx: Tx, city: City, settings: dict[str, int | str | None], at: datetime) -> None:
    values = {
        **settings,
        "programme": city.programme,
        "region": REGION,
        "fund": city.fund,
        "team": city.team,
        "recorder": city.recorder,
        "at": at,
    }
    for statement in _PROGRAMME:
        await tx.execute(text(statement), values)


_VOLUNTEER = text("""
INSERT INTO volunteers (programme_id, id, status, masked_name, region_code, team_id, registered_at,
                        created_at)
VALUES (:programme, :id, 'active', '王*', :region, :team, :at, :at)
""")


async def _insert_people(tx: Tx, city: City, at: datetime) -> None:
    shared = {"programme": city.programme, "region": REGION, "team": city.team, "at": at}
    if city.volunteers:
        await tx.execute(_VOLUNTEER, [{**shared, "id": volunteer} for volunteer in city.volunteers])


_TILL = (
    """INSERT INTO merchants (programme_id, id, name, credit_code, status, region_code, created_at)
       VALUES (:programme, :merchant, :name, :credit_code, 'active', :region, :at)""",
    """INSERT INTO agreements (programme_id, id, merchant_id, number, starts_on, ends_on, created_at)
       VALUES (:programme, :merchant, :merchant, 'open', '2020-01-01', '9999-12-31', :at)""",
    """INSERT INTO stores (programme_id, id, merchant_id, name, region_code, created_at)
       VALUES (:programme, :store, :merchant, '总店', :region, :at)""",
    """INSERT INTO terminals (programme_id, id, merchant_id, store_id, label, secret, created_at)
       VALUES (:programme, :terminal, :merchant, :store, '1', :secret, :at)""",
)


async def _insert_tills(tx: Tx, city: City, sealed_secret: SealedSecret, at: datetime) -> None:
    for number, till in enumerate(city.tills):
        values = {
            "programme": city.programme,
            "merchant": till.merchant,
            "store": till.store,
            "terminal": till.terminal,
            "secret": sealed_secret(city.programme, till.terminal),
            "name": f"商户 {number}",
            "credit_code": f"91330282MA0000{number:03}X",
            "region": REGION,
            "at": at,
        }
        for statement in _TILL:
            await tx.execute(text(statement), values)
