"""Rounds over HTTP: bodies that can be drafted, and the steps from a draft to a seat."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from app.core.ids import format_id
from app.security.actors import ActorKind
from tests.support.calls import Caller, Json, an_admin
from tests.support.rounds import publish_benefit
from tests.support.sites import Site

ROUNDS = "/v1/rounds"
HOUR = timedelta(hours=1)


def _said(at: datetime) -> str:
    return at.isoformat()


def says_round(site: Site, **more: Any) -> Json:  # noqa: ANN401 - JSON
    """A body that drafts an event of two places tomorrow, first come, first served, open for an hour from now."""
    now = site.clock.now
    return {
        "benefit_code": "concert",
        "name_zh": "新年音乐会",
        "name_en": "New Year's Concert",
        "venue_zh": "慈溪大剧院",
        "mode": "first_come",
        "capacity": 2,
        "opens_at": _said(now),
        "closes_at": _said(now + HOUR),
        "event": {
            "doors_at": _said(now + 24 * HOUR),
            "starts_at": _said(now + 25 * HOUR),
            "ends_at": _said(now + 27 * HOUR),
        },
        "team_id": format_id("tea", site.city.team),
        **more,
    }


@dataclass(frozen=True, slots=True)
class Hall:
    """An administrator and a published round."""

    site: Site
    admin: Caller
    id: str

    @property
    def path(self) -> str:
        """Where the round is."""
        return f"{ROUNDS}/{self.id}"

    async def claim(self, number: int) -> httpx.Response:
        """A volunteer claims a place."""
        headers = await self.site.volunteer_headers(number)
        return await self.site.client.post(f"/v1/me/rounds/{self.id}/claim", headers=headers)

    async def claimed(self, number: int) -> Json:
        """What a volunteer's claim comes to, which must go through."""
        answer = await self.claim(number)
        assert answer.status_code == 201, answer.text
        claimed: Json = answer.json()
        return claimed

    async def own(self, number: int, target: str, method: str = "GET", status: int = 200) -> Json:
        """Something of a volunteer's own."""
        answer = await self.site.client.request(method, target, headers=await self.site.volunteer_headers(number))
        assert answer.status_code == status, answer.text
        found: Json = answer.json()
        return found

    async def place(self, number: int) -> Json:
        """A volunteer's newest place."""
        page = await self.own(number, "/v1/me/places")
        newest: Json = page["places"][0]
        return newest

    async def scan(self, code: str, door: str = "A1", *, ours: bool = True) -> httpx.Response:
        """Somebody shows a ticket to an organiser of the event's team, or to a stranger's."""
        site = self.site
        team = site.city.team if ours else None
        headers = await site.headers(ActorKind.ORGANISER, team=team, region=None if ours else "999999")
        return await site.client.post("/v1/door-scans", json={"code": code, "door": door}, headers=headers)


async def a_draft(site: Site, admin: Caller, **more: Any) -> Json:  # noqa: ANN401 - JSON
    """A round that nobody sees yet."""
    return await admin.post(ROUNDS, says_round(site, **more), 201)


async def a_hall(site: Site, **more: Any) -> Hall:  # noqa: ANN401 - JSON
    """A round of tickets for whoever has served an hour, published."""
    await publish_benefit(site.database, site.city)
    admin = an_admin(site)
    draft = await a_draft(site, admin, **more)
    await admin.send("POST", f"{ROUNDS}/{draft['id']}/publish", None, If_Match='"1"')
    return Hall(site, admin, draft["id"])
