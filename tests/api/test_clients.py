"""Other systems: OAuth as RFC 6749 has it, keys with scopes, rotation, networks, and out at once."""

import base64
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.jobs.seen import flush_used
from tests.support.calls import Json, an_admin
from tests.support.sites import Site

TOKEN = "/v1/auth/oauth/token"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SCOPES = ["events:read", "ledger:read"]


async def _register(site: Site, **changed: Any) -> Json:  # noqa: ANN401 - JSON
    body = {"name": f"教育局 {uuid7().hex[-6:]}", "scopes": SCOPES, **changed}
    return await an_admin(site).post("/v1/clients", body, 201)


def _basic(client: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()}


async def _ask(site: Site, made: Json, secret: str | None = None, **form: str) -> httpx.Response:
    headers = _basic(made["client"]["id"], secret or made["client_secret"])
    return await site.client.post(TOKEN, data={"grant_type": "client_credentials", **form}, headers=headers)


async def _head(site: Site, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await site.client.get("/v1/ledger/head", headers=headers)).status_code


async def test_a_system_gets_a_token_in_both_ways(site: Site) -> None:
    """By HTTP Basic and in the form; with all its scopes or fewer, and no refresh token."""
    made = await _register(site)
    basic = (await _ask(site, made)).json()
    form = {"client_id": made["client"]["id"], "client_secret": made["client_secret"]}
    asked = {"grant_type": "client_credentials", "scope": "ledger:read", **form}
    posted = await site.client.post(TOKEN, data=asked)
    assert posted.headers["Cache-Control"] == "no-store"
    assert (basic["token_type"], basic["expires_in"], basic["scope"]) == ("Bearer", 900, "events:read ledger:read")
    assert (posted.json()["scope"], "refresh_token" in posted.json()) == ("ledger:read", False)
    for token in (basic["access_token"], posted.json()["access_token"]):
        assert await _head(site, token) == 200
    events = {"Authorization": f"Bearer {posted.json()['access_token']}"}
    assert (await site.client.get("/v1/events", headers=events)).status_code == 403


@pytest.mark.parametrize(
    "form, headers, status, error",
    [
        ({"grant_type": "password"}, {}, 400, "unsupported_grant_type"),
        ({}, {}, 400, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "users:write"}, {}, 400, "invalid_scope"),
        ({"grant_type": "client_credentials", "client_secret": "x"}, {}, 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, {"Content-Type": "application/json"}, 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, {"Authorization": "Bearer x"}, 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, {"Authorization": "Basic ???"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, _basic("cli_cixi_1", "s"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, _basic(f"cli_cixi_{uuid7().hex}", "s"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, _basic(f"cli_elsewhere_{uuid7().hex}", "s"), 401, "invalid_client"),
    ],
)
async def test_errors_are_those_of_the_rfc(
    site: Site, form: dict[str, str], headers: dict[str, str], status: int, error: str
) -> None:
    """Section 5.2, as JSON, with our own code and a request id beside them; 401 says how to authenticate."""
    made = await _register(site)
    sent = {**_basic(made["client"]["id"], made["client_secret"]), **FORM, **headers}
    content = "&".join(f"{name}={value}" for name, value in form.items())
    answer = await site.client.post(TOKEN, content=content, headers=sent)
    told = answer.json()
    assert (answer.status_code, told["error"]) == (status, error), answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert told["code"] == ("LOGIN_FAILED" if status == 401 else "PARAM_ERROR")
    assert told["request_id"] == answer.headers["Request-Id"]
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


async def test_a_parameter_that_is_there_twice_is_refused(site: Site) -> None:
    """RFC 6749, section 3.2."""
    made = await _register(site)
    headers = {**_basic(made["client"]["id"], made["client_secret"]), **FORM}
    twice = "grant_type=client_credentials&grant_type=client_credentials"
    answer = await site.client.post(TOKEN, content=twice, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_secrets_cannot_be_guessed_and_nobody_shuts_a_system_out(site: Site) -> None:
    """Twenty wrong ones close the address; after its time the system is in again."""
    made = await _register(site)
    for _ in range(20):
        assert (await _ask(site, made, "wrong")).json()["error"] == "invalid_client"
    closed = await _ask(site, made)
    assert (closed.status_code, closed.json()["code"]) == (429, "FREQUENCY_LIMITED")
    site.clock.move(timedelta(minutes=15))
    assert (await _ask(site, made)).status_code == 200


async def test_two_secrets_live_while_one_replaces_the_other(site: Site) -> None:
    """The old one for the overlap, the new one at once; of three the oldest is over."""
    made = await _register(site)
    client = made["client"]["id"]
    second = await an_admin(site).post(f"/v1/clients/{client}/secrets", {"overlap_s": 3600}, 201)
    for secret in (made["client_secret"], second["client_secret"]):
        assert (await _ask(site, made, secret)).status_code == 200
    third = await an_admin(site).post(f"/v1/clients/{client}/secrets", {"overlap_s": 3600}, 201)
    statuses = [
        (await _ask(site, made, secret)).status_code
        for secret in (made["client_secret"], second["client_secret"], third["client_secret"])
    ]
    assert statuses == [401, 200, 200]
    site.clock.move(timedelta(hours=1))
    assert (await _ask(site, made, second["client_secret"])).status_code == 401
    listed = (await an_admin(site).get(f"/v1/clients/{client}/credentials"))["credentials"]
    assert [each["prefix"] for each in listed] == [each["client_secret"][:6] for each in (made, second, third)]


async def test_a_disabled_system_is_out_at_once(site: Site) -> None:
    """Its tokens, its secrets and its keys; it is never let in again."""
    made = await _register(site)
    client = made["client"]["id"]
    token = (await _ask(site, made)).json()["access_token"]
    key = (await _make_key(site, client))["api_key"]
    assert [await _head(site, held) for held in (token, key)] == [200, 200]
    disabled = await an_admin(site).post(f"/v1/clients/{client}/disable")
    assert disabled["disabled_at"]
    assert [await _head(site, held) for held in (token, key)] == [401, 401]
    assert (await _ask(site, made)).status_code == 401
    for target in ("secrets", "api-keys"):
        body = {} if target == "secrets" else _a_key(site)
        refused = await an_admin(site).post(f"/v1/clients/{client}/{target}", body, 409)
        assert refused["figures"] == {"state": "disabled"}


def _a_key(site: Site, **changed: object) -> Json:
    expires_at = site.clock.now + timedelta(days=30)
    return {"scopes": ["ledger:read"], "expires_at": expires_at.isoformat(), **changed}


async def _make_key(site: Site, client: str, status: int = 201, **changed: object) -> Json:
    return await an_admin(site).post(f"/v1/clients/{client}/api-keys", _a_key(site, **changed), status)


async def test_a_key_has_its_scopes_and_its_end(site: Site) -> None:
    """It reads the ledger and no events; it ends on its day, or when it is ended."""
    client = (await _register(site))["client"]["id"]
    first, second = await _make_key(site, client), await _make_key(site, client)
    headers = {"Authorization": f"Bearer {first['api_key']}"}
    assert (await site.client.get("/v1/ledger/head", headers=headers)).status_code == 200
    assert (await site.client.get("/v1/events", headers=headers)).status_code == 403
    target = f"/v1/clients/{client}/api-keys/{first['credential']['id']}/end"
    assert (await an_admin(site).post(target))["ended_at"]
    assert await _head(site, first["api_key"]) == 401
    assert await _head(site, second["api_key"]) == 200
    site.clock.move(timedelta(days=30))
    assert await _head(site, second["api_key"]) == 401
    await an_admin(site).post(f"/v1/clients/{client}/api-keys/key_{uuid7().hex}/end", status=404)
    await an_admin(site).post(f"/v1/clients/{client}/api-keys/key_1/end", status=404)


async def test_a_key_replaces_another(site: Site) -> None:
    """Both for the overlap, then the new one alone; one that is over cannot be replaced."""
    client = (await _register(site))["client"]["id"]
    old = await _make_key(site, client)
    new = await _make_key(site, client, replaces=old["credential"]["id"], overlap_s=600)
    assert [await _head(site, key["api_key"]) for key in (old, new)] == [200, 200]
    site.clock.move(timedelta(minutes=10))
    assert [await _head(site, key["api_key"]) for key in (old, new)] == [401, 200]
    await _make_key(site, client, 404, replaces=old["credential"]["id"])


async def test_a_key_that_was_made_up_opens_nothing(site: Site) -> None:
    """A changed one, one with another secret, one of no programme; and a secret is no key."""
    made = await _register(site)
    key = (await _make_key(site, made["client"]["id"]))["api_key"]
    for made_up in (key[:-1] + ("A" if key[-1] != "A" else "B"), key.replace("cixi", "yuyao"), "lyk_x"):
        assert await _head(site, made_up) == 401
    secret = (await an_admin(site).get(f"/v1/clients/{made['client']['id']}/credentials"))["credentials"][0]
    assert await _head(site, f"lyk_cixi_{secret['id'][4:]}_{made['client_secret']}") == 401


async def test_a_system_calls_from_its_networks_only(site: Site) -> None:
    """Neither token nor key helps elsewhere; tests come from 127.0.0.1."""
    away = await _register(site, networks=["10.1.0.0/16"])
    assert (await _ask(site, away)).json()["error"] == "invalid_client"
    key = (await _make_key(site, away["client"]["id"]))["api_key"]
    assert await _head(site, key) == 401
    near = await _register(site, networks=["10.1.0.0/16", "127.0.0.0/8"])
    token = (await _ask(site, near)).json()["access_token"]
    assert await _head(site, token) == 200
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE clients SET networks = '{10.1.0.0/16}'"))
    assert await _head(site, token) == 401


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": ["users:write"]},
        {"scopes": ["me:pay"]},
        {"scopes": ["nonsense"]},
        {"scopes": []},
        {"networks": ["10.1.0.5/16"]},
        {"networks": ["somewhere"]},
    ],
)
async def test_what_no_system_may_have(site: Site, body: Json) -> None:
    """Scopes of people, of nobody, none at all; networks that are none."""
    refused = await an_admin(site).post("/v1/clients", {"name": "教育局", "scopes": SCOPES, **body}, 400)
    assert refused["code"] == "PARAM_ERROR"


async def test_what_no_key_may_have(site: Site) -> None:
    """More scopes than its system, an end that has passed or is too far; an eleventh one."""
    client = (await _register(site))["client"]["id"]
    far = (site.clock.now + timedelta(days=400)).isoformat()
    for changed in ({"scopes": ["teams:read"]}, {"expires_at": site.clock.now.isoformat()}, {"expires_at": far}):
        await _make_key(site, client, 400, **changed)
    for _ in range(10):
        await _make_key(site, client)
    assert (await _make_key(site, client, 409))["code"] == "QUOTA_EXCEEDED"


async def test_secrets_are_shown_once_and_kept_as_hashes(site: Site) -> None:
    """A repetition has none; no table has them. A name is one system's."""
    admin = an_admin(site)
    headers = await admin.headers()
    body = {"name": "市教育局", "scopes": SCOPES}
    first = (await site.client.post("/v1/clients", json=body, headers=headers)).json()
    again = (await site.client.post("/v1/clients", json=body, headers=headers)).json()
    assert (again["client"], again["client_secret"]) == (first["client"], None)
    key = (await _make_key(site, first["client"]["id"]))["api_key"]
    async with site.database.read() as reader:
        for table in ("clients", "client_credentials", "answers", "audit_rows"):
            rows = await reader.execute(text(f"SELECT t::text FROM {table} t"))
            kept = "".join(row[0] for row in rows)
            assert first["client_secret"] not in kept
            assert key[-43:] not in kept
    assert (await admin.post("/v1/clients", body, 409))["code"] == "ALREADY_EXISTS"


async def test_when_they_were_last_used_is_written_later(site: Site) -> None:
    """Not by the call; a moment afterwards, for system and key."""
    made = await _register(site)
    client = made["client"]["id"]
    key = (await _make_key(site, client))["api_key"]
    await _head(site, key)
    await flush_used(site.database, site.services.standing)
    [listed] = (await an_admin(site).get("/v1/clients"))["clients"]
    assert listed["last_used_at"]
    secret, used = (await an_admin(site).get(f"/v1/clients/{client}/credentials"))["credentials"]
    assert (secret["last_used_at"], used["last_used_at"] is not None) == (None, True)


async def test_another_programmes_system_is_not_there(site: Site) -> None:
    """By its name, or by an id of ours that nobody has."""
    for client in (f"cli_yuyao_{uuid7().hex}", f"cli_cixi_{uuid7().hex}", "cli_1"):
        await an_admin(site).get(f"/v1/clients/{client}/credentials", 404)
        await an_admin(site).post(f"/v1/clients/{client}/disable", status=404)
        await an_admin(site).post(f"/v1/clients/{client}/secrets", {}, 404)
