"""The mini-program's way in, against a stand-in that behaves as WeChat's documentation says."""

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.actions.wechat_calls import WechatCalls
from app.jobs.seen import flush_refused
from app.main import create_app
from app.security.actors import ActorKind
from app.store.database import Database
from tests.support.calls import Caller, an_admin
from tests.support.clocks import Clock
from tests.support.log_ins import bearing, refresh_with, set_birthday
from tests.support.mini_programs import (
    PHONE,
    ask_wechat,
    bind_by_code,
    bind_by_phone,
    give_phone,
    issue_binding_code,
    log_in_by_wechat,
)
from tests.support.sites import Site, a_site, settings_for
from tests.support.wechat_server import APP_SECRET, APPID, SESSION_KEY, WechatServer, a_wechat_server


@pytest.fixture
def wechat() -> Iterator[WechatServer]:
    """The stand-in."""
    with a_wechat_server() as server:
        yield server


@pytest.fixture
async def site(database: Database, clock: Clock, tmp_path: Path, wechat: WechatServer) -> AsyncIterator[Site]:
    """A site whose mini-program is known to the stand-in."""
    async with a_site(database, clock, tmp_path) as running:
        calls = WechatCalls(APPID, APP_SECRET, wechat.address, httpx.Timeout(0.3))
        running.app.state.services = replace(running.services, wechat=calls)
        yield running
        await calls.close()


async def test_an_account_is_bound_by_its_phone_and_known_from_then_on(site: Site, wechat: WechatServer) -> None:
    """The first time the phone says whose it is; after that the account alone does."""
    volunteer = await give_phone(site, 0)
    await give_phone(site, 1, "13900000002")
    assert (await log_in_by_wechat(site, wechat, "o-1"))["bound"] is False
    bound = (await bind_by_phone(site, wechat)).json()
    assert bound["bound"]
    again = await log_in_by_wechat(site, wechat, "o-1")
    for entered in (bound["login"], again["login"]):
        wallet = await site.client.get("/v1/me/wallet", headers=bearing(entered))
        assert wallet.json()["volunteer_id"] == f"vol_{volunteer.hex}"
    assert (await refresh_with(site, again["login"]["refresh_token"]))["kind"] == "volunteer"
    async with site.database.read() as reader:
        consents = await reader.execute(text("SELECT volunteer_id, purpose, version FROM consents"))
        assert [tuple(row) for row in consents] == [(volunteer, "wechat_login", "2026-11")]


@pytest.mark.parametrize(
    "errors, status, code",
    [
        ([40029], 401, "WECHAT_CODE_INVALID"),
        ([45011], 429, "FREQUENCY_LIMITED"),
        ([40226], 403, "WECHAT_REFUSED"),
        ([-1, -1, -1], 503, "WECHAT_BUSY"),
        (["slow"], 503, "WECHAT_BUSY"),
        (["words"] * 3, 503, "WECHAT_BUSY"),
        (["list"] * 3, 503, "WECHAT_BUSY"),
        (["huge"] * 3, 503, "WECHAT_BUSY"),
        ([41002], 503, "WECHAT_BUSY"),
    ],
)
async def test_each_of_wechats_errors_is_told_in_our_words(
    site: Site, wechat: WechatServer, errors: list[int | str], status: int, code: str
) -> None:
    """And nobody is in."""
    wechat.accounts["code-1"] = "o-1"
    wechat.errors = list(errors)
    answer = await ask_wechat(site, "", code="code-1")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(wechat.asked) == len(errors)


async def test_a_busy_server_is_asked_again(site: Site, wechat: WechatServer) -> None:
    """Twice busy, then an answer: three calls at most."""
    wechat.errors = [-1, "down"]
    assert (await log_in_by_wechat(site, wechat, "o-1"))["bound"] is False
    assert len(wechat.asked) == 3


async def test_a_server_that_is_away_is_busy(site: Site, wechat: WechatServer) -> None:
    """Nothing listens there: 503 within moments, and no error of ours."""
    calls = WechatCalls(APPID, APP_SECRET, "http://127.0.0.1:9", httpx.Timeout(0.3))
    site.app.state.services = replace(site.services, wechat=calls)
    answer = await ask_wechat(site, "", code="code-1")
    assert (answer.status_code, answer.json()["code"]) == (503, "WECHAT_BUSY")
    await calls.close()


async def test_nothing_secret_leaves_or_is_kept(
    site: Site, wechat: WechatServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither session key nor app secret in an answer or a log line; the openid nowhere in clear in the database."""
    await give_phone(site, 0)
    with caplog.at_level(logging.DEBUG):
        bound = await bind_by_phone(site, wechat, "o-very-own")
        entered = await log_in_by_wechat(site, wechat, "o-very-own")
    told = bound.text + str(entered) + caplog.text
    assert not any(secret in told for secret in (SESSION_KEY, APP_SECRET, "o-very-own", PHONE))
    async with site.database.read() as reader:
        for table in ("wechat_links", "sessions", "audit_rows", "answers", "vault_fields", "vault_indexes"):
            rows = await reader.execute(text(f"SELECT t::text FROM {table} t"))
            kept = "".join(row[0] for row in rows)
            hexed = [secret.encode().hex() for secret in (SESSION_KEY, "o-very-own", PHONE)]
            assert not any(secret in kept for secret in (SESSION_KEY, "o-very-own", PHONE, *hexed)), table


@pytest.mark.parametrize("phone", ["13700000009", "13800000001"])
async def test_a_phone_of_nobody_or_of_several_binds_nothing(site: Site, wechat: WechatServer, phone: str) -> None:
    """Which of the two it is, is not told: the station helps."""
    await give_phone(site, 0)
    await give_phone(site, 1)
    answer = await bind_by_phone(site, wechat, phone=phone)
    assert (answer.status_code, answer.json()["code"]) == (409, "BINDING_FAILED")


async def test_a_phone_given_to_another_app_binds_nothing(site: Site, wechat: WechatServer) -> None:
    """The watermark says to whom it was given."""
    await give_phone(site, 0)
    wechat.watermark = "wx-of-another"
    answer = await bind_by_phone(site, wechat)
    assert (answer.status_code, answer.json()["code"]) == (409, "BINDING_FAILED")


async def test_a_recycled_phone_does_not_take_an_account_over(site: Site, wechat: WechatServer) -> None:
    """Whoever has the number now is not the volunteer, who is bound to another account already."""
    await give_phone(site, 0)
    assert (await bind_by_phone(site, wechat, "o-owner")).status_code == 200
    taken = await bind_by_phone(site, wechat, "o-new-owner-of-the-number")
    assert (taken.status_code, taken.json()["code"]) == (409, "BINDING_FAILED")
    assert (await log_in_by_wechat(site, wechat, "o-owner"))["bound"]


async def test_the_apps_token_is_renewed_when_it_has_ended(site: Site, wechat: WechatServer) -> None:
    """Asked for once and kept; asked for anew when WeChat says that it is over."""
    await give_phone(site, 0)
    await give_phone(site, 1, "13900000002")
    assert (await bind_by_phone(site, wechat, "o-1")).status_code == 200
    assert (await bind_by_phone(site, wechat, "o-2", "13900000002")).status_code == 200
    assert wechat.asked.count("/cgi-bin/stable_token") == 1
    wechat.app_token = "app-token-2"
    await give_phone(site, 2, "13900000003")
    assert (await bind_by_phone(site, wechat, "o-3", "13900000003")).status_code == 200
    assert wechat.asked.count("/cgi-bin/stable_token") == 2


async def test_a_code_of_the_station_binds_once(site: Site, wechat: WechatServer) -> None:
    """For half an hour, for one account; the one issued before is worth nothing any more."""
    old, code = await issue_binding_code(site, 0), await issue_binding_code(site, 0)
    assert (await bind_by_code(site, wechat, "o-1", old)).json()["code"] == "BINDING_FAILED"
    assert (await bind_by_code(site, wechat, "o-1", code.lower())).json()["bound"]
    assert (await bind_by_code(site, wechat, "o-2", code)).json()["code"] == "BINDING_FAILED"
    late = await issue_binding_code(site, 1)
    site.clock.move(timedelta(minutes=30))
    assert (await bind_by_code(site, wechat, "o-3", late)).json()["code"] == "BINDING_FAILED"


async def test_a_lost_phone_of_a_volunteer(site: Site, wechat: WechatServer) -> None:
    """Whoever has it is out; the old account is nobody's; a code binds the new one. Points are as before."""
    volunteer = f"vol_{site.city.volunteers[0].hex}"
    await give_phone(site, 0)
    lost = (await bind_by_phone(site, wechat, "o-old")).json()["login"]
    wallet = (await site.client.get("/v1/me/wallet", headers=bearing(lost))).json()
    assert await an_admin(site).post(f"/v1/volunteers/{volunteer}/sessions/end") == {"ended": 1}
    await refresh_with(site, lost["refresh_token"], 401)
    listed = await site.client.get("/v1/auth/sessions", headers=bearing(lost))
    assert listed.status_code == 401
    assert (await log_in_by_wechat(site, wechat, "o-old"))["bound"] is False
    found = (await bind_by_code(site, wechat, "o-new", await issue_binding_code(site, 0))).json()["login"]
    assert (await site.client.get("/v1/me/wallet", headers=bearing(found))).json()["available"] == wallet["available"]


async def test_a_code_of_the_station_replaces_the_account_before(site: Site, wechat: WechatServer) -> None:
    """The sessions of the old one end, and a refusal leaves all as it was."""
    await give_phone(site, 0)
    old = (await bind_by_phone(site, wechat, "o-old")).json()["login"]
    await set_birthday(site, site.city.volunteers[1], "2015-01-01")
    refused = await an_admin(site).post(f"/v1/volunteers/vol_{site.city.volunteers[1].hex}/binding-codes", status=422)
    assert refused["code"] == "GUARDIAN_REQUIRED"
    code = await issue_binding_code(site, 0)
    await set_birthday(site, site.city.volunteers[0], "2015-01-01")
    assert (await bind_by_code(site, wechat, "o-new", code)).json()["code"] == "GUARDIAN_REQUIRED"
    assert (await log_in_by_wechat(site, wechat, "o-old"))["bound"]
    await set_birthday(site, site.city.volunteers[0], "1990-01-01")
    assert (await bind_by_code(site, wechat, "o-new", code)).json()["bound"]
    assert (await log_in_by_wechat(site, wechat, "o-old"))["bound"] is False
    await refresh_with(site, old["refresh_token"], 401)


async def test_codes_cannot_be_guessed(site: Site, wechat: WechatServer) -> None:
    """Five tries an hour for one account, also with the right code after them."""
    unbound = await log_in_by_wechat(site, wechat, "o-1")
    code = await issue_binding_code(site, 0)
    for number in range(5):
        answer = await ask_wechat(site, "/bind", binding_token=unbound["binding_token"], code=f"22222222{number}2")
        assert answer.json()["code"] == "BINDING_FAILED"
    closed = await ask_wechat(site, "/bind", binding_token=unbound["binding_token"], code=code)
    assert (closed.status_code, closed.json()["code"]) == (429, "FREQUENCY_LIMITED")


async def test_a_binding_that_is_not_well_formed(site: Site, wechat: WechatServer) -> None:
    """Neither code nor phone, both, a token that was made up or is too old, a programme that is not here."""
    token = (await log_in_by_wechat(site, wechat, "o-1"))["binding_token"]
    for body in ({}, {"code": "a", "phone_code": "b"}):
        answer = await ask_wechat(site, "/bind", binding_token=token, **body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/code")
    made_up = await ask_wechat(site, "/bind", binding_token="wbt_9999999999_AAAA", code="a")
    assert (made_up.status_code, made_up.json()["code"]) == (401, "TOKEN_ERROR")
    site.clock.move(timedelta(minutes=10))
    assert (await ask_wechat(site, "/bind", binding_token=token, code="a")).status_code == 401
    elsewhere = await site.client.post("/v1/auth/wechat", json={"programme": "elsewhere", "code": "x"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "NOT_FOUND")


async def test_a_volunteer_who_has_left_is_not_let_in(site: Site, wechat: WechatServer) -> None:
    """The account is nobody's again, and nothing is refreshed."""
    await give_phone(site, 0)
    entered = (await bind_by_phone(site, wechat)).json()["login"]
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE volunteers SET status = 'left'"))
    assert (await log_in_by_wechat(site, wechat, "o-1"))["bound"] is False
    await refresh_with(site, entered["refresh_token"], 401)
    assert (await bind_by_phone(site, wechat, "o-2")).json()["code"] == "BINDING_FAILED"
    target = f"/v1/volunteers/vol_{site.city.volunteers[0].hex}/binding-codes"
    await an_admin(site).post(target, status=404)


async def test_without_a_mini_program_there_is_no_way_in_by_it(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """404 where no app is set; with one, the service makes its calls."""
    async with a_site(database, clock, tmp_path) as site:
        answer = await ask_wechat(site, "", code="x")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    settings = replace(settings_for(database, tmp_path), wechat_appid=APPID, wechat_secret=APP_SECRET)
    app = create_app(settings, clock)
    async with app.router.lifespan_context(app):
        assert app.state.services.wechat is not None


async def test_an_organiser_helps_the_volunteers_of_their_own_part(site: Site) -> None:
    """Of another team a volunteer is not there."""
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE volunteers SET team_id = NULL WHERE id = :id"), {"id": site.city.volunteers[1]})
    lin = Caller(site=site, kind=ActorKind.ORGANISER, subject=uuid7())
    headers = await site.headers(ActorKind.ORGANISER, subject=lin.subject, team=site.city.team)
    for number, status in ((0, 201), (1, 404)):
        target = f"/v1/volunteers/vol_{site.city.volunteers[number].hex}/binding-codes"
        headers["Idempotency-Key"] = uuid7().hex
        assert (await site.client.post(target, headers=headers)).status_code == status


async def test_refused_bindings_are_counted_by_account(site: Site, wechat: WechatServer) -> None:
    """Five codes that are nobody's, then turned away: one row, and the account stands there as a keyed hash."""
    for number in range(6):
        await bind_by_code(site, wechat, "o-guesser", f"WRONG{number}")
    await flush_refused(site.database, site.services.logins.refused)
    async with site.database.read() as reader:
        rows = await reader.execute(text("SELECT door, subject, refused, turned_away FROM refused_logins"))
        [(door, subject, refused, turned_away)] = rows
    assert (door, subject[:5], refused, turned_away) == ("binding", "name:", 5, 1)
    assert "o-guesser" not in subject
