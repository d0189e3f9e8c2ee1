"""The register of consent texts over HTTP: written by one, published by another, named by every consent after it."""

import asyncio
import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner
from uuid_utils.compat import uuid7

from app.actions.users import NewUser, create_user
from app.cli import cli
from app.core.consents import Purpose
from app.core.ids import NOBODY, ConsentTextId, ProgrammeId, UserId, VolunteerId
from app.demo.consent_texts import city_texts, load_consent_texts
from app.demo.loaded import LoadedCity
from app.security.actors import ActorKind
from app.store.consent_texts import fetch_drafts
from app.store.consents import fetch_consent
from app.store.database import Database
from app.store.migrating import upgrade
from tests.support.calls import Json
from tests.support.cities import a_city
from tests.support.clocks import START, Clock
from tests.support.databases import EMPTY, TestServer, a_database
from tests.support.people import register, someone
from tests.support.service_calls import Person, a_volunteer, person
from tests.support.sites import Site

OWN = "/v1/me/consents"
DRAFTS = "/v1/consent-text-drafts"
PUBLIC = "/v1/consent-texts?programme=cixi"


def says(site: Site, version: str = "2026-1", **more: Any) -> Json:  # noqa: ANN401 - JSON
    """A body that drafts a text of the wall of honour, in force today."""
    return {
        "purpose": "honour_wall",
        "version": version,
        "text_zh": f"同意公开 {version}",
        "text_en": f"I agree, {version}",
        "effective_from": site.clock.now.date().isoformat(),
        **more,
    }


async def _publish(site: Site, version: str = "2026-1", **more: Any) -> Json:  # noqa: ANN401 - JSON
    drafted = await _people(site)[0].post(DRAFTS, says(site, version, **more), 201)
    return await _people(site)[1].post(f"{DRAFTS}/{drafted['id']}/publish", None, 201)


def _people(site: Site) -> tuple[Person, Person]:
    return person(site, "author", ActorKind.ADMIN), person(site, "publisher", ActorKind.ADMIN)


async def _in_force(site: Site, who: Person) -> str | None:
    async with site.database.read() as reader:
        volunteer = VolunteerId(who.subject)
        found = await fetch_consent(reader, site.city.programme, volunteer, Purpose.HONOUR_WALL, site.clock.now)
    return found.version if found else None


def _wall(version: str) -> Json:
    return {"purpose": "honour_wall", "version": version}


async def test_two_people_publish_a_text(site: Site) -> None:
    """Its author does not; a version once published is taken; what waits is listed until it is published."""
    author, publisher = _people(site)
    drafted = await author.post(DRAFTS, says(site), 201)
    assert [draft["id"] for draft in (await publisher.get(DRAFTS))["drafts"]] == [drafted["id"]]
    assert (await author.post(f"{DRAFTS}/{drafted['id']}/publish", None, 409))["code"] == "SELF_REVIEW"
    published = await publisher.post(f"{DRAFTS}/{drafted['id']}/publish", None, 201)
    assert (published["standing"], published["sha256"]) == ("in_force", drafted["sha256"])
    assert (await publisher.get(DRAFTS))["drafts"] == []
    assert (await author.post(DRAFTS, says(site), 409))["code"] == "ALREADY_EXISTS"
    assert (await publisher.post(f"{DRAFTS}/{drafted['id']}/publish", None, 409))["code"] == "ALREADY_EXISTS"
    assert (await publisher.post(f"{DRAFTS}/ctd_{uuid7().hex}/publish", None, 404))["code"] == "NOT_FOUND"


async def test_anybody_reads_the_texts_and_may_keep_them(site: Site) -> None:
    """Without a token: in force and announced, with a hash that anybody can recompute; old versions by name."""
    await _publish(site)
    later = (site.clock.now + timedelta(days=3)).date().isoformat()
    await _publish(site, "2026-2", effective_from=later)
    answer = await site.client.get(PUBLIC)
    assert answer.headers["cache-control"] == "public, max-age=300"
    texts = answer.json()["texts"]
    assert [(one["version"], one["standing"]) for one in texts] == [("2026-1", "in_force"), ("2026-2", "announced")]
    first = texts[0]
    said = json.dumps(
        [first[name] for name in ("purpose", "version", "text_zh", "text_en")],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    assert first["sha256"] == sha256(said.encode()).hexdigest()
    site.clock.move(timedelta(days=4))
    assert [one["version"] for one in (await site.client.get(PUBLIC)).json()["texts"]] == ["2026-2"]
    old = await site.client.get("/v1/consent-texts/honour_wall/2026-1?programme=cixi")
    assert (old.json()["standing"], old.json()["sha256"]) == ("superseded", first["sha256"])
    assert (await site.client.get("/v1/consent-texts/honour_wall/2026-9?programme=cixi")).status_code == 404
    assert (await site.client.get("/v1/consent-texts?programme=nowhere")).json() == {"texts": []}
    assert (await site.client.get(f"{PUBLIC}&purpose=wechat_login")).json() == {"texts": []}


async def test_a_consent_names_a_version_in_force_and_keeps_its_hash(site: Site) -> None:
    """Before the first text anything goes, unregistered; then only what is in force, and its hash is in the ledger."""
    volunteer = a_volunteer(site)
    assert (await volunteer.post(OWN, _wall("2026-1"), 201))["text_hash"] is None
    published = await _publish(site)
    refused = await volunteer.post(OWN, _wall("2025-9"), 409)
    assert (refused["code"], refused["figures"]) == ("CONSENT_TEXT_NOT_IN_FORCE", {"version": "2026-1"})
    site.clock.move(timedelta(minutes=1))
    given = await volunteer.post(OWN, _wall("2026-1"), 201)
    assert (given["number"], given["text_hash"]) == (2, published["sha256"])
    assert await volunteer.post(OWN, _wall("2026-1"), 201) == given
    withdrawn = await volunteer.post(f"{OWN}/withdraw", {"purpose": "honour_wall"}, 201)
    assert withdrawn["text_hash"] == published["sha256"]


async def test_everywhere_that_consent_is_given(site: Site) -> None:
    """Entered for somebody, or with a registration: the same rule."""
    await _publish(site, purpose="data_registration")
    admin = person(site, "registrar", ActorKind.ADMIN)
    body = {**someone(1).body, "consent": {"version": "2025-9", "channel": "web"}}
    assert (await admin.post("/v1/volunteers", body, 409))["code"] == "CONSENT_TEXT_NOT_IN_FORCE"
    made = await register(admin, someone(1), consent={"version": "2026-1", "channel": "web"})
    entered = {"purpose": "data_registration", "version": "2025-9", "channel": "paper"}
    refused = await admin.post(f"/v1/volunteers/{made['id']}/consents", entered, 409)
    assert refused["code"] == "CONSENT_TEXT_NOT_IN_FORCE"


async def test_a_newer_text_leaves_consents_as_they_are_unless_it_asks_again(site: Site) -> None:
    """The first is taken over; the one that asks again ends all from before it, from its day on."""
    volunteer = a_volunteer(site)
    await _publish(site)
    await volunteer.post(OWN, _wall("2026-1"), 201)
    site.clock.move(timedelta(hours=1))
    await _publish(site, "2026-2")
    assert await _in_force(site, volunteer) == "2026-1"
    day = (site.clock.now + timedelta(days=2)).date().isoformat()
    await _publish(site, "2026-3", effective_from=day, ask_again=True)
    assert await _in_force(site, volunteer) == "2026-1"
    site.clock.move(timedelta(days=3))
    assert await _in_force(site, volunteer) is None
    await volunteer.post(OWN, _wall("2026-3"), 201)
    assert await _in_force(site, volunteer) == "2026-3"


async def test_both_are_in_the_audit_trail(site: Site) -> None:
    """Who wrote which words, by their hash, and who published them."""
    published = await _publish(site)
    rows = (await person(site, "auditor", ActorKind.AUDITOR).get("/v1/audit-trail?limit=200"))["rows"]
    told = {row["action"]: row for row in rows if row["action"].startswith("consent-text.")}
    assert set(told) == {"consent-text.draft", "consent-text.publish"}
    assert {row["changes"]["sha256"] for row in told.values()} == {published["sha256"]}
    assert len({row["actor"] for row in told.values()}) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": "everything"},
        {"version": "第一版"},
        {"text_zh": ""},
        {"text_en": "tab\there"},
        {"text_zh": " 前有空格"},
        {"effective_from": "soon"},
    ],
)
async def test_bad_input_is_refused(site: Site, wrong: Json) -> None:
    """400, and nothing is written."""
    author, _ = _people(site)
    assert (await author.post(DRAFTS, {**says(site), **wrong}, 400))["code"] == "PARAM_ERROR"
    assert (await author.get(DRAFTS))["drafts"] == []


def test_the_shipped_texts_are_whole() -> None:
    """One for each purpose, in both languages, under the version that the demo names."""
    texts = city_texts()
    assert {one.purpose for one in texts} == set(Purpose)
    assert {one.version for one in texts} == {"2026-1"}
    assert all(any("\u4e00" <= each <= "\u9fff" for each in one.text_zh) for one in texts)
    assert not any("\u4e00" <= each <= "\u9fff" for one in texts for each in one.text_en)


async def test_the_demo_publishes_them_by_two_people(site: Site) -> None:
    """Drafted by the administrator, published by the reviewer; all are in force at once."""
    author, publisher = (UserId(who.subject) for who in _people(site))
    loaded = LoadedCity(programme=site.city.programme, admin=author, auditor=author, organiser=author, passwords={})
    async with site.database.begin() as tx:
        await load_consent_texts(tx, loaded, publisher, site.clock.now)
    told = (await site.client.get(PUBLIC)).json()["texts"]
    assert {one["purpose"] for one in told} == {purpose.value for purpose in Purpose}
    assert {one["standing"] for one in told} == {"in_force"}


@pytest.fixture
async def city(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> ProgrammeId:
    """A city with an administrator and an auditor, on the database that the command works on."""
    monkeypatch.setenv("LIYU_DATABASE_URL", database.url)
    made = await a_city(database, clock, volunteers=1)
    async with database.begin() as tx:
        for kind in (ActorKind.ADMIN, ActorKind.AUDITOR):
            new = NewUser(id=UserId(uuid7()), kind=kind, username=kind.value, password="a long enough one 1")
            await create_user(tx, made.programme, new, clock.now)
    return made.programme


async def test_the_command_drafts_the_texts_of_a_file_once(database: Database, city: ProgrammeId) -> None:
    """In the author's name; loaded again nothing changes; an auditor writes none; a mistake is told with its place."""
    file = Path("app/demo/data/consent_texts_cixi.json")

    async def load(author: str, path: Path = file) -> tuple[int, str]:
        command = ["consent-texts", "load", city, str(path), "--author", author]
        said = await asyncio.to_thread(CliRunner().invoke, cli, command)
        return said.exit_code, said.output

    for _ in range(2):
        code, output = await load("admin")
        assert (code, output.count(": drafted\n")) == (0, len(Purpose))
    assert await load("auditor") == (1, "auditor of cixi may not write consent texts\n")
    assert (await load("admin", Path("app/demo/data/benefits_cixi.json")))[0] == 1
    async with database.read() as reader:
        assert len(await fetch_drafts(reader, city, ConsentTextId(NOBODY), 99)) == len(Purpose)


_OLD = """
INSERT INTO consents (programme_id, volunteer_id, id, purpose, number, step, version, channel, given_by, actor, at)
VALUES ('cixi', :volunteer, :id, 'honour_wall', 1, 'given', '2025-1', 'paper', 'self', 'usr_1', :at)
"""


async def test_consents_from_before_the_register_hold_on(server: TestServer) -> None:
    """The migration leaves them as they are, with no hash: unregistered, until a text asks again."""
    volunteer = VolunteerId(uuid7())
    async with a_database(server, EMPTY) as database:
        await upgrade(database, "20261217")
        async with database.begin() as tx:
            await tx.execute(text("SET LOCAL session_replication_role = replica"))
            await tx.execute(text(_OLD), {"volunteer": volunteer, "id": uuid7(), "at": START})
        await upgrade(database)
        async with database.read() as reader:
            found = await fetch_consent(reader, ProgrammeId("cixi"), volunteer, Purpose.HONOUR_WALL, START)
            kept = await reader.scalar(text("SELECT text_hash FROM consents"))
    assert found is not None
    assert (found.version, kept) == ("2025-1", None)
