"""Synthetic people and their hours, drawn from a seed so that a demo repeats."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from app.core.check_ins import CheckIn
from app.core.ids import RecordId, TeamId, UserId, VolunteerId
from app.core.masking import mask_name
from app.core.personal_data import PersonalData
from app.core.quantities import Minutes
from app.core.record_items import RecordItems
from app.core.rows import Evidence, RecordState, ServiceRecord
from app.core.volunteers import VolunteerStatus
from app.demo.figures import CityFigures
from app.demo.identities import draw_identities
from app.store.service_records import RecordView
from app.store.teams import Team
from app.store.volunteers import VolunteerRow

SEED = 20231105
"""Of the city that `liyu demo` loads."""
_DAYS = 700
_SPREAD = 1.1
"""Sigma of the lognormal distribution of hours: many give a little, a few give very much."""
_RECORD_MINUTES = (60, 90, 120, 150, 180, 200, 240)
_HOURS_MAX = 1500


_NOBODY = PersonalData()


@dataclass(frozen=True, slots=True)
class Person:
    """A volunteer with all the service to be entered for them, and who it is."""

    volunteer: VolunteerRow
    records: tuple[RecordView, ...]
    data: PersonalData = _NOBODY


def _hours(draw: random.Random, mean: float) -> float:
    mu_shift = _SPREAD * _SPREAD / 2
    return min(_HOURS_MAX, mean * draw.lognormvariate(-mu_shift, _SPREAD))


def _records(
    draw: random.Random,
    figures: CityFigures,
    volunteer: VolunteerId,
    team: TeamId,
    recorder: UserId,
    now: datetime,
) -> Iterator[RecordView]:
    zone = ZoneInfo(figures.zone)
    left = round(_hours(draw, figures.mean_hours) * 60)
    days = draw.sample(range(1, _DAYS), min(_DAYS - 1, left // 60 + 1))
    for back in days:
        minutes = min(left, draw.choice(_RECORD_MINUTES))
        if minutes <= 0:
            return
        left -= minutes
        start = (now.astimezone(zone) - timedelta(days=back)).replace(
            hour=draw.randrange(8, 19), minute=draw.choice((0, 15, 30, 45)), second=0, microsecond=0
        )
        record = ServiceRecord(
            id=RecordId(uuid7()),
            state=RecordState.ENTERED,
            volunteer=volunteer,
            team=team,
            evidence=draw.choices((Evidence.CHECKED_IN, Evidence.IMPORTED, Evidence.ATTESTED), (85, 10, 5))[0],
            minutes=Minutes(minutes),
            level=draw.choices((1, 2, 3), (80, 15, 5))[0],
            started_at=start,
            ended_at=start + timedelta(minutes=minutes),
            recorder=recorder,
        )
        stays = (CheckIn(record.started_at, record.ended_at),) if record.evidence is Evidence.CHECKED_IN else ()
        yield RecordView(record, draw.choice(figures.activities), now, RecordItems(check_ins=stays))


def draw_people(
    figures: CityFigures,
    teams: Sequence[Team],
    count: int,
    recorder: UserId,
    now: datetime,
    seed: int = SEED,
) -> Iterator[Person]:
    """Volunteers of small teams, with hours around the city's real mean. No two of a person's records overlap."""
    draw = random.Random(seed)
    small = [team for team in teams if team.tier == 3]
    for data in islice(draw_identities(seed), count):
        team = draw.choice(small)
        volunteer = VolunteerRow(
            id=VolunteerId(uuid7()),
            status=VolunteerStatus.ACTIVE,
            masked_name=mask_name(data.name or ""),
            region_code=team.region_code,
            team=team.id,
            registered_at=now - timedelta(days=draw.randrange(_DAYS, _DAYS * 3)),
            revision=1,
            created_at=now,
            born_on=data.document.born_on if data.document else None,
        )
        yield Person(volunteer, tuple(_records(draw, figures, volunteer.id, team.id, recorder, now)), data)
