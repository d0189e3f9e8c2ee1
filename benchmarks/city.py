"""The city that is measured: 21 merchants, one fund, volunteers with points enough for every run."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.api.services import Services
from app.core.ids import OfferId, RecordId, UserId, VolunteerId
from app.core.quantities import Minutes
from app.core.rows import Evidence, RecordState, ServiceRecord
from app.core.volunteers import VolunteerStatus
from app.demo.figures import CityFigures, city_figures
from app.demo.loaded import LoadedCity
from app.demo.loading import CityLoader
from app.demo.people import Person
from app.store.database import Database
from app.store.service_records import RecordView
from app.store.teams import Team
from app.store.volunteers import VolunteerRow

HOURS = 20


def plain_people(
    _figures: CityFigures, teams: Sequence[Team], count: int, recorder: UserId, now: datetime
) -> Iterator[Person]:
    """Volunteers with one long record each."""
    small = [team for team in teams if team.tier == 3]
    for number in range(count):
        team = small[number % len(small)]
        volunteer = VolunteerRow(
            id=VolunteerId(uuid7()),
            status=VolunteerStatus.ACTIVE,
            masked_name="张**",
            region_code=team.region_code,
            team=team.id,
            registered_at=now - timedelta(days=100),
            revision=1,
            created_at=now,
        )
        begin = now - timedelta(days=30)
        record = ServiceRecord(
            id=RecordId(uuid7()),
            state=RecordState.ENTERED,
            volunteer=volunteer.id,
            team=team.id,
            evidence=Evidence.CHECKED_IN,
            minutes=Minutes(HOURS * 60),
            level=1,
            started_at=begin,
            ended_at=begin + timedelta(hours=HOURS),
            recorder=recorder,
        )
        yield Person(volunteer, (RecordView(record, "文明劝导", now),))


_OFFER = (
    """INSERT INTO offers (programme_id, id, merchant_id, state, created_at)
       VALUES (:programme, :offer, :merchant, 'published', now())""",
    """INSERT INTO offer_versions (programme_id, offer_id, version, kind, name_zh, name_en, points, funding,
           face_value_fen, fund_ids, limits, fulfilment, voucher_days, created_by, created_at)
       SELECT id, :offer, 1, 'goods', '一杯咖啡', 'A coffee', 2, 'FUND_REIMBURSED', 6, ARRAY[settlement_fund_id],
           '[{"period": "day", "count": 1000000}]', 'voucher', 30, :admin, now()
       FROM programmes WHERE id = :programme""",
    """INSERT INTO offer_stocks (programme_id, offer_id, total) VALUES (:programme, :offer, 1000000000)""",
    """UPDATE programmes SET confirm_points = 2, confirm_count = NULL, redemptions_a_day = NULL, same_amount_s = 1
       WHERE id = :programme""",
)


async def prepare_offer(database: Database, city: LoadedCity) -> OfferId:
    """One offer of the first merchant, with stock, a limit and a fund; and a programme that holds above two points.

    Volunteers come round every few seconds here, so the guard against a second scan is one second, not sixty.
    """
    offer = OfferId(uuid7())
    values = {
        "programme": city.programme,
        "offer": offer,
        "merchant": city.terminals[0].merchant,
        "admin": city.admin,
    }
    async with database.begin() as tx:
        for statement in _OFFER:
            await tx.execute(text(statement), values)
    return offer


async def load_city(services: Services, volunteers: int) -> LoadedCity:
    """Load the city through the commands of production."""

    def show(what: str, done: int, total: int) -> None:
        if done == total or done % 10_000 == 0:
            print(f"  {what}: {done:,} of {total:,}", flush=True)

    figures = city_figures()
    loader = CityLoader(services, figures, show, plain_people)
    return await loader.load(volunteers / figures.volunteers)
