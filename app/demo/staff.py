"""People of a check: who logs in, who volunteers, and the hours that are entered for them."""

import secrets
from datetime import datetime, timedelta
from typing import Any

import httpx

from app.demo.client import Person
from app.demo.steps import expect

TOWN = "330282004"


def hire(client: httpx.Client, described: dict[str, Any], admin: Person, kind: str, **part: str | None) -> Person:
    """Somebody new who logs in: an administrator, or an organiser of a team (`team_id`) or region (`region_code`).

    The first log-in is good for choosing a password of their own.
    """
    username, password, own = f"{kind}-{secrets.token_hex(4)}", secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    body = {"kind": kind, "username": username, "password": password}
    expect(admin.post("/v1/users", body | {name: value for name, value in part.items() if value}), 201)
    login = {"programme": described["programme"], "username": username, "password": password}
    first = Person(client, expect(client.post("/v1/auth/tokens", json=login), 200)["access_token"])
    expect(first.post("/v1/auth/password", {"old_password": password, "new_password": own}), 200)
    chosen = login | {"password": own}
    return Person(client, expect(client.post("/v1/auth/tokens", json=chosen), 200)["access_token"])


def register(organiser: Person, name: str, **more: Any) -> str:  # noqa: ANN401 - JSON
    """A new volunteer of one town; the id by which everything else knows them."""
    body = {"name": name, "region_code": TOWN, **more}
    return str(expect(organiser.post("/v1/volunteers", body), 201)["id"])


def act_as(client: httpx.Client, admin: Person, volunteer: str) -> Person:
    """The volunteer, in the mini-program."""
    issued = expect(admin.post(f"/v1/volunteers/{volunteer}/access-tokens"), 201)
    return Person(client, issued["access_token"])


def enter(organiser: Person, volunteer: str, team: str, began: datetime, minutes: int) -> str:
    """A record of service with its check-ins, to be verified by another."""
    ended = began + timedelta(minutes=minutes)
    body = {
        "volunteer_id": volunteer,
        "team_id": team,
        "evidence": "checked-in",
        "activity": "文明劝导",
        "started_at": began.isoformat(),
        "ended_at": ended.isoformat(),
        "check_ins": [{"checked_in_at": began.isoformat(), "checked_out_at": ended.isoformat()}],
        "level": 2,
    }
    return str(expect(organiser.post("/v1/service-records", body), 201)["id"])
