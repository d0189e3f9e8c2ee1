"""The city that is measured: 21 merchants, one fund, volunteers with points enough for every run."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from uuid_utils.compat import uuid7

from app.api.services import Services
from app.core.ids import RecordId, UserId, VolunteerId
from app.core.quantities import Minutes
from app.core.rows import Evidence, RecordState, ServiceRecord
from app.core.volunteers import VolunteerStatus
from app.demo.figures import CityFigures, city_figures
from app.demo.loaded import LoadedCity
from app.demo.loading import CityLoader
from app.demo.people import Person
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


async def load_city(services: Services, volunteers: int) -> LoadedCity:
    """Load the city through the commands of production."""

    def show(what: str, done: int, total: int) -> None:
        if done == total or done % 10_000 == 0:
            print(f"  {what}: {done:,} of {total:,}", flush=True)

    figures = city_figures()
    loader = CityLoader(services, figures, show, plain_people)
    return await loader.load(volunteers / figures.volunteers)
