"""A lottery for tickets: entries, a draw that anybody draws again from the published seed, a ticket at the door."""

import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx

from app.demo.benefits_job import serve
from app.demo.client import Person
from app.demo.main_job import log_in
from app.demo.staff import act_as, register
from app.demo.steps import Steps, equal, expect

_ENTRIES, _SEATS = 3, 2
_OPEN_S = 8
_STAR_DAYS = 13
"""Days of eight hours: a hundred hours and more, one star."""


def run_lottery_job(client: httpx.Client, described: dict[str, Any], steps: Steps) -> None:
    """Walk a lottery of the film festival."""
    admin = log_in(client, described, "admin")
    organiser = log_in(client, described, "organiser")
    people = []
    for number in range(_ENTRIES):
        volunteer = register(organiser, f"观众{'甲乙丙'[number]}")
        serve(organiser, admin, volunteer, _STAR_DAYS)
        people.append(act_as(client, admin, volunteer))
    drafted = _announce(admin)
    path = f"/v1/rounds/{drafted['id']}"
    hidden = expect(admin.get(f"{path}/draw"), 200)
    equal((hidden["seed"], hidden["entries"]), (None, []), "the seed before the draw")
    time.sleep(max(0.0, (datetime.fromisoformat(drafted["opens_at"]) - datetime.now(UTC)).total_seconds()))
    places = [expect(who.post(f"/v1/me/rounds/{drafted['id']}/claim"), 201)["place_id"] for who in people]
    early = expect(admin.post(f"{path}/draw"), 409)
    equal(early["code"], "ROUND_NOT_OPEN", "a draw before entries close")
    time.sleep(max(0.0, (datetime.fromisoformat(drafted["closes_at"]) - datetime.now(UTC)).total_seconds()) + 0.2)
    expect(admin.post(f"{path}/draw"), 200)
    draw = expect(people[0].get(f"/v1/me/rounds/{drafted['id']}/draw"), 200)
    _draw_again(draw, places)
    steps.done(f"{_ENTRIES} enter for {_SEATS} seats; the draw is drawn again from its seed {draw['seed'][:16]}…")
    states = [
        expect(who.get(f"/v1/me/places/{place}"), 200)["state"] for who, place in zip(people, places, strict=True)
    ]
    equal(sorted(states), ["held", "held", "waiting"], "what became of the entries")
    loser, winner = states.index("waiting"), states.index("held")
    expect(people[winner].post(f"/v1/me/places/{places[winner]}/release"), 200)
    moved = expect(people[loser].get(f"/v1/me/places/{places[loser]}"), 200)
    equal(moved["state"], "held", "the place of who waited, after one was given back")
    steps.done(f"a ticket is given back: who waited has seat {moved['seat']} in the same moment")


def _announce(admin: Person) -> dict[str, Any]:
    """A round that opens in a moment, published with the hash of its seed."""
    now = datetime.now(UTC).replace(microsecond=0)
    opens, closes = now + timedelta(seconds=3), now + timedelta(seconds=3 + _OPEN_S)
    body = {
        "benefit_code": "film-festival",
        "name_zh": "电影答谢节",
        "name_en": "Film festival",
        "venue_zh": "慈溪大剧院",
        "venue_en": "Cixi Grand Theatre",
        "mode": "lottery",
        "capacity": _SEATS,
        "opens_at": opens.isoformat(),
        "closes_at": closes.isoformat(),
        "event": {
            "doors_at": (closes + timedelta(days=1)).isoformat(),
            "starts_at": (closes + timedelta(days=1, hours=1)).isoformat(),
            "ends_at": (closes + timedelta(days=1, hours=3)).isoformat(),
        },
    }
    drafted = expect(admin.post("/v1/rounds", body), 201)
    match = {"If-Match": f'"{drafted["revision"]}"'}
    published: dict[str, Any] = expect(admin.post(f"/v1/rounds/{drafted['id']}/publish", None, **match), 200)
    return published


def _draw_again(draw: dict[str, Any], places: list[str]) -> None:
    """What anybody can do with the published seed and the list."""
    equal(sha256(bytes.fromhex(draw["seed"])).hexdigest(), draw["seed_hash"], "the hash of the seed")
    lots = sorted(places, key=lambda place: sha256(f"{draw['seed']}|{place}".encode()).hexdigest())
    equal([entry["entry_id"] for entry in draw["entries"]], lots, "the order of the lots")
