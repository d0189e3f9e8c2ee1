"""Every route with every actor, against a table that a person can read (access_table.txt)."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.api.access import PUBLIC, TILL, access_of, check_every_route_guarded
from app.main import create_app
from app.security.actors import ActorKind
from app.settings import Settings
from tests.support.log_ins import a_registered_client
from tests.support.sites import Site

TABLE = Path(__file__).with_name("access_table.txt")
ID = "0190c6f0a1b27c3d8e9f00112233aabb"
PATHS = {
    "out_trade_no": "A-1",
    "out_refund_no": "R-1",
    "code": "97123456789012345678",
    "redemption_id": f"red_{ID}",
    "offer_id": f"off_{ID}",
    "order_id": f"ord_{ID}",
    "step": "publish",
    "rule": "two-places",
    "day": "2026-03-02",
    "programme": "cixi",
    "team_id": f"tea_{ID}",
    "volunteer_id": f"vol_{ID}",
    "record_id": f"rec_{ID}",
    "merchant_id": f"mer_{ID}",
    "agreement_id": f"agr_{ID}",
    "store_id": f"sto_{ID}",
    "terminal_id": f"ter_cixi_{ID}",
    "fund_id": f"fun_{ID}",
    "user_id": f"usr_{ID}",
    "transaction_id": f"txn_{ID}",
    "objection_id": f"obj_{ID}",
    "correction_id": f"cor_{ID}",
    "sheet_id": f"ops_{ID}",
    "back_test_id": f"bkt_{ID}",
    "approval_id": f"dap_{ID}",
    "permit_id": f"ppm_{ID}",
    "list_no": "1",
    "draft_id": f"ctd_{ID}",
    "purpose": "honour_wall",
    "erasure_id": f"ers_{ID}",
    "honour_id": f"hon_{ID}",
    "bonus_id": f"bon_{ID}",
    "penalty_id": f"pen_{ID}",
    "grant_id": f"pgr_{ID}",
    "round_id": f"rnd_{ID}",
    "place_id": f"plc_{ID}",
    "piece": "illness",
    "link_id": f"fam_{ID}",
    "application_id": f"app_{ID}",
    "session_id": f"ses_{ID}",
    "guardianship_id": f"gua_{ID}",
    "client_id": f"cli_cixi_{ID}",
    "key_id": f"key_{ID}",
    "number": "crt_cixi_mfrggzdfmztwq2lknnwg23tp",
    "path": "issuance",
    "version": "2020-1",
    "seq": "1",
}
CALLERS = [kind for kind in ActorKind if kind is not ActorKind.SYSTEM]


def read_table() -> dict[str, set[str]]:
    """The table: operation id to who may call it."""
    lines = [line.split() for line in TABLE.read_text(encoding="utf-8").splitlines()]
    return {words[0]: set(words[1:]) for words in lines if words and not words[0].startswith("#")}


def routes_of(app: FastAPI) -> list[APIRoute]:
    """All routes of the contract."""
    return [route for route in app.routes if isinstance(route, APIRoute)]


def test_the_table_names_every_operation_and_no_other() -> None:
    """A new route needs its line; a line needs its route."""
    operations = {str(route.operation_id) for route in routes_of(create_app(Settings()))}
    assert operations == set(read_table())


def test_an_application_with_an_unguarded_route_does_not_start() -> None:
    """A route that says nothing about its callers is a mistake found before the first call."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes.append(APIRoute("/v1/open", lambda: None))
    with pytest.raises(TypeError, match="/v1/open"):
        check_every_route_guarded(app)


async def _call(site: Site, route: APIRoute, headers: dict[str, str]) -> httpx.Response:
    [method] = route.methods or {"GET"}
    query = {"seq": "1", "size": "1", "old": "1", "new": "1"} if "/proofs/" in route.path else None
    return await site.client.request(method, route.path_format.format(**PATHS), params=query, headers=headers)


async def test_each_actor_reaches_what_the_table_says_and_nothing_else(site: Site) -> None:
    """403 NO_AUTH or a signature error where the table says no; anything but those where it says yes."""
    table = read_table()
    found: dict[str, set[str]] = {}
    client = await a_registered_client(site)
    for route in routes_of(site.app):
        allowed = found.setdefault(str(route.operation_id), set())
        if access_of(route) in {PUBLIC, TILL}:
            allowed.add(str(access_of(route)))
            continue
        for kind in CALLERS:
            own = site.city.volunteers[0] if kind is ActorKind.VOLUNTEER else None
            subject = client if kind is ActorKind.SYSTEM_CLIENT else None
            answer = await _call(site, route, await site.headers(kind, volunteer=own, subject=subject))
            if answer.status_code != 403 or answer.json()["code"] != "NO_AUTH":
                allowed.add(kind.value)
    assert found == table


async def test_without_a_token_nothing_answers(site: Site) -> None:
    """401 TOKEN_ERROR, or SIGN_ERROR at the till's routes, before anything of the request is looked at."""
    for route in routes_of(site.app):
        access = access_of(route)
        if access == PUBLIC:
            continue
        answer = await _call(site, route, {})
        assert answer.status_code == 401, route.path
        assert answer.json()["code"] == ("SIGN_ERROR" if access == TILL else "TOKEN_ERROR"), route.path
