"""No name, phone or document number stands in clear anywhere: database, log, files. And a leak would be found."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.cli import cli
from app.store.database import Database
from tests.support.calls import Json
from tests.support.clocks import Clock
from tests.support.people import as_volunteer, find_in_database, register, someone
from tests.support.processes import a_clock_of_today, start_server
from tests.support.service_calls import a_record, an_admin, person
from tests.support.sites import Site, a_site

PEOPLE = [someone(number) for number in range(6)]
SECRETS = [secret for one in PEOPLE for secret in one.secrets]
WHY = "核对礼遇材料"


@contextlib.asynccontextmanager
async def a_talkative_site(database: Database, folder: Path, log: Path) -> AsyncIterator[Site]:
    """A server process of its own, whose whole log, at its most talkative, is in a file."""
    async with a_site(database, a_clock_of_today(), folder) as inside:
        server = await asyncio.to_thread(
            start_server, database, log=str(log), LIYU_LOG_LEVEL="DEBUG", LIYU_LOG_JSON="1"
        )
        try:
            async with httpx.AsyncClient(base_url=server.base_url, timeout=60) as client:
                yield replace(inside, client=client)
        finally:
            server.process.terminate()
            server.process.wait(30)


async def _live(site: Site) -> Json:
    """Everything that personal data can be used for, the good ways and the bad; gives the erased one."""
    admin = an_admin(site)
    made = [await register(admin, one) for one in PEOPLE]
    await admin.post("/v1/volunteers", PEOPLE[0].body, 409)
    for change in ({"id_number": PEOPLE[1].id_number[:-1] + "A"}, {"phone": PEOPLE[1].phone + "0"}, {"name": "\n"}):
        await admin.post("/v1/volunteers", {**PEOPLE[1].body, **change}, 400)
    for one, volunteer in zip(PEOPLE, made, strict=True):
        target = f"/v1/volunteers/{volunteer['id']}"
        await admin.post(f"{target}/unmask", {"fields": ["name", "phone", "id_number"], "reason": WHY})
        await admin.post(f"{target}/export", {"reason": WHY})
        await admin.post("/v1/volunteers/look-up", {"phone": one.phone, "reason": WHY})
        await admin.post("/v1/volunteers/look-up", {"id_number": one.id_number, "reason": WHY})
        correction = {"name": one.name, "phone": one.phone, "reason": "更正更正"}
        await admin.post(f"{target}/personal-data", correction)
        record = await person(site, "recorder").enter(a_record(site, volunteer_id=volunteer["id"]))
        await person(site, "verifier").verify(record)
        own = as_volunteer(admin, volunteer)
        await own.post("/v1/me/consents", {"purpose": "honour_wall", "version": "1"}, 201)
        await own.get("/v1/me/export")
        await own.get("/v1/me/certificate", 200)
    asked = await as_volunteer(admin, made[0]).post("/v1/me/erasures", {"reason": "本人申请注销"}, 201)
    await admin.post(f"/v1/erasures/{asked['id']}/approve")
    await admin.post(f"/v1/volunteers/{made[0]['id']}/unmask", {"fields": ["name"], "reason": WHY}, 410)
    return made[0]


async def test_nothing_is_in_clear_anywhere(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After all of it: no column of any table, no line of the log, and not the list of erasures."""
    log = tmp_path / "log.jsonl"
    async with a_talkative_site(database, tmp_path, log) as site:
        erased = await _live(site)
    assert await find_in_database(database, SECRETS) == []
    said = log.read_text(encoding="utf-8")
    assert said.count('"event": "request"') > len(PEOPLE)
    assert [secret for secret in SECRETS if secret in said] == []
    listed = tmp_path / "erasures.jsonl"
    monkeypatch.setenv("LIYU_DATABASE_URL", database.url)
    told = await asyncio.to_thread(CliRunner().invoke, cli, ["vault", "erasures", str(listed)])
    assert told.exit_code == 0, told.output
    written = listed.read_text(encoding="utf-8")
    assert erased["id"] in written
    assert [secret for secret in SECRETS if secret in written or secret in told.output] == []


PLANTED: dict[str, tuple[str, dict[str, Any]]] = {
    "in an audit row, as JSON": (
        """INSERT INTO audit_rows (programme_id, number, id, actor, action, subject, changes, recorded_at, leaf_hash)
           VALUES ('cixi', 99999, gen_random_uuid(), 'x', 'x', 'x', json_build_object('name', CAST(:leak AS text)),
                   now(), sha256('x'))""",
        {"leak": PEOPLE[0].name},
    ),
    "as bytes": (
        "UPDATE vault_fields SET sealed = sealed || convert_to(:leak, 'UTF8') WHERE field = 'phone'",
        {"leak": PEOPLE[1].phone},
    ),
    "without the family name": (
        "UPDATE volunteers SET masked_name = '*' || CAST(:leak AS text)",
        {"leak": PEOPLE[2].name[2:]},
    ),
    "in an array": (
        """INSERT INTO data_approvals (programme_id, id, volunteer_id, fields, reason, asked_by, asked_at)
           SELECT programme_id, gen_random_uuid(), id, ARRAY[CAST(:leak AS text)], '', id, now()
           FROM volunteers LIMIT 1""",
        {"leak": PEOPLE[3].id_number},
    ),
}


@pytest.mark.parametrize("statement, values", PLANTED.values(), ids=PLANTED)
async def test_a_planted_leak_is_found(
    database: Database, clock: Clock, tmp_path: Path, statement: str, values: dict[str, Any]
) -> None:
    """The scan names table and column, so that its silence means something."""
    async with a_site(database, clock, tmp_path) as site:
        await register(an_admin(site), someone(7))
    async with database.begin() as tx:
        await tx.execute(text(statement), values)
    [(table, column, secret), *_] = await find_in_database(database, SECRETS)
    assert f"{table} {column}" in statement.replace("(", " ").replace("SET ", "").replace("UPDATE ", "") or column
    assert secret in values["leak"]
