"""Settings that the till contract asks for: of the programme, and the birthday of a volunteer."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.security.actors import ActorKind
from app.store.database import Database
from tests.support.calls import Json, an_admin
from tests.support.catalogue import a_published, says, see
from tests.support.city_rows import REGION
from tests.support.sites import Site

LIMITS: Json = {"confirm_points": 700, "confirm_count": 5, "same_amount_s": 30, "redemptions_a_day": 20}
LIFTED: Json = {"confirm_points": None, "confirm_count": None, "redemptions_a_day": None}


async def _change(site: Site, changes: Json, status: int = 200) -> Json:
    revision = (await an_admin(site).get("/v1/programme"))["revision"]
    return await an_admin(site).send("PATCH", "/v1/programme", changes, status, If_Match=f'"{revision}"')


async def test_limits_are_set_and_lifted(site: Site) -> None:
    """What is sent changes, what is left out stays; null lifts a limit that may be lifted."""
    changed = await _change(site, LIMITS)
    assert {name: changed[name] for name in LIMITS} == LIMITS
    stays = await _change(site, {"grace_days": 9})
    assert {name: stays[name] for name in LIMITS} == LIMITS
    lifted = await _change(site, LIFTED)
    assert {name: lifted[name] for name in LIMITS} == LIMITS | LIFTED
    assert await an_admin(site).get("/v1/programme") == lifted


@pytest.mark.parametrize(
    "changes",
    [
        {"sandbox": True},
        {"confirm_points": -1},
        {"redemptions_a_day": 0},
        {"same_amount_s": 3601},
        {"same_amount_s": None},
    ],
)
async def test_a_setting_that_cannot_be_is_refused(site: Site, changes: Json) -> None:
    """A programme is or is no sandbox from its first day on; figures have their bounds; one may not be lifted."""
    before = await an_admin(site).get("/v1/programme")
    await _change(site, changes, 400)
    assert await an_admin(site).get("/v1/programme") == before


async def _liyu(database: Database, folder: Path, *words: str) -> tuple[int, str]:
    environment = os.environ | {"LIYU_DATABASE_URL": database.url, "LIYU_DATA_DIR": str(folder)}
    run = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app",
        *words,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await run.communicate()
    return run.returncode or 0, output.decode()


@pytest.mark.parametrize("words, sandbox", [((), False), (("--sandbox",), True)])
async def test_a_new_programme_has_limits(
    database: Database, tmp_path: Path, words: tuple[str, ...], *, sandbox: bool
) -> None:
    """More than 500 points, or the eleventh of a day, waits; 50 a day; a sandbox only when it was asked for."""
    regions = tmp_path / "regions.csv"
    regions.write_text("code,name,level,parent,kind\n330281,余姚市,county,,official\n", encoding="utf-8")
    named = ("programme", "create", "yuyao", "余姚", "--region", "330281", "--regions", str(regions))
    status, output = await _liyu(database, tmp_path, *named, *words)
    assert status == 0, output
    async with database.read() as reader:
        row = await reader.execute(
            text("SELECT confirm_points, confirm_count, same_amount_s, redemptions_a_day, sandbox FROM programmes")
        )
        assert tuple(row.one()) == (500, 10, 60, 50, sandbox)


async def _volunteer(site: Site, **more: Any) -> Json:  # noqa: ANN401 - JSON
    return await an_admin(site).post("/v1/volunteers", {"name": "李雷", "region_code": REGION, **more}, 201)


async def test_a_birthday_is_for_those_who_look_after_volunteers(site: Site) -> None:
    """In the answer about the one volunteer; in no list, no kept answer, no audit row."""
    made = await _volunteer(site, born_on="1990-05-17")
    target = f"/v1/volunteers/{made['id']}"
    assert (await an_admin(site).get(target))["born_on"] == "1990-05-17"
    assert (await an_admin(site).get(f"/v1/volunteers/{(await _volunteer(site))['id']}"))["born_on"] is None
    assert "born_on" not in made
    assert not any("born_on" in row for row in (await an_admin(site).get("/v1/volunteers"))["volunteers"])
    merchant = await site.headers(ActorKind.MERCHANT_STAFF, merchant=site.city.tills[0].merchant)
    assert (await site.client.get(target, headers=merchant)).status_code == 403
    async with site.database.read() as reader:
        for table in ("answers", "audit_rows"):
            rows = await reader.execute(text(f"SELECT t::text FROM {table} t"))
            assert not any("1990-05-17" in row[0] for row in rows)


@pytest.mark.parametrize("born_on", ["2026-03-03", "1899-12-31", "1990-02-30", 642_902_400])
async def test_a_birthday_that_cannot_be_is_refused(site: Site, born_on: str | int) -> None:
    """In the future, in another century, on no calendar."""
    body = {"name": "李雷", "region_code": REGION, "born_on": born_on}
    refused = await an_admin(site).post("/v1/volunteers", body, 400)
    assert [error["pointer"] for error in refused["errors"]] == ["/born_on"]


async def test_the_birthday_opens_the_gate_on_its_day(site: Site) -> None:
    """Eighteen from the first hour of the birthday in the programme's own time zone."""
    offer = (await a_published(site, says(age_min=18)))["id"]
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE volunteers SET born_on = '2008-03-03'"))
    site.clock.now = site.clock.now.replace(hour=15, minute=59, second=59)
    [obstacle] = (await see(site, f"/v1/me/offers/{offer}"))["obstacles"]
    assert obstacle["figures"] == {"gate": "age", "required": 18, "actual": 17}
    site.clock.now = site.clock.now.replace(hour=16, minute=0, second=0)
    assert (await see(site, f"/v1/me/offers/{offer}"))["available"]
