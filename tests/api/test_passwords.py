"""Passwords: changed with the old one, counted like log-ins, and of one's own from the first log-in on."""

import asyncio
import base64
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.ids import format_id
from app.security.actors import ActorKind
from app.security.totp import STEP_S, one_time_code
from tests.support.calls import Json, an_admin
from tests.support.log_ins import PASSWORD, a_user, ask_in, bearing, come_in, post_as, refresh_with
from tests.support.sites import Site

OWN = "/v1/auth/password"
NEW = "four plain words together"


def _change(**more: Any) -> Json:  # noqa: ANN401 - JSON
    return {"old_password": PASSWORD, "new_password": NEW, **more}


async def _trail(site: Site, action: str) -> list[tuple[str, str, str]]:
    async with site.database.read() as reader:
        rows = await reader.execute(
            text("SELECT actor, subject, CAST(changes AS text) FROM audit_rows WHERE action = :a ORDER BY number"),
            {"a": action},
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize("kind", [ActorKind.ADMIN, ActorKind.AUDITOR, ActorKind.ORGANISER])
async def test_a_user_chooses_another_password(site: Site, kind: ActorKind) -> None:
    """The old one is good no more; other sessions are over at once, the one in which it was done goes on."""
    user = await a_user(site, kind=kind)
    other, here = await come_in(site), await come_in(site)
    told = await post_as(site, here, OWN, _change())
    assert told == {"user_id": format_id("usr", user.id), "ended": 1}
    assert (await ask_in(site)).json()["code"] == "LOGIN_FAILED"
    assert await come_in(site, password=NEW)
    assert (await site.client.get("/v1/auth/sessions", headers=bearing(other))).status_code == 401
    assert (await site.client.get("/v1/auth/sessions", headers=bearing(here))).status_code == 200
    [(actor, subject, changes)] = await _trail(site, "password.change")
    assert (actor, subject) == (told["user_id"], told["user_id"])
    assert PASSWORD not in changes
    assert NEW not in changes


async def test_no_password_is_kept_in_clear(site: Site) -> None:
    """Neither the old nor the new one, in no table that is written here; a hash of the body is keyed."""
    await a_user(site)
    await post_as(site, await come_in(site), OWN, _change())
    async with site.database.read() as reader:
        for table in ("answers", "audit_rows", "users", "sessions", "login_attempts"):
            rows = " ".join([row[0] for row in await reader.execute(text(f"SELECT t::text FROM {table} t"))])
            assert rows
            assert PASSWORD not in rows
            assert NEW not in rows
        [stored] = await reader.scalars(text("SELECT password_hash FROM users WHERE username = 'meng'"))
    assert stored.startswith("$argon2id$")


async def test_a_repetition_gets_the_same_answer(site: Site) -> None:
    """Though the old password is the old one by then; nothing is counted. Another body under the key is a conflict."""
    await a_user(site)
    headers = bearing(await come_in(site))
    first = await site.client.post(OWN, json=_change(), headers=headers)
    again = await site.client.post(OWN, json=_change(), headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await site.client.post(OWN, json=_change(new_password="another one of mine"), headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_USED")
    assert len(await _trail(site, "password.change")) == 1


async def test_the_old_password_cannot_be_guessed_here(site: Site) -> None:
    """Five tries, counted with those at the log-in: then the name is closed there too, also for the right one."""
    await a_user(site)
    entered = await come_in(site)
    for number in range(4):
        refused = await post_as(site, entered, OWN, _change(old_password=f"wrong one {number}"), 401)
        assert refused["code"] == "LOGIN_FAILED"
    assert (await ask_in(site, password="wrong one")).status_code == 401
    assert (await post_as(site, entered, OWN, _change(), 429))["code"] == "FREQUENCY_LIMITED"
    assert (await ask_in(site)).json()["code"] == "FREQUENCY_LIMITED"
    site.clock.move(timedelta(minutes=14))
    assert (await ask_in(site)).json()["code"] == "FREQUENCY_LIMITED"


async def test_changing_it_well_is_no_guess(site: Site) -> None:
    """However often, nobody is closed out by it."""
    await a_user(site)
    entered, old = await come_in(site), PASSWORD
    for number in range(6):
        chosen = f"four plain words {number}"
        await post_as(site, entered, OWN, _change(old_password=old, new_password=chosen))
        old = chosen
    assert await come_in(site, password=old)


@pytest.mark.parametrize("chosen", ["short", "1234567890", "xx-meng-1234", PASSWORD, "1111111111"])
async def test_a_new_password_must_be_a_good_one(site: Site, chosen: str) -> None:
    """Too short, common, with the name in it, or the old one again: told before anything is counted."""
    await a_user(site)
    entered = await come_in(site)
    for _ in range(6):
        refused = await post_as(site, entered, OWN, _change(new_password=chosen), 400)
        assert (refused["code"], list(refused["figures"])) == ("PARAM_ERROR", ["password"])
    assert await come_in(site)


async def test_the_second_factor_is_asked_for_where_there_is_one(site: Site) -> None:
    """Without a code 401 SECOND_FACTOR_NEEDED, with a wrong one LOGIN_FAILED, which counts; a code is good once."""
    await a_user(site)
    entered = await come_in(site)
    secret = base64.b32decode((await post_as(site, entered, "/v1/auth/totp", status=201))["secret"])

    def code(steps: int) -> str:
        return one_time_code(secret, int(site.clock.now.timestamp()) // STEP_S + steps)

    await post_as(site, entered, "/v1/auth/totp/confirm", {"code": code(0)})
    wrong = "000000" if code(1) != "000000" else "111111"
    for _ in range(6):
        assert (await post_as(site, entered, OWN, _change(), 401))["code"] == "SECOND_FACTOR_NEEDED"
    assert (await post_as(site, entered, OWN, _change(totp=wrong), 401))["code"] == "LOGIN_FAILED"
    await post_as(site, entered, OWN, _change(totp=code(1)))
    again = _change(old_password=NEW, new_password=PASSWORD, totp=code(1))
    for _ in range(4):
        assert (await post_as(site, entered, OWN, again, 401))["code"] == "LOGIN_FAILED"
    assert (await post_as(site, entered, OWN, again, 429))["code"] == "FREQUENCY_LIMITED"


async def test_of_two_changes_at_once_one_is_made(site: Site) -> None:
    """Whoever comes second finds another password than the one that was looked at, and is told so."""
    user = await a_user(site)
    entered = await come_in(site)
    chosen = ("four plain words first", "four plain words second")

    async def change(new: str) -> tuple[int, str]:
        answer = await site.client.post(OWN, json=_change(new_password=new), headers=bearing(entered))
        return answer.status_code, answer.json().get("code", new)

    async with site.database.begin() as tx:
        await tx.execute(text("SELECT id FROM users WHERE id = :id FOR UPDATE"), {"id": user.id})
        sent = [asyncio.ensure_future(change(new)) for new in chosen]
        done, _ = await asyncio.wait(sent, timeout=1)
        assert not done
    (status, new), refused = sorted([await each for each in sent])
    assert (status, refused) == (200, (412, "EDIT_CONFLICT"))
    assert await come_in(site, password=new)


async def test_who_has_no_password_changes_none(site: Site) -> None:
    """A user who was stopped, a token of nobody, a volunteer: 404."""
    user = await a_user(site)
    headers = await site.headers(ActorKind.ADMIN, subject=user.id)
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE users SET disabled_at = now() WHERE id = :id"), {"id": user.id})
    assert (await site.client.post(OWN, json=_change(), headers=headers)).status_code == 404
    nobody = await site.headers(ActorKind.ADMIN, subject=uuid7())
    assert (await site.client.post(OWN, json=_change(), headers=nobody)).status_code == 404
    volunteer = await site.client.post(OWN, json=_change(), headers=await site.volunteer_headers())
    assert (volunteer.status_code, volunteer.json()["code"]) == (404, "NOT_FOUND")


async def _made(site: Site, username: str = "lin") -> str:
    body = {"kind": "admin", "username": username, "password": PASSWORD}
    made = await an_admin(site).post("/v1/users", body, 201)
    assert made["must_change_password"]
    return str(made["id"])


async def test_a_password_set_by_somebody_else_is_good_for_changing_it(site: Site) -> None:
    """Whoever made the user knows it: the first log-in opens nothing else, a refresh neither, until it is changed."""
    named = await _made(site)
    entered = await come_in(site, username="lin")
    assert entered["password_change_required"]
    kept_out = await site.client.get("/v1/users", headers=bearing(entered))
    assert (kept_out.status_code, kept_out.json()["code"]) == (403, "NO_AUTH")
    entered = await refresh_with(site, entered["refresh_token"])
    assert entered["password_change_required"]
    assert (await site.client.get("/v1/users", headers=bearing(entered))).status_code == 403
    await post_as(site, entered, OWN, _change())
    whole = await refresh_with(site, entered["refresh_token"])
    assert not whole["password_change_required"]
    users = (await site.client.get("/v1/users?limit=200", headers=bearing(whole))).json()["users"]
    assert [user["must_change_password"] for user in users if user["id"] == named] == [False]
    assert not (await come_in(site, username="lin", password=NEW))["password_change_required"]


async def test_first_the_password_then_the_second_factor(site: Site) -> None:
    """A programme that asks for a second factor asks for both, and neither opens anything alone."""
    await _made(site)
    await an_admin(site).send("PUT", "/v1/login-settings", {"second_factor": True})
    entered = await come_in(site, username="lin")
    assert (entered["enrolment_required"], entered["password_change_required"]) == (True, True)
    await post_as(site, entered, OWN, _change())
    entered = await refresh_with(site, entered["refresh_token"])
    assert (entered["enrolment_required"], entered["password_change_required"]) == (True, False)
    assert (await site.client.get("/v1/users", headers=bearing(entered))).status_code == 403


async def test_a_member_of_a_merchants_staff_changes_it_too(site: Site) -> None:
    """Made by their manager, they choose their own at the first log-in."""
    merchant = format_id("mer", site.city.tills[0].merchant)
    body = {"username": "till-1", "password": PASSWORD, "role": "cashier"}
    made = await an_admin(site).post(f"/v1/merchants/{merchant}/staff", body, 201)
    assert made["must_change_password"]
    entered = await come_in(site, username="till-1")
    assert entered["password_change_required"]
    await post_as(site, entered, OWN, _change())
    whole = await refresh_with(site, entered["refresh_token"])
    assert (await site.client.get(f"/v1/merchants/{merchant}", headers=bearing(whole))).status_code == 200


async def test_a_forgotten_password_is_set_by_somebody_else(site: Site) -> None:
    """All sessions end; the new one is good for choosing another. Nobody does it for themselves."""
    user = await a_user(site)
    entered = await come_in(site)
    target = f"/v1/users/usr_{user.id.hex}/password"
    own = await post_as(site, entered, target, {"password": NEW}, 409)
    assert own["code"] == "SELF_REVIEW"
    admin = an_admin(site)
    told = await admin.post(target, {"password": NEW})
    assert (told["id"], told["must_change_password"]) == (f"usr_{user.id.hex}", True)
    assert (await site.client.get("/v1/users", headers=bearing(entered))).status_code == 401
    assert (await ask_in(site)).json()["code"] == "LOGIN_FAILED"
    assert (await come_in(site, password=NEW))["password_change_required"]
    [(actor, subject, changes)] = await _trail(site, "user.set-password")
    assert (actor, subject) == (format_id("usr", admin.subject), f"usr_{user.id.hex}")
    assert '"must_change_password": true' in changes
    assert NEW not in changes


async def test_whose_password_is_not_set(site: Site) -> None:
    """Of nobody, of a user who was stopped, and none that is no good."""
    admin, user = an_admin(site), await a_user(site)
    target = f"/v1/users/usr_{user.id.hex}/password"
    assert (await admin.post(target, {"password": "short"}, 400))["figures"]
    await admin.post(f"/v1/users/usr_{uuid7().hex}/password", {"password": NEW}, 404)
    await admin.post("/v1/users/usr_1/password", {"password": NEW}, 404)
    await admin.post(f"/v1/users/usr_{user.id.hex}/disable")
    assert (await admin.post(target, {"password": NEW}, 409))["figures"] == {"state": "disabled"}
    assert isinstance(user.id, UUID)
