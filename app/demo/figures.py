"""The published figures and codes that the synthetic city is calibrated to. Nobody in it is real."""

import csv
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from app.store.regions import Region

_DATA = Path(__file__).with_name("data")


@dataclass(frozen=True, slots=True)
class SponsoredFund:
    """A fund and what it was given in fen, where that is known."""

    code: str
    name: str
    sponsor: str
    purpose: str
    amount_fen: int | None


@dataclass(frozen=True, slots=True)
class CityFigures:
    """What is known of the city."""

    programme: str
    name: str
    region: str
    zone: str
    volunteers: int
    teams: int
    service_hours: int
    merchants: int
    we_stations: int
    named_stations: tuple[str, ...]
    team_kinds: tuple[str, ...]
    activities: tuple[str, ...]
    funds: tuple[SponsoredFund, ...]
    regions: tuple[Region, ...]
    honour_names: tuple[str, ...]
    honour_editions: int
    honours: int
    sandbox: bool = False

    @property
    def towns(self) -> list[Region]:
        """The city's towns and subdistricts."""
        return [region for region in self.regions if region.level == "town"]

    @property
    def mean_hours(self) -> float:
        """Hours of service per volunteer."""
        return self.service_hours / self.volunteers


def _read_regions() -> tuple[Region, ...]:
    with (_DATA / "regions_cixi.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return tuple(Region(row["code"], row["name"], row["level"], row["parent"] or None, row["kind"]) for row in rows)


def _fund(given: dict[str, Any]) -> SponsoredFund:
    purpose = given.get("purpose", "志愿者礼遇")
    return SponsoredFund(given["code"], given["name"], given["sponsor"], purpose, given["amount_fen"])


@cache
def city_figures() -> CityFigures:
    """The figures of the first city, from the data files beside this module."""
    given = json.loads((_DATA / "city_cixi.json").read_text(encoding="utf-8"))
    activities = [*given["regular_services"], *given["emergency_services"]]
    activities += [service for kind in given["team_kinds"] for service in kind["services"]]
    return CityFigures(
        programme=given["programme"]["code"],
        name=given["programme"]["name"],
        region=given["programme"]["region"],
        zone=given["programme"]["timezone"],
        volunteers=given["volunteers"],
        teams=given["teams"],
        service_hours=given["service_hours"],
        merchants=given["merchants"]["count"],
        we_stations=given["we_stations"]["count"],
        named_stations=tuple(given["we_stations"]["named"]),
        team_kinds=tuple(kind["name"] for kind in given["team_kinds"]),
        activities=tuple(dict.fromkeys(activities)),
        funds=tuple(_fund(fund) for fund in given["funds"]),
        regions=_read_regions(),
        honour_names=tuple(given["honours"]["categories"]),
        honour_editions=given["honours"]["editions"],
        honours=given["honours"]["awarded"],
    )


def sandbox_figures() -> CityFigures:
    """A small programme beside the city's, where vendors try their tills out."""
    city = city_figures()
    return replace(
        city,
        programme=f"{city.programme}-sandbox",
        name=f"{city.name} (沙箱 sandbox)",
        volunteers=20,
        service_hours=20 * 60,
        teams=40,
        merchants=2,
        team_kinds=city.team_kinds[:1],
        we_stations=2,
        named_stations=city.named_stations[:2],
        honours=0,
        sandbox=True,
    )
