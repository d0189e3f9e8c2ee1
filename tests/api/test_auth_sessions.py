"""Sessions: refreshed, stolen, ended."""

import base64
import json
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.actions.standing import FRESH_S
from app.core.ids import SessionId
from app.security.actors import ActorKind
from tests.support.calls import an_admin
from tests.support.log_ins import a_user, ask_in, bearing, come_in, post_as, refresh_with
from tests.support.sites import Site


async def test_a_refresh_token_gives_the_next(site: Site) -> None:
    """Again and again through a working day; then the session is over."""
    await a_user(site)
    entered = await come_in(site)
    for _ in range(11):
        site.clock.move(timedelta(hours=1))
        assert (await site.client.get("/v1/users", headers=bearing(entered))).status_code == 401
        entered = await refresh_with(site, entered["refresh_token"])
        assert (await site.client.get("/v1/users", headers=bearing(entered))).status_code == 200
    site.clock.move(timedelta(hours=1))
    assert (await refresh_with(site, entered["refresh_token"], 401))["code"] == "TOKEN_ERROR"


async def test_an_idle_session_ends(site: Site) -> None:
    """After two hours without a refresh."""
    await a_user(site)
    entered = await come_in(site)
    site.clock.move(timedelta(hours=2))
    await refresh_with(site, entered["refresh_token"], 401)


async def test_a_stolen_refresh_token_ends_the_session(site: Site) -> None:
    """The thief comes first; when the owner comes with the same token, both are out at once, and it is told."""
    await a_user(site)
    entered = await come_in(site)
    stolen = await refresh_with(site, entered["refresh_token"])
    site.clock.move(timedelta(minutes=1))
    assert (await site.client.get("/v1/users", headers=bearing(stolen))).status_code == 200
    await refresh_with(site, entered["refresh_token"], 401)
    for held in (entered, stolen):
        assert (await site.client.get("/v1/users", headers=bearing(held))).status_code == 401
        await refresh_with(site, held["refresh_token"], 401)
    async with site.database.read() as reader:
        rows = await reader.execute(text("SELECT actor, subject, changes FROM audit_rows WHERE action = 'session.end'"))
        [(actor, subject, changes)] = [tuple(row) for row in rows]
    assert (actor, subject, changes["after"]["ended_by"]) == ("system", entered["session_id"], "reuse")


async def test_an_answer_that_was_lost_is_no_theft(site: Site) -> None:
    """The same token again within ten seconds gets the same next one."""
    await a_user(site)
    entered = await come_in(site)
    first = await refresh_with(site, entered["refresh_token"])
    site.clock.move(timedelta(seconds=5))
    second = await refresh_with(site, entered["refresh_token"])
    assert second["refresh_token"] == first["refresh_token"]
    site.clock.move(timedelta(seconds=20))
    await refresh_with(site, second["refresh_token"])


async def test_made_up_refresh_tokens_end_nothing(site: Site) -> None:
    """Only what was ours once can end a session."""
    await a_user(site)
    entered = await come_in(site)
    token = entered["refresh_token"]
    await refresh_with(site, entered["refresh_token"])
    for made_up in (token[:-3] + "AAA", token.replace("_1_", "_2_"), "rft_cixi_x", "x"):
        await refresh_with(site, made_up, 401)
    assert (await site.client.get("/v1/users", headers=bearing(entered))).status_code == 200


async def test_one_sees_and_ends_ones_own_sessions(site: Site) -> None:
    """Two log-ins; the first ends the second, whose token is good for nothing at once. Nobody else's is there."""
    await a_user(site)
    await a_user(site, "lin")
    here, there, other = await come_in(site), await come_in(site), await come_in(site, username="lin")
    listed = (await site.client.get("/v1/auth/sessions", headers=bearing(here))).json()["sessions"]
    assert [(each["id"], each["current"]) for each in listed] == [
        (here["session_id"], True),
        (there["session_id"], False),
    ]
    assert {each["network"] for each in listed} == {"127.0.0.0/24"}
    paged = await site.client.get("/v1/auth/sessions", params={"limit": 1}, headers=bearing(here))
    assert paged.json()["next"] == here["session_id"]
    await post_as(site, here, f"/v1/auth/sessions/{other['session_id']}/end", status=404)
    await post_as(site, here, "/v1/auth/sessions/ses_1/end", status=404)
    ended = await post_as(site, here, f"/v1/auth/sessions/{there['session_id']}/end")
    assert ended["ended_by"] == "own"
    await post_as(site, here, f"/v1/auth/sessions/{there['session_id']}/end", status=404)
    assert (await site.client.get("/v1/users", headers=bearing(there))).status_code == 401
    await refresh_with(site, there["refresh_token"], 401)
    assert (await site.client.get("/v1/users", headers=bearing(here))).status_code == 200


async def test_an_administrator_ends_all_sessions_of_a_user(site: Site) -> None:
    """At once; the user may come in again. Disabled, not."""
    user = await a_user(site)
    first, second = await come_in(site), await come_in(site)
    assert await an_admin(site).post(f"/v1/users/usr_{user.id.hex}/sessions/end") == {"ended": 2}
    for held in (first, second):
        assert (await site.client.get("/v1/users", headers=bearing(held))).status_code == 401
    third = await come_in(site)
    await an_admin(site).post(f"/v1/users/usr_{user.id.hex}/disable")
    assert (await site.client.get("/v1/users", headers=bearing(third))).status_code == 401
    await refresh_with(site, third["refresh_token"], 401)
    await an_admin(site).post(f"/v1/users/usr_{uuid7().hex}/sessions/end", status=404)
    await an_admin(site).post("/v1/users/usr_1/sessions/end", status=404)


async def test_what_is_looked_up_seldom_is_noticed_in_seconds(site: Site) -> None:
    """A volunteer's own calls remember a running session for two seconds, and no longer than that."""
    standing, programme = site.services.standing, site.city.programme
    await a_user(site)
    named = SessionId(UUID(hex=(await come_in(site))["session_id"][4:]))
    assert await standing.runs(programme, named, fresh=False)
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE sessions SET ended_at = now(), ended_by = 'own'"))
    assert await standing.runs(programme, named, fresh=False)
    standing._running[programme, named] -= FRESH_S
    assert not await standing.runs(programme, named, fresh=False)


async def test_roles_that_change_are_felt_with_the_next_refresh(site: Site) -> None:
    """An organiser who got a region holds it in the next token."""
    user = await a_user(site, kind=ActorKind.ORGANISER)
    entered = await come_in(site)
    async with site.database.begin() as tx:
        await tx.execute(
            text("UPDATE users SET region_code = (SELECT code FROM regions LIMIT 1) WHERE id = :id"), {"id": user.id}
        )
    again = await refresh_with(site, entered["refresh_token"])
    claims = json.loads(base64.urlsafe_b64decode(again["access_token"].split(".")[1] + "=="))
    assert claims["region"]
    assert (await ask_in(site)).status_code == 200
