"""Who was refused at a door is told to the audit trail, by whichever door, without a secret and without a flood."""

import base64
import json
from datetime import timedelta

from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.ids import ApiKeyId
from app.jobs.refused_logins import run_refused_logins
from app.jobs.seen import flush_refused
from app.security.client_secrets import format_api_key
from app.security.totp import STEP_S, one_time_code
from tests.support.calls import an_admin
from tests.support.log_ins import a_user, ask_in, come_in, post_as
from tests.support.sites import Site

Told = tuple[str, str, int, int]


async def _told(site: Site) -> list[Told]:
    """The rows that the next hour's job makes: door, subject, refused, turned away."""
    await flush_refused(site.database, site.services.logins.refused)
    site.clock.move(timedelta(minutes=31))
    await run_refused_logins(site.database, site.city.programme, site.clock)
    async with site.database.read() as reader:
        rows = await reader.execute(
            text("SELECT actor, subject, CAST(changes AS text) FROM audit_rows WHERE action = 'login.refused'")
        )
        found = [(row[0], row[1], json.loads(row[2])) for row in rows]
    assert {actor for actor, _, _ in found} <= {"system"}
    return sorted((said["door"], subject, said["refused"], said["turned_away"]) for _, subject, said in found)


async def test_wrong_passwords_at_the_log_in_and_at_the_change(site: Site) -> None:
    """One door, one row; a good log-in is none."""
    user = await a_user(site)
    entered = await come_in(site)
    await ask_in(site, password="wrong one")
    body = {"old_password": "wrong one", "new_password": "four plain words together"}
    await post_as(site, entered, "/v1/auth/password", body, 401)
    assert await _told(site) == [("password", f"usr_{user.id.hex}", 2, 0)]


async def test_a_wrong_second_factor(site: Site) -> None:
    """The right password with a wrong code is another door; being asked for a code is no refusal."""
    user = await a_user(site)
    entered = await come_in(site)
    secret = base64.b32decode((await post_as(site, entered, "/v1/auth/totp", status=201))["secret"])
    code = one_time_code(secret, int(site.clock.now.timestamp()) // STEP_S)
    await post_as(site, entered, "/v1/auth/totp/confirm", {"code": code})
    await ask_in(site)
    await ask_in(site, totp=code)
    await ask_in(site, recovery_code="abcd-efgh-2345-67ij")
    assert await _told(site) == [("second_factor", f"usr_{user.id.hex}", 2, 0)]


async def test_a_user_who_was_stopped_tries_again(site: Site) -> None:
    """The right password of a disabled user is noted like a wrong one."""
    user = await a_user(site)
    await an_admin(site).post(f"/v1/users/usr_{user.id.hex}/disable")
    await ask_in(site)
    assert await _told(site) == [("password", f"usr_{user.id.hex}", 1, 0)]


async def _client(site: Site) -> tuple[str, str, str]:
    """A system: its id, its secret, its key."""
    body = {"name": "school bureau", "scopes": ["events:read"], "networks": []}
    made = await an_admin(site).post("/v1/clients", body, 201)
    key = {"scopes": ["events:read"], "expires_at": (site.clock.now + timedelta(days=30)).isoformat()}
    issued = await an_admin(site).post(f"/v1/clients/{made['client']['id']}/api-keys", key, 201)
    return made["client"]["id"], made["client_secret"], issued["api_key"]


async def _ask_token(site: Site, client: str, secret: str) -> int:
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    return (await site.client.post("/v1/auth/oauth/token", data=form)).status_code


async def test_wrong_client_secrets_and_systems_that_nobody_registered(site: Site) -> None:
    """A system by its name, a name that is nobody's by a hash; once the address is closed they are turned away."""
    client, secret, _ = await _client(site)
    assert await _ask_token(site, client, secret) == 200
    stranger = f"cli_cixi_{uuid7().hex}"
    assert await _ask_token(site, stranger, "wrong") == 401
    for _ in range(19):
        assert await _ask_token(site, client, "wrong") == 401
    assert await _ask_token(site, client, secret) == 429
    known, unknown = await _told(site)
    assert known == ("client_secret", client, 19, 1)
    assert (unknown[0], unknown[1][:5], unknown[2:]) == ("client_secret", "name:", (1, 0))
    assert stranger[-32:] not in unknown[1]


async def test_refused_api_keys(site: Site) -> None:
    """A key with another secret, one that nobody made, one that has ended; a good one is none."""
    client, _, key = await _client(site)

    async def call(shown: str) -> int:
        headers = {"Authorization": f"Bearer {shown}"}
        return (await site.client.get("/v1/events", headers=headers)).status_code

    assert await call(key) == 200
    wrong = format_api_key(site.city.programme, ApiKeyId(uuid7()), "A" * 43)
    changed = key[:-8] + ("AAAAAAAA" if not key.endswith("AAAAAAAA") else "BBBBBBBB")
    assert [await call(shown) for shown in (wrong, changed, changed)] == [401, 401, 401]
    await an_admin(site).post(f"/v1/clients/{client}/disable")
    assert await call(key) == 401
    known, unknown = await _told(site)
    assert (known[0], known[1][:4], known[2:]) == ("api_key", "key_", (3, 0))
    assert (unknown[0], unknown[1][:5], unknown[2:]) == ("api_key", "name:", (1, 0))
