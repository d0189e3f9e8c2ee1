"""What people write about a person is kept sealed everywhere, read by whoever may, and goes with the person's key."""

from app.security.actors import ActorKind
from app.security.words import ERASED_WORDS, MARK
from app.store.words import NOT_KEPT
from tests.support.applications import ALL, MINE, NOTICE, decide
from tests.support.calls import Json
from tests.support.ledgers import fetch_rows, fetch_table
from tests.support.people import as_volunteer, find_in_database, someone
from tests.support.service_calls import Person, an_admin, person
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound
from tests.support.words import AGAINST, ANSWER, STATEMENT, WRITTEN, Written, read_everything, write_everything


async def _erase(site: Site, who: Person) -> None:
    asked = await who.post("/v1/me/erasures", {"reason": "本人申请注销"}, 201)
    await an_admin(site).post(f"/v1/erasures/{asked['id']}/approve")


async def _gone(written: Written) -> list[str]:
    read = await read_everything(written)
    return [words for words in WRITTEN if words not in read]


async def test_words_are_read_by_whoever_may_and_kept_in_clear_nowhere(site: Site) -> None:
    """Rows, kept answers, steps and audit rows hold them sealed; answers hold them as they were written."""
    written = await write_everything(site)
    assert await _gone(written) == []
    assert await find_in_database(site.database, WRITTEN) == []
    assert MARK not in await read_everything(written)


async def test_with_the_key_go_the_words_and_nothing_else(site: Site) -> None:
    """Readers see that there were words; steps, hashes and leaves are byte for byte as they were and verify."""
    written = await write_everything(site)
    steps, trail = [await fetch_table(site.database, table) for table in ("application_steps", "audit_rows")]
    await _erase(site, written.hamlet.applicant)
    assert await _gone(written) == list(WRITTEN)
    shown = await written.hamlet.city.get(f"{ALL}/{written.application['id']}")
    assert shown["statement"] == ERASED_WORDS
    assert {step["reason"] for step in shown["steps"]} == {None, ERASED_WORDS}
    assert shown["objections"][0]["reason"] == ERASED_WORDS
    assert await fetch_table(site.database, "application_steps") == steps
    assert (await fetch_table(site.database, "audit_rows"))[: len(trail)] == trail
    await assert_all_sound(site.database, site.city)


async def test_an_objectors_words_go_with_the_objector(site: Site) -> None:
    """They are sealed for both; what officials wrote about the applicant stays."""
    written = await write_everything(site)
    await _erase(site, written.hamlet.neighbour)
    assert await _gone(written) == [AGAINST]
    assert ANSWER in await read_everything(written)


async def test_a_repetition_after_the_erasure_tells_that_it_was_erased(site: Site) -> None:
    """A kept answer holds the words as they are sealed: the same answer as before, without them."""
    written = await write_everything(site)
    town = written.hamlet.town
    headers = await site.headers(town.kind, subject=town.subject, region=town.region)
    target, body = f"{ALL}/{written.application['id']}/decisions", {"decision": "endorse", "amount_fen": 200_000}
    first = await site.client.post(target, json=body, headers=headers)
    assert first.json()["statement"] == STATEMENT
    await _erase(site, written.hamlet.applicant)
    again = await site.client.post(target, json=body, headers=headers)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    pieces = [{**piece, "reference": ERASED_WORDS, "sha256": ERASED_WORDS} for piece in first.json()["material"]]
    erased = {"statement": ERASED_WORDS, "masked_name": ERASED_WORDS, "material": pieces}
    assert again.json() == {**first.json(), **erased}


async def test_a_kept_answer_tells_nobody_who_somebody_is(site: Site) -> None:
    """The mask is sealed in it as well; a repetition reads as the first answer did."""
    admin, who = an_admin(site), someone(5)
    headers = await site.headers(ActorKind.ADMIN, subject=admin.subject)
    first = await site.client.post("/v1/volunteers", json=who.body, headers=headers)
    told = first.json()
    again = await site.client.post("/v1/volunteers", json=who.body, headers=headers)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (told, "true")
    query = "SELECT outcome::text FROM answers WHERE key = :key"
    [(kept,)] = await fetch_rows(site.database, query, key=headers["Idempotency-Key"])
    assert told["id"] in kept
    assert told["masked_name"] not in kept
    await _erase(site, as_volunteer(admin, told))
    last = (await site.client.post("/v1/volunteers", json=who.body, headers=headers)).json()
    assert last == {**told, "masked_name": ERASED_WORDS}


async def test_of_whoever_was_erased_nothing_more_is_written_down(site: Site) -> None:
    """A step taken afterwards keeps that there was a reason, and makes no new key."""
    written = await write_everything(site)
    await _erase(site, written.hamlet.applicant)
    await decide(written.hamlet.town, written.application, "endorse")
    site.clock.now = site.clock.now.replace(month=site.clock.now.month + 1)
    rejected = await decide(written.hamlet.city, written.application, "reject", reason="申请人已注销账号")
    assert rejected["state"] == "rejected"
    shown: Json = await written.hamlet.city.get(f"{ALL}/{written.application['id']}")
    assert shown["steps"][-1]["reason"] == NOT_KEPT
    assert await find_in_database(site.database, ["申请人已注销账号"]) == []
    query = "SELECT count(*) FROM person_keys WHERE volunteer_id = :volunteer"
    assert await fetch_rows(site.database, query, volunteer=written.hamlet.applicant.subject) == [(0,)]


async def test_nobody_types_sealed_words(site: Site) -> None:
    """Whoever has seen a sealed text in a dump cannot have it opened as their own."""
    written = await write_everything(site)
    [(stolen,)] = await fetch_rows(site.database, "SELECT statement FROM applications")
    body = {"benefit": "enrolment", "statement": stolen[:900]}
    assert (await written.hamlet.neighbour.post(MINE, body, 400))["code"] == "PARAM_ERROR"
    objection = {"reason": stolen[:190]}
    target = f"{NOTICE}/{written.application['id']}/objections"
    assert (await written.hamlet.neighbour.post(target, objection, 400))["code"] == "PARAM_ERROR"


async def test_the_trail_is_read_opened_and_exported_as_it_was_signed(site: Site) -> None:
    """The list for people shows the words; the file that is checked against its leaves shows what they hash."""
    await write_everything(site)
    auditor = person(site, "auditor", ActorKind.AUDITOR)
    rows = (await auditor.get("/v1/audit-trail?action=data-approval.ask"))["rows"]
    assert [row["changes"]["reason"] for row in rows] == [WRITTEN[-1]]
    headers = await site.headers(ActorKind.AUDITOR, subject=auditor.subject)
    exported = await site.client.get("/v1/audit-trail/export?format=ndjson", headers=headers)
    assert WRITTEN[-1] not in exported.text
    assert MARK in exported.text
