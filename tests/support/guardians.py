"""A guardian and a child of a site: confirmed at the station, and calling with the token that acts for the child."""

from dataclasses import dataclass

import httpx
from uuid_utils.compat import uuid7

from app.core.ids import format_id
from tests.support.calls import Json, an_admin
from tests.support.log_ins import bearing, set_birthday
from tests.support.sites import Site

OWN = "/v1/me/guardianships"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The first volunteer is the child, the second the guardian, the third nobody to them."""

    site: Site
    guardianship: str
    entered: Json

    @property
    def child(self) -> str:
        """The child's id."""
        return format_id("vol", self.site.city.volunteers[0])

    @property
    def guardian(self) -> str:
        """The guardian's id."""
        return format_id("vol", self.site.city.volunteers[1])

    @property
    def hand(self) -> str:
        """How the audit trail names the guardian who acts for the child."""
        return f"{self.guardian}/{self.child}"

    async def ask(self, method: str, target: str, body: Json | None = None, key: str | None = None) -> httpx.Response:
        """Call as the guardian for the child."""
        headers = {**bearing(self.entered), "Idempotency-Key": key or uuid7().hex, "If-Match": '"1"'}
        return await self.site.client.request(method, target, json=body, headers=headers)

    async def send(self, method: str, target: str, body: Json | None = None, status: int = 200) -> Json:
        """Call as the guardian for the child, and expect a status."""
        answer = await self.ask(method, target, body)
        assert answer.status_code == status, answer.text
        found: Json = answer.json()
        return found

    async def get(self, target: str, status: int = 200) -> Json:
        """Read as the guardian for the child."""
        return await self.send("GET", target, None, status)

    async def post(self, target: str, body: Json | None = None, status: int = 200) -> Json:
        """Change something as the guardian for the child."""
        return await self.send("POST", target, body, status)

    async def alone(self, method: str, target: str, body: Json | None = None, number: int = 0) -> httpx.Response:
        """Call as the child itself, or as another of the volunteers."""
        return await self.site.client.request(
            method, target, json=body, headers=await self.site.volunteer_headers(number)
        )

    async def acts(self, number: int = 0) -> list[tuple[str, str]]:
        """What the guardian has done, as one of the volunteers reads it."""
        answer = await self.alone("GET", f"{OWN}/{self.guardianship}/acts?limit=200", None, number)
        assert answer.status_code == 200, answer.text
        return [(act["action"], act["subject"]) for act in answer.json()["acts"]]

    async def end(self) -> None:
        """The guardian acts no more."""
        ended = await self.alone("POST", f"{OWN}/{self.guardianship}/end", None, 1)
        assert ended.status_code == 200, ended.text


async def a_family(site: Site, child_born: str = "2015-06-01") -> Family:
    """A guardianship in force, and a token with which the guardian acts."""
    child, guardian = site.city.volunteers[:2]
    await set_birthday(site, child, child_born)
    await set_birthday(site, guardian, "1985-05-05")
    asked = {"child_id": format_id("vol", child), "kinship": "parent", "consent": True, "consent_version": "2026-11"}
    proposed = await site.client.post(OWN, json=asked, headers=await site.volunteer_headers(1))
    assert proposed.status_code == 201, proposed.text
    named = str(proposed.json()["id"])
    await an_admin(site).post(f"/v1/guardianships/{named}/confirm", {"evidence": "户口簿"})
    acting = await site.client.post(f"{OWN}/{named}/tokens", headers=await site.volunteer_headers(1))
    assert acting.status_code == 201, acting.text
    return Family(site=site, guardianship=named, entered=acting.json())
