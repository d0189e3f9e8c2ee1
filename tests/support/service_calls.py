"""Service records over HTTP: a tree of teams, organisers with their part of it, and bodies that can be entered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text

from app.core.ids import NOBODY, TeamId, VolunteerId, format_id
from app.security.actors import ActorKind
from tests.support.calls import Json
from tests.support.sites import Site

RECORDS = "/v1/service-records"
TOWNS = ("330282001", "330282002")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who enters, verifies or reads, on a site."""

    site: Site
    kind: ActorKind
    subject: UUID
    team: TeamId | None = None
    region: str | None = None
    volunteer: VolunteerId | None = None

    async def send(self, method: str, target: str, body: Json | None = None, status: int = 200) -> Json:
        """Send a request with a fresh key, and expect its status."""
        headers = await self.site.headers(
            self.kind, subject=self.subject, team=self.team, region=self.region, volunteer=self.volunteer
        )
        answer = await self.site.client.request(method, target, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        found: Json = answer.json()
        return found

    async def get(self, target: str, status: int = 200) -> Json:
        """Read something."""
        return await self.send("GET", target, None, status)

    async def post(self, target: str, body: Json | None = None, status: int = 200) -> Json:
        """Change something."""
        return await self.send("POST", target, body, status)

    async def enter(self, body: Json, status: int = 201) -> Json:
        """Enter a record."""
        return await self.post(RECORDS, body, status)

    async def verify(self, record: Json, status: int = 200) -> Json:
        """Verify a record."""
        return await self.post(f"{RECORDS}/{record['id']}/verify", None, status)

    async def listed(self, query: str = "") -> list[str]:
        """The ids of the records that this person sees."""
        return [row["id"] for row in (await self.get(f"{RECORDS}?limit=200{query}"))["records"]]


def person(site: Site, name: str, kind: ActorKind = ActorKind.ORGANISER, **more: Any) -> Person:  # noqa: ANN401 - as `Person` takes them
    """Somebody who is always the same for the same name."""
    return Person(site=site, kind=kind, subject=uuid5(NOBODY, name), **more)


def an_admin(site: Site, name: str = "admin") -> Person:
    """An administrator."""
    return person(site, name, ActorKind.ADMIN)


def a_volunteer(site: Site, number: int = 0) -> Person:
    """One of the city's volunteers."""
    own = site.city.volunteers[number]
    return Person(site=site, kind=ActorKind.VOLUNTEER, subject=own, volunteer=own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A root (总队), two teams of tier 2 in two towns, and one small team under each."""

    root: TeamId
    middle: tuple[TeamId, TeamId]
    small: tuple[TeamId, TeamId]


_TEAM = text("""
INSERT INTO teams (programme_id, id, parent_id, tier, kind, name, region_code, created_at)
VALUES (:programme, :id, :parent, :tier, 'general', :name, :region, now())
""")
_TOWN = text("""
INSERT INTO regions (programme_id, code, name, level, parent_code, kind)
VALUES (:programme, :code, :code, 'town', '330282', 'official')
""")


async def a_tree(site: Site) -> Tree:
    """The tree under the city's own root."""
    city = site.city
    middle, small = ([TeamId(uuid5(NOBODY, f"{tier} {number}")) for number in (0, 1)] for tier in ("middle", "small"))
    async with site.database.begin() as tx:
        for number, town in enumerate(TOWNS):
            shared = {"programme": city.programme, "region": town}
            await tx.execute(_TOWN, {"programme": city.programme, "code": town})
            await tx.execute(
                _TEAM, {**shared, "id": middle[number], "parent": city.team, "tier": 2, "name": f"大队{number}"}
            )
            await tx.execute(
                _TEAM, {**shared, "id": small[number], "parent": middle[number], "tier": 3, "name": f"小队{number}"}
            )
    return Tree(root=city.team, middle=(middle[0], middle[1]), small=(small[0], small[1]))


def stays(*pairs: tuple[datetime, datetime]) -> list[Json]:
    """Check-ins as a body has them."""
    return [{"checked_in_at": begin.isoformat(), "checked_out_at": end.isoformat()} for begin, end in pairs]


def a_record(
    site: Site,
    *,
    minutes: int = 90,
    ended_ago: timedelta = timedelta(days=1),
    number: int = 0,
    **changed: Any,  # noqa: ANN401 - JSON
) -> Json:
    """A checked-in record of one of the city's volunteers, in the city's root team unless said otherwise."""
    ended = site.clock.now - ended_ago
    began = ended - timedelta(minutes=minutes)
    return {
        "volunteer_id": format_id("vol", site.city.volunteers[number]),
        "team_id": format_id("tea", site.city.team),
        "evidence": "checked-in",
        "activity": "文明劝导",
        "started_at": began.isoformat(),
        "ended_at": ended.isoformat(),
        "check_ins": stays((began, ended)),
        **changed,
    }


def attested(body: Json, minutes: int) -> Json:
    """The same service, attested instead of checked in."""
    return {**body, "evidence": "attested", "check_ins": [], "minutes": minutes}
