"""Credentials over HTTP: a grant is signed, checked offline by its published keys and list, and ends when revoked."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc import jws
from sqlalchemy import text
from typer.testing import CliRunner
from uuid_utils.compat import uuid7

import app.cli.credentials
from app.actions.credentials import place_status
from app.cli import cli
from app.core.claw_backs import ClawBack
from app.core.ids import RecordId, TransactionId, parse_id
from app.core.status_lists import LIST_BITS, LIST_FULL
from app.jobs.credential_statuses import run_credential_statuses
from app.security.credentials import PublicKeys, Verdict, check_credential
from tests.support.applications import ALL, ENROLMENT, MINE, Hamlet, a_hamlet, decide, reach_city, submit
from tests.support.calls import Json
from tests.support.commands import a_submission, accepted
from tests.support.service_calls import a_volunteer
from tests.support.sites import Site

KEYS = "/.well-known/liyu/cixi/jwks.json"
_GIVE_BACK = text("DELETE FROM credential_statuses WHERE certificate_number = :number")


async def _granted(hamlet: Hamlet) -> Json:
    application = await reach_city(hamlet)
    await decide(hamlet.city, application, "approve")
    return application


async def _check(site: Site, credential: Json) -> Verdict:
    """What an office finds with nothing but the two public files."""
    keys = PublicKeys((await site.client.get(KEYS)).json())
    listed = await site.client.get(credential["status_url"])
    assert listed.headers["content-type"] == "application/statuslist+jwt"
    return check_credential(credential["jws"], keys, listed.text, site.clock()).verdict


async def test_a_grant_is_checked_offline_until_it_is_revoked(site: Site) -> None:
    """The volunteer and the official have the same words; the bit turns in the moment of the revocation."""
    hamlet = await a_hamlet(site)
    application = await _granted(hamlet)
    own = await hamlet.applicant.get(f"{MINE}/{application['id']}/credential")
    assert own == await hamlet.town.get(f"{ALL}/{application['id']}/credential")
    assert await _check(site, own) is Verdict.VALID
    await decide(hamlet.second, application, "revoke", reason="材料不实")
    assert await _check(site, own) is Verdict.REVOKED
    await hamlet.applicant.get(f"{MINE}/{application['id']}/credential", 404)


async def test_a_grant_runs_out(site: Site) -> None:
    """After its last day neither the service nor an old copy says that it stands."""
    hamlet = await a_hamlet(site)
    application = await _granted(hamlet)
    own = await hamlet.applicant.get(f"{MINE}/{application['id']}/credential")
    site.clock.move(timedelta(days=91))
    assert await _check(site, own) is Verdict.EXPIRED
    await hamlet.applicant.get(f"{MINE}/{application['id']}/credential", 404)


async def test_credentials_are_of_standing_grants_only(site: Site) -> None:
    """Before the approval there is none; another village's official, another volunteer learn nothing."""
    hamlet = await a_hamlet(site)
    application = await reach_city(hamlet)
    await hamlet.applicant.get(f"{MINE}/{application['id']}/credential", 404)
    await decide(hamlet.city, application, "approve")
    await hamlet.elsewhere.get(f"{ALL}/{application['id']}/credential", 404)
    await hamlet.neighbour.get(f"{MINE}/{application['id']}/credential", 404)


async def test_what_a_credential_says(site: Site) -> None:
    """Opaque ids, the benefit, the facts' hash; no name, no figure of anybody."""
    hamlet = await a_hamlet(site, ENROLMENT)
    application = await submit(hamlet, "enrolment")
    await decide(hamlet.town, application, "take-in")
    await decide(hamlet.town, application, "endorse")
    await decide(hamlet.city, application, "approve")
    own = await hamlet.applicant.get(f"{MINE}/{application['id']}/credential")
    keys = PublicKeys((await site.client.get(KEYS)).json())
    claims = check_credential(own["jws"], keys, None, site.clock()).claims
    assert claims["benefit"]["external_decision"] is True
    assert claims["sub"].startswith("vol_")
    assert set(claims) == {"iss", "programme", "sub", "jti", "iat", "nbf", "benefit", "facts_hash", "status"}


async def _take_back(site: Site, certificate: Json) -> None:
    """Withdraw the first record that a certificate names."""
    record = parse_id("rec", certificate["units"][0]["records"][0]["record_id"])
    assert record is not None
    command = ClawBack(record=RecordId(record), transaction=TransactionId(uuid7()), by=site.city.verifier)
    accepted(await site.services.committers.submit(site.city.programme, a_submission(command)))


async def test_a_certificate_that_is_superseded_turns_its_bit(site: Site) -> None:
    """The job follows the journal, a minute behind; it marks it once; what stands stays unmarked."""
    certificates = [await a_volunteer(site, number).get("/v1/me/certificate") for number in range(2)]
    keys = PublicKeys((await site.client.get(KEYS)).json())

    async def verdicts() -> list[Verdict]:
        listed = (await site.client.get("/.well-known/liyu/cixi/status-lists/1")).text
        return [check_credential(each["jws"], keys, listed, site.clock()).verdict for each in certificates]

    programme = site.city.programme
    assert await run_credential_statuses(site.database, programme, site.clock) == 0
    assert await verdicts() == [Verdict.VALID, Verdict.VALID]
    await _take_back(site, certificates[0])
    assert await run_credential_statuses(site.database, programme, site.clock) == 0
    site.clock.move(timedelta(minutes=1))
    assert await run_credential_statuses(site.database, programme, site.clock) == 1
    assert await run_credential_statuses(site.database, programme, site.clock) == 0
    assert await verdicts() == [Verdict.REVOKED, Verdict.VALID]


async def test_public_files_of_what_is_not_here(site: Site) -> None:
    """No keys of an unknown programme, no list of it, no list that was not begun; a number that is none is told."""
    assert (await site.client.get("/.well-known/liyu/nowhere/jwks.json")).json() == {"keys": []}
    for missing in ("nowhere/status-lists/1", "cixi/status-lists/2"):
        assert (await site.client.get(f"/.well-known/liyu/{missing}")).status_code == 404
    for bad in ("0", "-1", "x", "10000000000000000000"):
        answered = await site.client.get(f"/.well-known/liyu/cixi/status-lists/{bad}")
        assert (answered.status_code, answered.json()["code"]) == (400, "PARAM_ERROR")


async def test_a_place_is_given_once_and_a_full_list_is_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked again it is the same; a taken place is tried elsewhere; when a list is half full the next one begins."""
    numbers = [(await a_volunteer(site, number).get("/v1/me/certificate"))["number"] for number in range(2)]
    programme, at = site.city.programme, site.clock()
    places = [await place_status(site.database, programme, number, at) for number in numbers]
    assert places == [await place_status(site.database, programme, number, at) for number in numbers]
    assert len(set(places)) == 2
    async with site.database.begin() as tx:
        await tx.execute(_GIVE_BACK, {"number": numbers[1]})
    tried = iter((places[0].place, (places[0].place + 1) % LIST_BITS))
    monkeypatch.setattr("app.actions.credentials.secrets.randbelow", lambda _: next(tried))
    assert (await place_status(site.database, programme, numbers[1], at)).place == (places[0].place + 1) % LIST_BITS
    async with site.database.begin() as tx:
        await tx.execute(_GIVE_BACK, {"number": numbers[1]})
    monkeypatch.setattr("app.actions.credentials.LIST_FULL", 1)
    monkeypatch.setattr("app.actions.credentials.secrets.randbelow", lambda _: places[0].place)
    assert await place_status(site.database, programme, numbers[1], at) == (2, places[0].place)
    assert LIST_FULL < LIST_BITS


async def test_an_office_checks_a_file(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`liyu credential check`: 0 for a valid one, 1 for one that is not, 2 for a file that is none."""
    monkeypatch.setattr(app.cli.credentials, "now", site.clock)
    hamlet = await a_hamlet(site)
    own = await hamlet.applicant.get(f"{MINE}/{(await _granted(hamlet))['id']}/credential")
    (tmp_path / "shown.json").write_text(json.dumps(own), encoding="utf-8")
    (tmp_path / "shown.jws").write_text(own["jws"] + "\n", encoding="utf-8")
    (tmp_path / "keys.json").write_text((await site.client.get(KEYS)).text, encoding="utf-8")
    (tmp_path / "list.jwt").write_text((await site.client.get(own["status_url"])).text, encoding="utf-8")
    told = {}
    for name, more in {
        "shown.json": ["--status", str(tmp_path / "list.jwt")],
        "shown.jws": [],
        "missing": [],
    }.items():
        command = ["credential", "check", str(tmp_path / name), "--jwks", str(tmp_path / "keys.json"), *more]
        ran = CliRunner().invoke(cli, command)
        told[name] = (ran.exit_code, ran.output.split("\n")[0].partition(" /")[0])
    assert told["shown.json"] == (0, "有效")
    assert told["shown.jws"] == (1, "状态未知，请下载最新状态列表")
    assert told["missing"][0] == 2


async def test_what_is_signed_names_the_service_not_the_caller(site: Site) -> None:
    """Whatever `Host` a caller sends: an office is led to the service, and a status list is of its own address only."""
    site.app.state.services = replace(site.services, public_url="https://liyu.example.cn/")
    headers = await site.volunteer_headers() | {"Host": "evil.example"}
    certificate = (await site.client.get("/v1/me/certificate", headers=headers)).json()
    assert certificate["check_url"].startswith("https://liyu.example.cn/v1/certificates/crt_cixi_")
    claims = json.loads(jws.extract_compact(certificate["jws"].encode()).payload)
    named = claims["status"]["status_list"]["uri"]
    assert named == "https://liyu.example.cn/.well-known/liyu/cixi/status-lists/1"
    listed = await site.client.get("/.well-known/liyu/cixi/status-lists/1", headers={"Host": "evil.example"})
    assert json.loads(jws.extract_compact(listed.content).payload)["sub"] == named
