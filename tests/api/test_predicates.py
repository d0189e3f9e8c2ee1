"""Predicates over HTTP: a signed yes or no under consent and permit, and silence without."""

import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey
from sqlalchemy import text

from app.core.ids import ClientId, format_id
from app.security.actors import ActorKind
from app.security.client_secrets import format_client
from tests.support.calls import Json
from tests.support.log_ins import a_registered_client, set_birthday
from tests.support.service_calls import Person, a_volunteer, an_admin
from tests.support.sites import Site

VERIFY = "/v1/predicates/verify"
PERMITS = "/v1/me/predicate-permits"
CONSENT: Json = {"purpose": "predicate_answer", "version": "2026-03"}
STARS: Json = {"kind": "stars_at_least", "stars": 1}
CLEAN: Json = {"kind": "clean_record"}
EVER: Json = {"kind": "minutes_at_least", "minutes": 1}
_NUMBER = text("""
INSERT INTO volunteer_external_ids (programme_id, system, external_id, volunteer_id)
VALUES (:programme, 'zyh', '3302-1', :volunteer)
""")


async def _office(site: Site) -> Person:
    return Person(site=site, kind=ActorKind.SYSTEM_CLIENT, subject=await a_registered_client(site))


def _ask(site: Site, number: int = 0, *predicates: Json, **more: Any) -> Json:  # noqa: ANN401 - JSON
    asked: Json = {
        "volunteer_id": format_id("vol", site.city.volunteers[number]),
        "on": "2026-03-02",
        "predicates": list(predicates) or [EVER],
        "nonce": "0123456789abcdef",
    }
    return {**asked, **more}


def _name(office: Person) -> str:
    return format_client(office.site.city.programme, ClientId(office.subject))


async def _permit(who: Person, office: Person, *kinds: str, status: int = 201, **more: Any) -> Json:  # noqa: ANN401 - JSON
    chosen = kinds or ("minutes_at_least", "clean_record", "stars_at_least")
    body = {"client_id": _name(office), "kinds": list(chosen), **more}
    return await who.post(PERMITS, body, status)


async def _agreed(site: Site) -> tuple[Person, Person]:
    """A volunteer who has agreed, and the office that may ask."""
    volunteer, office = a_volunteer(site), await _office(site)
    await volunteer.post("/v1/me/consents", CONSENT, 201)
    await _permit(volunteer, office)
    return volunteer, office


async def _read(site: Site, reply: Json) -> Json:
    """The claims of an answer, checked with the published key. An answer has nothing beside them."""
    assert set(reply) == {"jws"}
    [key] = (await site.client.get("/.well-known/liyu/cixi/jwks.json")).json()["keys"]
    public = OKPKey.import_key({name: key[name] for name in ("kty", "crv", "x", "kid")})
    signed = jws.deserialize_compact(reply["jws"], public, algorithms=["Ed25519"])
    assert signed.headers()["typ"] == "liyu-predicate+jws"
    claims: Json = json.loads(signed.payload)
    return claims


async def test_a_signed_yes_or_no_and_nothing_else(site: Site) -> None:
    """Neither who it is about nor a figure; both answers look alike but for the word."""
    _, office = await _agreed(site)
    yes = await _read(site, await office.post(VERIFY, _ask(site, 0, EVER, CLEAN), 201))
    no = await _read(site, await office.post(VERIFY, _ask(site, 0, EVER, {"kind": "stars_at_least", "stars": 9}), 201))
    assert (yes["answer"], no["answer"]) == (True, False)
    assert set(yes) == set(no) == {"iss", "aud", "iat", "exp", "question", "nonce", "on", "answer"}
    assert (yes["aud"], yes["nonce"], yes["on"]) == (_name(office), "0123456789abcdef", "2026-03-02")
    assert yes["exp"] - yes["iat"] == 900
    assert yes["question"] != no["question"]


async def test_as_of_a_day(site: Site) -> None:
    """What was not yet served on that day does not count."""
    _, office = await _agreed(site)
    assert (await _read(site, await office.post(VERIFY, _ask(site, 0, on="2000-01-01"), 201)))["answer"] is False
    assert (await _read(site, await office.post(VERIFY, _ask(site, 0), 201)))["answer"] is True


async def test_by_the_number_of_another_system(site: Site) -> None:
    """The same answer to the same question; an unknown number is as good as nobody."""
    _, office = await _agreed(site)
    async with site.database.begin() as tx:
        await tx.execute(_NUMBER, {"programme": "cixi", "volunteer": site.city.volunteers[0]})
    numbered: dict[str, Any] = {"volunteer_id": None, "external": {"system": "zyh", "number": "3302-1"}}
    by_number = await _read(site, await office.post(VERIFY, _ask(site, **numbered), 201))
    assert by_number == await _read(site, await office.post(VERIFY, _ask(site), 201))
    numbered["external"] = {"system": "zyh", "number": "3302-2"}
    assert (await office.post(VERIFY, _ask(site, **numbered), 404))["code"] == "NOT_FOUND"


async def test_silence_without_consent_or_permit(site: Site) -> None:
    """One refusal for: nobody, somebody without consent, without permit, with one for another office or kind."""
    volunteer, office = a_volunteer(site), await _office(site)
    nobody = _ask(site, volunteer_id=format_id("vol", office.subject))

    def strip(refused: Json) -> Json:
        return {name: value for name, value in refused.items() if name not in {"request_id", "instance"}}

    refusals = [await office.post(VERIFY, nobody, 404), await office.post(VERIFY, _ask(site), 404)]
    await volunteer.post("/v1/me/consents", CONSENT, 201)
    refusals.append(await office.post(VERIFY, _ask(site), 404))
    await _permit(volunteer, await _office(site))
    refusals.append(await office.post(VERIFY, _ask(site), 404))
    await _permit(volunteer, office, "clean_record")
    refusals.append(await office.post(VERIFY, _ask(site), 404))
    assert [strip(refused) for refused in refusals] == [strip(refusals[0])] * 5
    await office.post(VERIFY, _ask(site, 0, CLEAN), 201)


@pytest.mark.parametrize("ended", ["permit", "consent", "time"])
async def test_what_was_agreed_to_ends(site: Site, ended: str) -> None:
    """The permit revoked, the consent withdrawn, or the days over: at once as if there were nobody."""
    volunteer, office = await _agreed(site)
    await office.post(VERIFY, _ask(site), 201)
    site.clock.move(timedelta(minutes=1))
    if ended == "permit":
        [permit] = (await volunteer.get(PERMITS))["permits"]
        revoked = await volunteer.post(f"{PERMITS}/{permit['id']}/revoke")
        assert revoked == await volunteer.post(f"{PERMITS}/{permit['id']}/revoke")
    elif ended == "consent":
        await volunteer.post("/v1/me/consents/withdraw", {"purpose": "predicate_answer"}, 201)
    else:
        site.clock.move(timedelta(days=31))
    assert (await office.post(VERIFY, _ask(site), 404))["code"] == "NOT_FOUND"


async def test_the_volunteer_reads_who_asked(site: Site) -> None:
    """Who, what and when, without the answer; others read nothing of it; refused questions are not there."""
    volunteer, office = await _agreed(site)
    asked = await _read(site, await office.post(VERIFY, _ask(site, 0, EVER, CLEAN), 201))
    await office.post(VERIFY, _ask(site, 0, {"kind": "honour_at_least", "level": "city"}), 404)
    [seen] = (await volunteer.get("/v1/me/predicate-answers"))["answers"]
    assert seen["predicates"] == [EVER, CLEAN]
    assert (seen["question_hash"], seen["client_id"]) == (asked["question"], _name(office))
    assert "answer" not in seen
    assert (await a_volunteer(site, 1).get("/v1/me/predicate-answers"))["answers"] == []


async def test_a_repeated_question_is_answered_once(site: Site) -> None:
    """The same key and body: the same signed words and one line for the volunteer to read."""
    volunteer, office = await _agreed(site)
    headers = await site.headers(ActorKind.SYSTEM_CLIENT, subject=office.subject)
    answers = [await site.client.post(VERIFY, json=_ask(site), headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len((await volunteer.get("/v1/me/predicate-answers"))["answers"]) == 1


async def test_whom_one_may_let_ask(site: Site) -> None:
    """Only a system that is here, only after the consent, and no child by itself; others' permits are not one's own."""
    volunteer, office = a_volunteer(site), await _office(site)
    assert (await _permit(volunteer, office, status=409))["code"] == "CONSENT_REQUIRED"
    await volunteer.post("/v1/me/consents", CONSENT, 201)
    assert (await _permit(volunteer, volunteer, status=404))["code"] == "NOT_FOUND"
    permit = await _permit(volunteer, office, "clean_record", days=1)
    assert permit["until"] == "2026-03-03T01:00:00Z"
    other = a_volunteer(site, 1)
    assert (await other.post(f"{PERMITS}/{permit['id']}/revoke", None, 404))["code"] == "NOT_FOUND"
    await set_birthday(site, site.city.volunteers[0], "2013-06-01")
    assert (await _permit(volunteer, office, status=422))["code"] == "GUARDIAN_REQUIRED"


async def test_only_systems_ask(site: Site) -> None:
    """Not even an administrator: nobody has let one."""
    assert (await an_admin(site).post(VERIFY, _ask(site), 403))["code"] == "NO_AUTH"


@pytest.mark.parametrize(
    "bad",
    [
        {"on": "2026-03-03"},
        {"on": "1999-12-31"},
        {"predicates": []},
        {"predicates": [EVER] * 6},
        {"predicates": [{"kind": "age_at_least", "age": 60}]},
        {"predicates": [{"kind": "clean_record", "minutes": 1}]},
        {"predicates": [{"kind": "stars_at_least"}]},
        {"nonce": "short"},
        {"volunteer_id": None},
        {"external": {"system": "zyh", "number": "1"}},
        {"volunteer_id": "vol_1"},
    ],
)
async def test_what_cannot_be_asked(site: Site, bad: Json) -> None:
    """Tomorrow, nothing, too much at once, what is not in the list, a guessable nonce, nobody or two people."""
    _, office = await _agreed(site)
    assert (await office.post(VERIFY, _ask(site, **bad), 400))["code"] == "PARAM_ERROR"
