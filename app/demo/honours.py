"""The city's "四个10": as many honours as it has given, in its editions and categories, to people nobody knows."""

from collections.abc import Iterator, Sequence
from datetime import date

from uuid_utils.compat import uuid7

from app.core.honours import Honour, HonourKind, HonourLevel
from app.core.ids import HonourId, TeamId, VolunteerId
from app.demo.figures import CityFigures

_SYNTHETIC = "合成数据 synthetic"


def _counts(figures: CityFigures) -> list[int]:
    """How many for each category of each edition: the honours given, spread evenly."""
    places = figures.honour_editions * len(HonourKind)
    least, rest = divmod(figures.honours, places)
    return [least + (place < rest) for place in range(places)]


def draw_honours(
    figures: CityFigures, volunteers: Sequence[VolunteerId], teams: Sequence[TeamId], today: date
) -> Iterator[Honour]:
    """The honours in the order in which they were given, one edition a year, the last one last year.

    People and teams are taken in turn, workers from behind the volunteers; communities are the city's towns.
    """
    counts = iter(_counts(figures))
    for edition in range(1, figures.honour_editions + 1):
        awarded_on = date(today.year - 1 - figures.honour_editions + edition, 3, 5)
        for kind, name in zip(HonourKind, figures.honour_names, strict=True):
            count = next(counts)
            for number in range(count):
                place = (edition - 1) * count + number
                person = volunteers[place % len(volunteers)]
                if kind is HonourKind.WORKER:
                    person = volunteers[-1 - place % len(volunteers)]
                yield Honour(
                    id=HonourId(uuid7()),
                    kind=kind,
                    name=name,
                    awarded_by=_SYNTHETIC,
                    level=HonourLevel.COUNTY,
                    awarded_on=awarded_on,
                    evidence=_SYNTHETIC,
                    edition=edition,
                    volunteer=person if kind in {HonourKind.VOLUNTEER, HonourKind.WORKER} else None,
                    team=teams[place % len(teams)] if kind is HonourKind.TEAM else None,
                    region=figures.towns[place % len(figures.towns)].code if kind is HonourKind.COMMUNITY else None,
                )
