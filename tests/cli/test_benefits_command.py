"""`liyu benefits load`: drafts in a person's name from a file; a file with a mistake changes nothing."""

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result
from uuid_utils.compat import uuid7

from app.actions.users import NewUser, create_user
from app.cli import cli
from app.core.ids import UserId
from app.security.actors import ActorKind
from app.store.benefit_drafts import fetch_benefit_drafts
from app.store.database import Database
from app.store.policy_drafts import DraftState
from tests.support.benefit_calls import says_benefit
from tests.support.calls import Json
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.clocks import Clock


async def load(folder: Path, city: City, author: str, *bodies: Json) -> Result:
    """Call the command on a file of these benefits."""
    file = folder / "benefits.json"
    file.write_text(json.dumps({"benefits": bodies}), encoding="utf-8")
    command = ["benefits", "load", city.programme, str(file), "--author", author]
    return await asyncio.to_thread(CliRunner().invoke, cli, command)


@pytest.fixture
async def city(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> City:
    """A city with an administrator and an auditor, on the database that the command works on."""
    monkeypatch.setenv("LIYU_DATABASE_URL", database.url)
    made = await a_city(database, clock, volunteers=1)
    async with database.begin() as tx:
        for kind in (ActorKind.ADMIN, ActorKind.AUDITOR):
            new = NewUser(id=UserId(uuid7()), kind=kind, username=kind.value, password="a long enough one 1")
            await create_user(tx, made.programme, new, clock.now)
    return made


async def test_a_file_becomes_drafts_once(database: Database, city: City, tmp_path: Path) -> None:
    """In the author's name, with an audit row each; loaded again nothing changes."""
    bodies = (says_benefit("aa"), says_benefit("bb"))
    for _ in range(2):
        said = await load(tmp_path, city, "admin", *bodies)
        assert (said.exit_code, said.output) == (0, "aa@2026-1: drafted\nbb@2026-1: drafted\n")
    changed = await load(tmp_path, city, "admin", says_benefit("aa", name="另一个"))
    assert changed.output == "aa@2026-1: IDEMPOTENCY_KEY_USED\n"
    async with database.read() as reader:
        drafts = await fetch_benefit_drafts(reader, city.programme)
        audit = await reader.scalar(text("SELECT count(*) FROM audit_rows WHERE action = 'benefit.draft'"))
    assert [(one.benefit.reference, one.state, one.revision) for one in drafts] == [
        ("aa@2026-1", DraftState.DRAFT, 1),
        ("bb@2026-1", DraftState.DRAFT, 1),
    ]
    assert audit == 2


async def test_a_mistake_is_told_with_its_place(database: Database, city: City, tmp_path: Path) -> None:
    """And of the other benefits of the file none is drafted either."""
    said = await load(tmp_path, city, "admin", says_benefit("aa"), says_benefit("bb", levels=["city", "town"]))
    assert said.exit_code == 1
    assert "/benefits/1/levels: " in said.output
    said = await load(tmp_path, city, "admin", says_benefit("aa", kind="gift"))
    assert (said.exit_code, "/benefits/0/kind: " in said.output) == (1, True)
    async with database.read() as reader:
        assert await fetch_benefit_drafts(reader, city.programme) == []


@pytest.mark.parametrize("author", ["auditor", "nobody"])
async def test_only_who_may_write_benefits_is_their_author(city: City, tmp_path: Path, author: str) -> None:
    """An auditor may not, nor somebody who is not there."""
    said = await load(tmp_path, city, author, says_benefit())
    assert (said.exit_code, said.output) == (1, f"{author} of cixi may not write benefits\n")
