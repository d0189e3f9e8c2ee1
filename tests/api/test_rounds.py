"""Rounds over HTTP: from a draft to a seat, the waiting list, tickets at the door."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from app.core.benefits.model import Operator
from app.core.ids import format_id
from app.jobs.rounds import run_lapsed_places
from app.security.actors import ActorKind
from tests.support.benefits import a_criterion, requires
from tests.support.calls import an_admin
from tests.support.round_calls import HOUR, ROUNDS, a_draft, a_hall, says_round
from tests.support.rounds import TICKETS, publish_benefit
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

TOO_HIGH = replace(TICKETS, criteria=(a_criterion(requires("minutes", Operator.AT_LEAST, 600_000)),))


async def _organisers(site: Site) -> tuple[dict[str, str], dict[str, str]]:
    """Headers of an organiser of the event's team, and of one of another region."""
    own = await site.headers(ActorKind.ORGANISER, team=site.city.team)
    return own, await site.headers(ActorKind.ORGANISER, region="999999")


async def test_a_draft_is_edited_and_published(site: Site) -> None:
    """Nobody claims a draft or sees it; what is published is what was looked at, and stays as it was announced."""
    await publish_benefit(site.database, site.city)
    admin = an_admin(site)
    draft = await a_draft(site, admin)
    assert (draft["published_at"], draft["revision"], draft["benefit_version"]) == (None, 1, TICKETS.version)
    headers = await site.volunteer_headers()
    path = f"{ROUNDS}/{draft['id']}"
    claim = await site.client.post(f"/v1/me/rounds/{draft['id']}/claim", headers=headers)
    assert claim.status_code == 404
    seen = await site.client.get("/v1/me/rounds", headers=headers)
    assert seen.json()["rounds"] == []
    edited = await admin.send("PUT", path, says_round(site, capacity=3), If_Match='"1"')
    assert (edited["capacity"], edited["revision"]) == (3, 2)
    stale = await admin.send("PUT", path, says_round(site), 412, If_Match='"1"')
    assert stale["code"] == "EDIT_CONFLICT"
    await admin.send("POST", f"{path}/publish", None, 412, If_Match='"1"')
    published = await admin.send("POST", f"{path}/publish", None, If_Match='"2"')
    assert published["published_at"]
    assert published["seed_hash"] is None
    again = await admin.send("POST", f"{path}/publish", None, 409, If_Match='"3"')
    assert again["code"] == "STATE_CONFLICT"
    await admin.send("PUT", path, says_round(site), 409, If_Match='"3"')
    [listed] = (await admin.get(ROUNDS))["rounds"]
    assert listed == await admin.get(path)
    seen = await site.client.get("/v1/me/rounds?benefit_code=concert", headers=await site.volunteer_headers())
    assert [(row["left"], row["is_open"]) for row in seen.json()["rounds"]] == [(3, True)]
    async with site.database.read() as reader:
        rows = await reader.execute(text("SELECT action FROM audit_rows WHERE action LIKE 'round.%' ORDER BY id"))
        assert [row.action for row in rows] == ["round.draft", "round.revise", "round.publish"]


async def test_what_cannot_be_a_round(site: Site) -> None:
    """No such benefit or team; times that do not follow each other; a share of nobody; published after it closes."""
    admin = an_admin(site)
    await admin.post(ROUNDS, says_round(site), 404)
    await publish_benefit(site.database, site.city)
    await admin.post(ROUNDS, says_round(site, team_id="tea_" + "0" * 32), 404)
    await admin.post(ROUNDS, says_round(site, closes_at=says_round(site)["opens_at"]), 400)
    late = (site.clock.now + 48 * HOUR).isoformat()
    await admin.post(ROUNDS, says_round(site, closes_at=late), 400)
    swapped = {**says_round(site)["event"], "doors_at": late}
    await admin.post(ROUNDS, says_round(site, event=swapped), 400)
    draft = await a_draft(site, admin, share_bp=1)
    refused = await admin.send("POST", f"{ROUNDS}/{draft['id']}/publish", None, 409, If_Match='"1"')
    assert refused["code"] == "QUOTA_EXCEEDED"
    draft = await a_draft(site, admin)
    site.clock.move(2 * HOUR)
    refused = await admin.send("POST", f"{ROUNDS}/{draft['id']}/publish", None, 409, If_Match='"1"')
    assert refused["code"] == "ROUND_NOT_OPEN"


async def test_a_share_of_the_registered_is_the_most(site: Site) -> None:
    """Half of three volunteers is one place, however many the draft says."""
    hall = await a_hall(site, share_bp=5_000)
    assert (await hall.admin.get(hall.path))["capacity"] == 1


async def test_first_come_first_served(site: Site) -> None:
    """Two have places, the third waits; the first gives it back and the third has it, with the ticket and the seat."""
    hall = await a_hall(site)
    claims = [await hall.claimed(number) for number in range(3)]
    assert [(each["state"], each["seat"], each["position"]) for each in claims] == [
        ("held", 1, None),
        ("held", 2, None),
        ("waiting", None, 1),
    ]
    twice = await hall.claim(0)
    assert (twice.status_code, twice.json()["code"]) == (409, "QUOTA_EXCEEDED")
    waiting = await hall.place(2)
    assert (waiting["position"], waiting["ticket"]) == (1, None)
    await hall.own(2, f"/v1/me/places/{waiting['id']}/qr.svg", status=404)
    mine = claims[0]["place_id"]
    await hall.own(1, f"/v1/me/places/{mine}/release", "POST", 404)
    released = await hall.own(0, f"/v1/me/places/{mine}/release", "POST")
    assert (released["state"], released["ticket"]) == ("released", None)
    held = await hall.place(2)
    assert (held["state"], held["seat"]) == ("held", 1)
    picture = await site.client.get(held["ticket"]["qr_svg"], headers=await site.volunteer_headers(2))
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.startswith("<?xml")
    listed = await hall.admin.get(f"{hall.path}/places?state=held")
    assert [(each["number"], each["seat"]) for each in listed["places"]] == [(2, 2), (3, 1)]
    assert (await hall.admin.get(hall.path))["taken"] == 2
    await assert_all_sound(site.database, site.city)


async def test_a_repeated_claim_gets_its_answer_again(site: Site) -> None:
    """The same key is the same claim: no second place, and the answer as it was."""
    hall = await a_hall(site)
    headers = await site.volunteer_headers()
    answers = [await site.client.post(f"/v1/me/rounds/{hall.id}/claim", headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert (await hall.admin.get(hall.path))["taken"] == 1


async def test_who_may_not_claim(site: Site) -> None:
    """Before it opens, after it closes, frozen, or not eligible."""
    opens = site.clock.now + HOUR / 2
    hall = await a_hall(site, opens_at=opens.isoformat())
    assert (await hall.claim(0)).json()["code"] == "ROUND_NOT_OPEN"
    site.clock.move(HOUR / 2)
    async with site.database.begin() as tx:
        frozen = {"id": site.city.volunteers[0]}
        await tx.execute(text("UPDATE volunteers SET status = 'frozen' WHERE id = :id"), frozen)
    assert (await hall.claim(0)).json()["code"] == "ACCOUNT_FROZEN"
    assert (await hall.claim(1)).status_code == 201
    site.clock.move(HOUR)
    assert (await hall.claim(2)).json()["code"] == "ROUND_NOT_OPEN"


async def test_not_eligible_is_no_place(site: Site) -> None:
    """A benefit for ten thousand hours lets nobody in who has not served them."""
    await publish_benefit(site.database, site.city, TOO_HIGH)
    admin = an_admin(site)
    draft = await a_draft(site, admin)
    await admin.send("POST", f"{ROUNDS}/{draft['id']}/publish", None, If_Match='"1"')
    headers = await site.volunteer_headers()
    refused = await site.client.post(f"/v1/me/rounds/{draft['id']}/claim", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "NOT_ELIGIBLE")


async def test_more_places_let_the_line_move(site: Site) -> None:
    """One place more: the next has it. Fewer are refused; a closed round gets none, and its line ends."""
    hall = await a_hall(site, capacity=1)
    for number in range(3):
        await hall.claimed(number)
    fewer = await hall.admin.post(f"{hall.path}/enlarge", {"capacity": 1}, 409)
    assert fewer["code"] == "STATE_CONFLICT"
    more = await hall.admin.post(f"{hall.path}/enlarge", {"capacity": 2})
    assert (more["capacity"], more["taken"], more["waiting"]) == (2, 2, 1)
    closed = await hall.admin.post(f"{hall.path}/close")
    assert closed["closed_at"]
    await hall.admin.post(f"{hall.path}/enlarge", {"capacity": 9}, 409)
    assert await run_lapsed_places(site.database, site.services.committers, site.city.programme, site.clock) == 1
    assert await run_lapsed_places(site.database, site.services.committers, site.city.programme, site.clock) == 0
    assert (await hall.place(2))["state"] == "lapsed"
    assert (await hall.place(1))["state"] == "held"
    await assert_all_sound(site.database, site.city)


async def test_a_ticket_lets_in_once(site: Site) -> None:
    """Of two doors at once one lets in; the other learns when and where. A stranger's door knows no such ticket."""
    hall = await a_hall(site)
    for number in range(3):
        await hall.claimed(number)
    code = (await hall.place(0))["ticket"]["code"]
    early = await hall.scan(code)
    assert early.json()["code"] == "ROUND_NOT_OPEN"
    site.clock.move(24 * HOUR + timedelta(minutes=30))
    strange = await hall.scan(code, ours=False)
    assert (strange.status_code, strange.json()["code"]) == (404, "TICKET_NOT_EXIST")
    answers = await asyncio.gather(hall.scan(code, "A1"), hall.scan(code, "B2"))
    let_in, late = sorted(answers, key=lambda answer: answer.status_code)
    assert (let_in.status_code, let_in.json()["seat"]) == (201, 1)
    place = await hall.place(0)
    assert late.json()["code"] == "ALREADY_USED"
    assert late.json()["figures"]["door"] == place["door"]
    assert late.json()["figures"]["used_at"][:19] == let_in.json()["attended_at"][:19]
    unknown = await hall.scan("98" + "0" * 18)
    assert unknown.json()["code"] == "TICKET_NOT_EXIST"
    gone = await site.client.post(f"/v1/me/places/{place['id']}/release", headers=await site.volunteer_headers())
    assert gone.json()["code"] == "ALREADY_USED"


async def test_no_shows_are_told_by_the_time(site: Site) -> None:
    """Who had a place and did not come is counted when the event is over; whoever waited is not."""
    hall = await a_hall(site)
    for number in range(3):
        await hall.claimed(number)
    site.clock.move(25 * HOUR)
    assert (await hall.scan((await hall.place(0))["ticket"]["code"])).status_code == 201
    late = await site.client.post(
        f"/v1/me/places/{(await hall.place(1))['id']}/release", headers=await site.volunteer_headers(1)
    )
    assert late.json()["code"] == "ROUND_NOT_OPEN"
    assert (await hall.admin.get(hall.path))["no_shows"] == 0
    site.clock.move(2 * HOUR)
    told = await hall.admin.get(hall.path)
    assert (told["attended"], told["no_shows"]) == (1, 1)
    assert [(await hall.place(number))["no_show"] for number in range(3)] == [False, True, False]


async def test_an_organiser_sees_the_lists_of_their_own_events(site: Site) -> None:
    """A round of another part of the team tree has no list for them, and its terms are as public as they are."""
    hall = await a_hall(site)
    await hall.claimed(0)
    own, other = await _organisers(site)
    assert (await site.client.get(f"{hall.path}/places", headers=own)).status_code == 200
    assert (await site.client.get(f"{hall.path}/places", headers=other)).status_code == 404
    assert (await site.client.get(hall.path, headers=other)).status_code == 200


async def test_nobody_sees_the_places_of_another(site: Site) -> None:
    """A place belongs to one volunteer: 404 for all others, whatever they do with it."""
    hall = await a_hall(site)
    place = (await hall.claimed(0))["place_id"]
    for target, method in ((f"/v1/me/places/{place}", "GET"), (f"/v1/me/places/{place}/qr.svg", "GET")):
        await hall.own(1, target, method, 404)
    assert (await hall.own(1, "/v1/me/places"))["places"] == []
    assert format_id("vol", site.city.volunteers[0]) not in str(await hall.own(1, "/v1/me/rounds"))
