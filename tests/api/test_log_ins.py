"""Second factors, lock-outs and sessions: who comes in, who stays in, who is out at once."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.core.ids import ProgrammeId
from app.security.actors import ActorKind
from app.security.totp import STEP_S, one_time_code
from tests.support.calls import Json, an_admin
from tests.support.log_ins import a_user, ask_in, bearing, come_in, post_as, refresh_with
from tests.support.sites import Site


def _code(site: Site, secret: str, steps: int = 0) -> str:
    return one_time_code(base64.b32decode(secret), int(site.clock.now.timestamp()) // STEP_S + steps)


async def _enrol(site: Site, entered: Json) -> tuple[str, list[str]]:
    """Set a second factor up; gives the secret and the recovery codes."""
    secret = (await post_as(site, entered, "/v1/auth/totp", status=201))["secret"]
    body = {"code": _code(site, secret)}
    codes = (await post_as(site, entered, "/v1/auth/totp/confirm", body))["recovery_codes"]
    site.clock.move(timedelta(seconds=STEP_S))
    return secret, codes.split(" ")


async def _code_of(site: Site, **shown: Any) -> str:  # noqa: ANN401 - JSON
    answer = await ask_in(site, **shown)
    assert answer.status_code in {401, 429}, answer.text
    return str(answer.json()["code"])


async def test_a_second_factor_is_asked_for_once_confirmed(site: Site) -> None:
    """Before that the password is enough; after it a code is needed, and each is good once."""
    await a_user(site)
    entered = await come_in(site)
    secret = (await post_as(site, entered, "/v1/auth/totp", status=201))["secret"]
    assert await come_in(site)
    first = _code(site, secret)
    await post_as(site, entered, "/v1/auth/totp/confirm", {"code": first})
    assert await _code_of(site) == "SECOND_FACTOR_NEEDED"
    assert await _code_of(site, totp=first) == "LOGIN_FAILED"
    site.clock.move(timedelta(seconds=STEP_S))
    second = _code(site, secret)
    assert (await come_in(site, totp=second))["kind"] == "admin"
    assert await _code_of(site, totp=second) == "LOGIN_FAILED"


async def test_the_password_comes_before_the_second_factor(site: Site) -> None:
    """With a wrong password nobody learns whether there is a second factor."""
    await a_user(site)
    await _enrol(site, await come_in(site))
    assert await _code_of(site, password="wrong one") == "LOGIN_FAILED"
    assert await _code_of(site, username="nobody") == "LOGIN_FAILED"


async def test_second_factors_cannot_be_guessed(site: Site) -> None:
    """A right password with wrong codes closes the name like wrong passwords do; asking without one opens nothing."""
    await a_user(site)
    secret, _ = await _enrol(site, await come_in(site))
    wrong = "000000" if _code(site, secret) != "000000" else "111111"
    for _ in range(5):
        assert await _code_of(site) == "SECOND_FACTOR_NEEDED"
        assert await _code_of(site, totp=wrong) == "LOGIN_FAILED"
    assert await _code_of(site, totp=_code(site, secret)) == "FREQUENCY_LIMITED"


async def test_a_lost_phone_of_an_administrator(site: Site) -> None:
    """A recovery code lets in once; another administrator takes the factor away, and every session ends at once."""
    user = await a_user(site)
    _, codes = await _enrol(site, await come_in(site))
    assert len(set(codes)) == 10
    entered = await come_in(site, recovery_code=codes[0].upper())
    assert await _code_of(site, recovery_code=codes[0]) == "LOGIN_FAILED"
    target = f"/v1/users/usr_{user.id.hex}/second-factor/reset"
    own = await site.client.post(target, headers=bearing(entered))
    assert (own.status_code, own.json()["code"]) == (409, "SELF_REVIEW")
    await an_admin(site).post(target)
    gone = await site.client.get("/v1/users", headers=bearing(entered))
    assert (gone.status_code, gone.json()["code"]) == (401, "TOKEN_ERROR")
    assert await come_in(site)
    again = await an_admin(site).post(target, status=409)
    assert again["figures"] == {"state": "none"}


async def test_a_wrong_first_code_confirms_nothing(site: Site) -> None:
    """The factor is not asked for until its owner has shown that they have it; and a confirmed one is not replaced."""
    await a_user(site)
    entered = await come_in(site)
    await post_as(site, entered, "/v1/auth/totp/confirm", {"code": "123456"}, 409)
    secret = (await post_as(site, entered, "/v1/auth/totp", status=201))["secret"]
    wrong = "000000" if _code(site, secret) != "000000" else "111111"
    await post_as(site, entered, "/v1/auth/totp/confirm", {"code": wrong}, 400)
    assert await come_in(site)
    await post_as(site, entered, "/v1/auth/totp/confirm", {"code": _code(site, secret)})
    await post_as(site, entered, "/v1/auth/totp", status=409)


async def test_a_secret_is_shown_once(site: Site) -> None:
    """A repetition of the call has none, and neither answers nor audit rows keep it."""
    await a_user(site)
    headers = bearing(await come_in(site))
    first = (await site.client.post("/v1/auth/totp", headers=headers)).json()
    again = await site.client.post("/v1/auth/totp", headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.json()["secret"], again.json()["uri"]) == (None, None)
    async with site.database.read() as reader:
        for table in ("answers", "audit_rows", "user_totps"):
            rows = [row[0] for row in await reader.execute(text(f"SELECT t::text FROM {table} t"))]
            assert rows
            assert not any(first["secret"] in row for row in rows)


async def test_a_programme_can_ask_for_second_factors(site: Site) -> None:
    """An administrator without one may do nothing but set it up; others are not asked."""
    await a_user(site)
    await a_user(site, "lin", ActorKind.ORGANISER)
    await an_admin(site).send("PUT", "/v1/login-settings", {"second_factor": True})
    assert (await an_admin(site).get("/v1/login-settings")) == {"second_factor": True}
    entered = await come_in(site)
    assert entered["enrolment_required"]
    kept_out = await site.client.get("/v1/users", headers=bearing(entered))
    assert (kept_out.status_code, kept_out.json()["code"]) == (403, "NO_AUTH")
    assert not (await come_in(site, username="lin"))["enrolment_required"]
    await _enrol(site, entered)
    whole = await refresh_with(site, entered["refresh_token"])
    assert not whole["enrolment_required"]
    assert (await site.client.get("/v1/users", headers=bearing(whole))).status_code == 200


async def test_a_closed_name_opens_again_and_tells_how_long(site: Site) -> None:
    """After a quarter of an hour; and one that does not exist is closed in the same way."""
    await a_user(site)
    told = []
    for name in ("meng", "nobody"):
        for _ in range(5):
            assert await _code_of(site, username=name, password="wrong one") == "LOGIN_FAILED"
        closed = await ask_in(site, username=name)
        told.append((closed.status_code, closed.headers["Retry-After"], closed.json()["detail"]))
    assert told[0] == told[1] == (429, "900", told[0][2])
    site.clock.move(timedelta(minutes=15))
    assert await come_in(site)


async def test_an_address_is_closed_after_many_names(site: Site) -> None:
    """Twenty names with one wrong password each: then nobody comes in from there for a while."""
    await a_user(site)
    for number in range(20):
        assert await _code_of(site, username=f"user-{number}", password="wrong one") == "LOGIN_FAILED"
    assert await _code_of(site) == "FREQUENCY_LIMITED"
    site.clock.move(timedelta(minutes=15))
    assert await come_in(site)


async def test_an_office_that_logs_in_well_is_not_closed(site: Site) -> None:
    """Thirty good log-ins from one address in five minutes."""
    await a_user(site)
    for _ in range(30):
        await come_in(site)


async def test_neither_names_nor_addresses_are_written_down(site: Site) -> None:
    """Counted under keyed hashes; sessions keep a network, not an address. What is a day old is forgotten."""
    await a_user(site)
    await come_in(site)
    await ask_in(site, username="nobody-here", password="wrong one")
    async with site.database.read() as reader:
        counted = [row[0] for row in await reader.execute(text("SELECT t::text FROM login_attempts t"))]
        assert len(counted) == 3
        assert not any("nobody" in row or "127.0.0.1" in row for row in counted)
        networks = await reader.execute(text("SELECT DISTINCT network FROM sessions"))
        assert [row[0] for row in networks] == ["127.0.0.0/24"]
    site.clock.move(timedelta(days=2))
    await come_in(site)
    async with site.database.read() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM login_attempts")) <= 2


async def test_a_programme_that_is_not_here_counts_nothing(site: Site) -> None:
    """Nobody fills the table with names of programmes."""
    assert await _code_of(site, programme="elsewhere") == "LOGIN_FAILED"
    async with site.database.read() as reader:
        held = await reader.scalar(
            text("SELECT count(*) FROM login_attempts WHERE programme_id = :programme"),
            {"programme": ProgrammeId("elsewhere")},
        )
    assert held == 0


@pytest.mark.parametrize("bad", [{"totp": "12345"}, {"totp": "１２３４５６"}, {"recovery_code": "x" * 41}, {"more": 1}])
async def test_a_log_in_that_is_not_well_formed(site: Site, bad: Json) -> None:
    """400, and nothing is counted."""
    answer = await ask_in(site, **bad)
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
