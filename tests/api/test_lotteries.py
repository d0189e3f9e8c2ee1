"""Lotteries over HTTP: the hash before, the seed after, and a draw that anybody makes again."""

from hashlib import sha256

from tests.support.calls import Json
from tests.support.round_calls import HOUR, Hall, a_hall
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound


async def _draw(hall: Hall, number: int = 0) -> Json:
    return await hall.own(number, f"/v1/me/rounds/{hall.id}/draw")


async def test_a_lottery_is_drawn_again_by_anybody(site: Site) -> None:
    """The seed that was promised orders the entries; the first have the places, the others wait in that order."""
    hall = await a_hall(site, mode="lottery", capacity=1)
    promised = (await hall.admin.get(hall.path))["seed_hash"]
    entries = [await hall.claimed(number) for number in range(3)]
    assert {each["state"] for each in entries} == {"entered"}
    early = await hall.admin.post(f"{hall.path}/draw", None, 409)
    assert early["code"] == "ROUND_NOT_OPEN"
    before = await _draw(hall)
    assert (before["seed_hash"], before["seed"], before["entries"]) == (promised, None, [])
    site.clock.move(HOUR)
    drawn = await hall.admin.post(f"{hall.path}/draw")
    assert (drawn["taken"], drawn["waiting"], drawn["entered"]) == (1, 2, 0)
    twice = await hall.admin.post(f"{hall.path}/draw", None, 409)
    assert twice["code"] == "STATE_CONFLICT"

    told = await _draw(hall, 1)
    assert told == await hall.admin.get(f"{hall.path}/draw")
    seed = told["seed"]
    assert sha256(bytes.fromhex(seed)).hexdigest() == promised
    again = sorted(
        (each["place_id"] for each in entries), key=lambda entry: sha256(f"{seed}|{entry}".encode()).hexdigest()
    )
    assert [each["entry_id"] for each in told["entries"]] == again
    assert [each["lot"] for each in told["entries"]] == [1, 2, 3]
    by_id = {place["id"]: place for place in [await hall.place(number) for number in range(3)]}
    assert [by_id[entry]["state"] for entry in again] == ["held", "waiting", "waiting"]
    assert [by_id[entry]["position"] for entry in again] == [None, 1, 2]

    winner = next(number for number in range(3) if entries[number]["place_id"] == again[0])
    await hall.own(winner, f"/v1/me/places/{again[0]}/release", "POST")
    states = [(await hall.place(number))["state"] for number in range(3)]
    assert sorted(states) == ["held", "released", "waiting"]
    await assert_all_sound(site.database, site.city)


async def test_a_draw_comes_in_pages(site: Site) -> None:
    """The cursor is the lot before."""
    hall = await a_hall(site, mode="lottery", capacity=1)
    for number in range(3):
        await hall.claimed(number)
    site.clock.move(HOUR)
    await hall.admin.post(f"{hall.path}/draw")
    first = await hall.own(0, f"/v1/me/rounds/{hall.id}/draw?limit=2")
    rest = await hall.own(0, f"/v1/me/rounds/{hall.id}/draw?limit=2&after={first['next']}")
    assert [each["lot"] for each in first["entries"] + rest["entries"]] == [1, 2, 3]
    assert rest["next"] is None


async def test_what_is_no_lottery_has_no_draw(site: Site) -> None:
    """404, for those who keep it and for volunteers."""
    hall = await a_hall(site)
    await hall.admin.get(f"{hall.path}/draw", 404)
    await hall.own(0, f"/v1/me/rounds/{hall.id}/draw", status=404)
    await hall.admin.post(f"{hall.path}/draw", None, 404)
