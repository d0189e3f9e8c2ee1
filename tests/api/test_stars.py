"""Stars over HTTP: shown with what is missing, falling with the hours, as of any day, by the programme's own table."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.ids import format_id
from app.store.database import Database
from tests.support import calls
from tests.support.catalogue import a_published, says, see
from tests.support.clocks import Clock
from tests.support.service_calls import RECORDS, a_volunteer, an_admin
from tests.support.sites import Site, a_site

HUNDRED_HOURS = 6_000
COLUMNS = """
SELECT table_name || '.' || column_name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name ~ 'star_|stars'
"""


@pytest.fixture
async def starred(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A site whose volunteers have a hundred hours each, so exactly their first star."""
    async with a_site(database, clock, tmp_path, volunteers=2, points=HUNDRED_HOURS) as site:
        yield site


async def _withdraw_one(site: Site) -> int:
    """Withdraw a record of the first volunteer through the API; its minutes."""
    [record, *_] = (await a_volunteer(site).get("/v1/me/service-records"))["records"]
    withdrawn = await an_admin(site).post(f"{RECORDS}/{record['id']}/withdraw")
    minutes: int = withdrawn["minutes"]
    return minutes


async def test_stars_fall_when_hours_are_withdrawn(starred: Site) -> None:
    """Wallet, stars and the gate of an offer: one star, and none as soon as a record is withdrawn."""
    offer = (await a_published(starred, says(stars_min=1)))["id"]
    volunteer = a_volunteer(starred)
    wallet = await volunteer.get("/v1/me/wallet")
    assert (wallet["stars"], wallet["next_star_missing_minutes"]) == (1, 12_000)
    assert (await see(starred, f"/v1/me/offers/{offer}"))["available"] is True
    lost = await _withdraw_one(starred)
    wallet = await volunteer.get("/v1/me/wallet")
    assert (wallet["minutes"], wallet["stars"]) == (HUNDRED_HOURS - lost, 0)
    assert wallet["next_star_missing_minutes"] == lost
    shown = await volunteer.get("/v1/me/stars")
    assert (shown["stars"], shown["next_star_missing_minutes"]) == (0, lost)
    [obstacle] = (await see(starred, f"/v1/me/offers/{offer}"))["obstacles"]
    assert obstacle["figures"] == {"gate": "stars", "required": 1, "actual": 0, "missing": 1}


async def test_nothing_keeps_stars(starred: Site) -> None:
    """No column but the programme's settings has to do with stars, and the frozen facts that order a waiting list."""
    async with starred.database.read() as reader:
        columns = await reader.execute(text(COLUMNS))
        settings = {"programmes.star_minutes", "programmes.star_quality_min"}
        assert {name for (name,) in columns} == settings | {"offer_versions.stars_min", "places.stars"}


async def test_stars_of_a_day_as_known_at_a_moment(starred: Site) -> None:
    """The day before the withdrawal keeps its star; known before it, so does today."""
    before = starred.clock.now.isoformat()
    day = starred.clock.now.date().isoformat()
    starred.clock.move(timedelta(days=2))
    today = starred.clock.now.date().isoformat()
    await _withdraw_one(starred)
    admin = an_admin(starred)
    target = f"/v1/volunteers/{format_id('vol', starred.city.volunteers[0])}/stars"

    async def stars(**query: str) -> int:
        answer = await starred.client.get(
            target, params=query, headers=await starred.headers(admin.kind, subject=admin.subject)
        )
        assert answer.status_code == 200, answer.text
        found: int = answer.json()["stars"]
        return found

    assert await stars() == 0
    assert await stars(effective_on=day) == 1
    assert await stars(effective_on=today) == 0
    assert await stars(effective_on=today, known_at=before) == 1
    assert await stars(effective_on="2020-01-01") == 0
    await admin.get(f"{target}?known_at=2026-03-02T00:00:00Z", 400)
    await admin.get(f"{target}?effective_on=9999-12-31", 400)
    await admin.get("/v1/volunteers/vol_00000000000000000000000000000000/stars", 404)


async def test_the_table_is_the_programmes(starred: Site) -> None:
    """Changed under If-Match, with an audit row; wallet and stars follow at once."""
    admin = calls.an_admin(starred)
    revision = (await admin.get("/v1/programme"))["revision"]
    table = [60, HUNDRED_HOURS, HUNDRED_HOURS + 1]
    changed = await admin.send("PATCH", "/v1/programme", {"star_minutes": table}, If_Match=f'"{revision}"')
    assert changed["star_minutes"] == table
    wallet = await a_volunteer(starred).get("/v1/me/wallet")
    assert (wallet["stars"], wallet["next_star_missing_minutes"]) == (2, 1)
    assert (await a_volunteer(starred).get("/v1/me/stars"))["star_minutes"] == table
    stale = await admin.send("PATCH", "/v1/programme", {"star_minutes": [60]}, 412, If_Match=f'"{revision}"')
    assert stale["code"] == "EDIT_CONFLICT"
    async with starred.database.read() as reader:
        rows = await reader.execute(text("SELECT changes::text FROM audit_rows WHERE action = 'programme.change'"))
        [noted] = [json.loads(changes) for (changes,) in rows]
    assert noted["after"] == {"star_minutes": table, "revision": revision + 1}
    assert noted["before"].keys() == {"star_minutes", "revision"}


@pytest.mark.parametrize("table", [[], [0, 60], [60, 60], [120, 60], list(range(1, 12)), [2**40]])
async def test_what_is_no_table_is_refused(starred: Site, table: list[int]) -> None:
    """400 at the field, and the table stays."""
    admin = calls.an_admin(starred)
    before = await admin.get("/v1/programme")
    revision = before["revision"]
    refused = await admin.send("PATCH", "/v1/programme", {"star_minutes": table}, 400, If_Match=f'"{revision}"')
    assert refused["errors"][0]["pointer"].startswith("/star_minutes")
    assert await admin.get("/v1/programme") == before
