"""`liyu vault seal-words`: what stood in clear before words were sealed is sealed where it lies, whenever it stops."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from typer.testing import CliRunner, Result

from app.actions.sealing_words import seal_clear_words
from app.api.unsealing import open_answer
from app.cli import cli
from app.store.database import Database
from app.store.migrating import grant
from app.store.word_columns import WORD_COLUMNS
from tests.support.applications import ALL
from tests.support.clocks import Clock
from tests.support.ledgers import fetch_rows
from tests.support.people import find_in_database
from tests.support.service_calls import an_admin
from tests.support.sites import MASTER_KEY, Site, a_site
from tests.support.words import WRITTEN, Written, read_everything, write_everything

TEXTS = [(each.table, each.column) for each in WORD_COLUMNS]
JSONS = [("applications", "material"), ("answers", "outcome")]


@pytest.fixture
async def site(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A site as the applications' own tests have it."""
    async with a_site(database, clock, tmp_path) as running:
        yield running


async def _unseal(database: Database) -> None:
    """Bring a database to where it was before words were sealed; the audit trail is left as it was signed."""
    async with database.begin() as tx:
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        for table, column in (*TEXTS, *JSONS):
            rows = (await tx.execute(text(f"SELECT ctid::text, {column}::text FROM {table}"))).all()
            for place, kept in rows:
                is_json = (table, column) in JSONS
                said = await open_answer(database, (kept if is_json else json.dumps(kept)).encode())
                words = said.decode() if is_json else json.loads(said)
                cast = "json" if is_json else "text"
                query = f"UPDATE {table} SET {column} = CAST(:words AS {cast})"
                where = " WHERE ctid = CAST(CAST(:place AS text) AS tid)"
                await tx.execute(text(query + where), {"words": words, "place": place})


async def _seal(database: Database, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setenv("LIYU_DATABASE_URL", database.url)
    monkeypatch.setenv("LIYU_MASTER_KEY", base64.b64encode(MASTER_KEY).decode())
    return await asyncio.to_thread(CliRunner().invoke, cli, ["vault", "seal-words"])


async def _before(site: Site) -> tuple[Written, str]:
    written = await write_everything(site)
    read = await read_everything(written)
    await _unseal(site.database)
    found = {words for _, _, words in await find_in_database(site.database, WRITTEN)}
    assert found == set(WRITTEN)
    return written, read


async def test_what_stood_in_clear_is_sealed_and_reads_as_before(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every column, the material and the kept answers; a second run finds nothing, and tables stay append-only."""
    written, read = await _before(site)
    assert await read_everything(written) == read
    said = await _seal(site.database, monkeypatch)
    assert said.exit_code == 0, said.output
    assert "application_steps.reason" in said.output
    assert await find_in_database(site.database, WRITTEN) == []
    assert await read_everything(written) == read
    again = await _seal(site.database, monkeypatch)
    assert again.output.strip().endswith("nothing was in clear")
    shut = "SELECT DISTINCT tgenabled::text FROM pg_trigger WHERE tgname LIKE '%append_only'"
    assert await fetch_rows(site.database, shut) == [("O",)]


async def test_it_goes_on_where_it_broke_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row a time, and dead after a few: those stay sealed, the rest follows, nothing is sealed twice."""
    written, read = await _before(site)
    monkeypatch.setattr("app.actions.sealing_words._AT_ONCE", 1)
    for column in WORD_COLUMNS[:2]:
        async with site.database.begin() as tx:
            assert await seal_clear_words(tx, site.city.programme, column, site.clock.now) == 1
    assert (await _seal(site.database, monkeypatch)).exit_code == 0
    assert await read_everything(written) == read
    assert await find_in_database(site.database, WRITTEN) == []


async def test_an_erasure_before_it_takes_clear_words_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may be changed is blanked by the erasure, what is only appended to by the command: no key is made for it."""
    written, _ = await _before(site)
    asked = await written.hamlet.applicant.post("/v1/me/erasures", {"reason": "本人申请注销"}, 201)
    await an_admin(site).post(f"/v1/erasures/{asked['id']}/approve")
    left = {table for table, _, _ in await find_in_database(site.database, WRITTEN)}
    assert left == {"answers", "application_steps"}
    assert (await _seal(site.database, monkeypatch)).exit_code == 0
    assert await find_in_database(site.database, WRITTEN) == []
    shown = await written.hamlet.city.get(f"{ALL}/{written.application['id']}")
    assert shown["statement"] == ""


async def test_a_role_that_owns_nothing_is_told_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own role may not open a table that is only appended to; what it could seal stays sealed."""
    await _before(site)
    role = f"liyu_{site.database.url.rsplit('_', 1)[-1]}"
    async with site.database.begin() as tx:
        await tx.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'known to this test'"))
    await grant(site.database, role)
    url = make_url(site.database.url).set(username=role, password="known to this test")
    served = Database(url.render_as_string(hide_password=False))
    try:
        said = await _seal(served, monkeypatch)
    finally:
        await served.close()
        async with site.database.begin() as tx:
            await tx.execute(text(f"DROP OWNED BY {role}"))
            await tx.execute(text(f"DROP ROLE {role}"))
    assert (said.exit_code, "as the owner of the tables" in said.output) == (1, True)
    left = {table for table, _, _ in await find_in_database(site.database, WRITTEN)}
    assert "application_steps" in left
    assert "applications" not in left
