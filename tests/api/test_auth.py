"""Logging in, tokens and their keys."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
from uuid_utils.compat import uuid7

from app.actions.users import NewUser, create_user
from app.core.ids import UserId
from app.security.actors import ActorKind
from app.store.users import User
from tests.support.sites import Site

PASSWORD = "correct horse battery"


async def _a_user(site: Site, username: str = "meng") -> User:
    new = NewUser(id=UserId(uuid7()), kind=ActorKind.AUDITOR, username=username, password=PASSWORD)
    async with site.database.begin() as tx:
        made = await create_user(tx, site.city.programme, new, site.clock.now)
    assert isinstance(made, User)
    return made


async def _log_in(site: Site, **changed: Any) -> httpx.Response:  # noqa: ANN401 - JSON
    body = {"programme": "cixi", "username": "meng", "password": PASSWORD, **changed}
    return await site.client.post("/v1/auth/tokens", json=body)


async def test_a_token_opens_what_its_kind_may_see_for_minutes(site: Site) -> None:
    """An auditor reads the ledger until the token ends."""
    await _a_user(site)
    token = (await _log_in(site)).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert (await site.client.get("/v1/ledger/head", headers=headers)).status_code == 200
    assert (await site.client.post("/v1/funds", headers=headers)).status_code == 403
    site.clock.move(timedelta(minutes=15))
    ended = await site.client.get("/v1/ledger/head", headers=headers)
    assert (ended.status_code, ended.json()["code"]) == (401, "TOKEN_ERROR")


async def test_a_wrong_password_and_an_unknown_name_look_the_same(site: Site) -> None:
    """401 LOGIN_FAILED with the same words; nothing tells which names exist."""
    await _a_user(site)
    answers = [await _log_in(site, password="wrong one"), await _log_in(site, username="nobody")]
    answers.append(await _log_in(site, programme="other"))
    told = [{key: value for key, value in answer.json().items() if key != "request_id"} for answer in answers]
    assert told[0] == told[1] == told[2]
    assert told[0]["code"] == "LOGIN_FAILED"


async def test_guessing_is_stopped(site: Site) -> None:
    """After five wrong passwords the name is closed, also for the right one."""
    await _a_user(site)
    for _ in range(5):
        assert (await _log_in(site, password="wrong one")).status_code == 401
    closed = await _log_in(site)
    assert (closed.status_code, closed.json()["code"]) == (429, "FREQUENCY_LIMITED")


async def test_a_disabled_user_logs_in_no_more(site: Site) -> None:
    """Disabled by an administrator: the right password is refused like a wrong one."""
    user = await _a_user(site)
    headers = await site.headers(ActorKind.ADMIN)
    disabled = await site.client.post(f"/v1/users/usr_{user.id.hex}/disable", headers=headers)
    assert disabled.json()["disabled_at"]
    assert (await _log_in(site)).json()["code"] == "LOGIN_FAILED"


async def test_a_rotated_key_signs_and_the_old_one_still_verifies(site: Site) -> None:
    """After a rotation new tokens name the new key, old tokens live on, both keys are published."""
    old = await site.headers(ActorKind.AUDITOR)
    admin = await site.headers(ActorKind.ADMIN)
    rotated = (await site.client.post("/v1/auth/keys/rotate", headers=admin)).json()["kid"]
    again = await site.client.post("/v1/auth/keys/rotate", headers=admin)
    assert again.json()["kid"] == rotated
    new = await site.headers(ActorKind.AUDITOR)
    for headers in (old, new):
        assert (await site.client.get("/v1/ledger/head", headers=headers)).status_code == 200
    published = (await site.client.get("/v1/auth/keys/cixi")).json()["keys"]
    assert [key["kid"] for key in published] == ["cixi.1", rotated]


async def test_a_forged_token_is_refused(site: Site) -> None:
    """A changed byte, another programme's key name, no token, or another scheme: 401."""
    good = await site.token(ActorKind.ADMIN)
    head, body, signature = good.split(".")
    for token in (f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body[:-2]}.{signature}", "x.y.z", "", "." * 5000):
        answer = await site.client.get("/v1/teams", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_ERROR")
    basic = await site.client.get("/v1/teams", headers={"Authorization": f"Basic {good}"})
    assert basic.json()["code"] == "TOKEN_ERROR"


async def test_users_are_made_with_good_passwords_only(site: Site) -> None:
    """Too short, common, or the name itself: refused with the reason, and no row."""
    for password in ("short", "1234567890", "xx-li-si-123"):
        body = {"kind": "auditor", "username": "li-si", "password": password}
        answer = await site.client.post("/v1/users", json=body, headers=await site.headers(ActorKind.ADMIN))
        assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
    listed = await site.client.get("/v1/users", headers=await site.headers(ActorKind.ADMIN))
    assert not [user for user in listed.json()["users"] if user["username"] == "li-si"]


async def test_a_volunteers_token_is_for_that_volunteer(site: Site) -> None:
    """The mini-program's backend asks for it; it reads the one wallet and nothing else."""
    volunteer = f"vol_{site.city.volunteers[1].hex}"
    issued = await site.client.post(
        f"/v1/volunteers/{volunteer}/access-tokens", headers=await site.headers(ActorKind.ADMIN)
    )
    headers = {"Authorization": f"Bearer {issued.json()['access_token']}"}
    assert (await site.client.get("/v1/me/wallet", headers=headers)).json()["volunteer_id"] == volunteer
    assert (await site.client.get("/v1/volunteers", headers=headers)).status_code == 403


async def test_two_rotations_at_once_make_two_keys(site: Site) -> None:
    """One after the other: neither fails, no number is given twice, and the newest signs."""

    async def rotate() -> httpx.Response:
        return await site.client.post("/v1/auth/keys/rotate", headers=await site.headers(ActorKind.ADMIN))

    answers = await asyncio.gather(*(rotate() for _ in range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert sorted(answer.json()["kid"] for answer in answers) == [f"cixi.{number}" for number in range(2, 6)]
