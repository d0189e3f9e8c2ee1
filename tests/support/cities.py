"""A small city on a real database, with points in its wallets and money in its fund."""

from itertools import chain

from app.core.ids import ProgrammeId, TerminalId
from app.core.programmes import LapsePolicy
from app.store.database import Database
from tests.support.city_rows import City, SealedSecret, insert_city, name_city
from tests.support.clocks import Clock
from tests.support.commands import a_committer, a_submission, accepted
from tests.support.earnings import a_deposit, earn, services_for


def _no_secret(_programme: ProgrammeId, _terminal: TerminalId) -> bytes:
    return b"not a secret that opens"


async def a_city(
    database: Database,
    clock: Clock,
    *,
    volunteers: int = 3,
    merchants: int = 2,
    points: int = 500,
    fund_fen: int = 1_000_000,
    programme: str = "cixi",
    fen_per_hundred_points: int = 300,
    lapse_policy: LapsePolicy = LapsePolicy.GRACE,
    notice_days: int = 0,
    points_max: int = 100_000,
    confirm_points: int | None = None,
    confirm_count: int | None = None,
    same_amount_s: int = 0,
    redemptions_a_day: int | None = None,
    sandbox: bool = False,
    sealed_secret: SealedSecret = _no_secret,
) -> City:
    """Build a city whose volunteers have earned `points` each, now, and whose fund holds `fund_fen`.

    The same call gives the same ids on every database. `sealed_secret` is for tests whose tills sign.
    Nothing needs confirmation unless a test says so.
    """
    city = name_city(programme, volunteers=volunteers, merchants=merchants)
    settings: dict[str, int | str | None] = {
        "rate": fen_per_hundred_points,
        "lapse_policy": lapse_policy.value,
        "notice_days": notice_days,
        "points_max": points_max,
        "confirm_points": confirm_points,
        "confirm_count": confirm_count,
        "same_amount_s": same_amount_s,
        "redemptions_a_day": redemptions_a_day,
        "sandbox": sandbox,
    }
    await insert_city(database, city, settings, sealed_secret, clock.now)
    async with a_committer(database, city.programme, clock) as committer:
        if fund_fen:
            accepted(await committer.submit(a_submission(a_deposit(city, fund_fen, clock.now), "deposit")))
        everyone = (services_for(volunteer, points, clock.now) for volunteer in city.volunteers)
        await earn(database, committer, city, list(chain.from_iterable(everyone)))
    return city
