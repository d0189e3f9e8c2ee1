"""Corrections over HTTP: previewed without a trace, approved by a second person, carried out once (cases 9 and 17)."""

from datetime import timedelta

import pytest

from app.core.ids import format_id
from tests.support.calls import Caller, Json, an_admin
from tests.support.corrections import ORDERS, WHY, a_verified_record, approve, count_transactions, run_job
from tests.support.service_calls import a_record, a_tree, a_volunteer, person
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound


async def test_withdrawn_hours_whose_points_are_spent(site: Site) -> None:
    """Case 17: 590 points, 550 spent; 90 minutes are withdrawn: 40 taken, 50 owed, and the next accrual repays them.

    The preview says so beforehand and leaves no trace; the author cannot approve it; run twice, it is done once.
    """
    record = await a_verified_record(site)
    paid = await site.redeem("A-1", await site.pay_code(), 550)
    assert paid.json()["state"] == "SUCCESS"
    author, approver = an_admin(site), an_admin(site)
    order = await author.post(ORDERS, {"scope": {"record_id": record["id"]}, **WHY}, 201)
    assert (order["state"], order["change"], order["impact"]) == ("draft", None, None)
    before = await count_transactions(site)
    order = await author.post(f"{ORDERS}/{order['id']}/preview")
    impact = order["impact"]
    assert (impact["records"], impact["minutes_taken"], impact["points_taken"], impact["debt_made"]) == (1, 90, 40, 50)
    [loser] = impact["people"]
    assert (loser["minutes_before"], loser["minutes_after"], loser["volunteer_id"]) == (
        590,
        500,
        record["volunteer_id"],
    )
    assert list(loser["lots"].values()) == [40]
    volunteer = a_volunteer(site)
    assert (await volunteer.get("/v1/me/wallet"))["available"] == 40
    assert await count_transactions(site) == before
    assert (await approve(author, order, 409))["code"] == "SELF_REVIEW"
    stale = await approve(approver, {**order, "revision": 1}, 412)
    assert stale["code"] == "EDIT_CONFLICT"
    approved = await approve(approver, order)
    assert (approved["state"], approved["report"]["pending"]) == ("executing", 1)
    assert [await run_job(site), await run_job(site)] == [1, 0]
    done = await author.get(f"{ORDERS}/{order['id']}")
    assert done["state"] == "done"
    assert done["report"] == {
        "pending": 0,
        "done": [{"record_id": record["id"], "replacement_id": None}],
        "refused": [],
    }
    assert await count_transactions(site) == before + 1
    wallet = await volunteer.get("/v1/me/wallet")
    assert (wallet["available"], wallet["debt"]) == (0, 50)
    await a_verified_record(site, ended_ago=timedelta(days=2))
    wallet = await volunteer.get("/v1/me/wallet")
    assert (wallet["available"], wallet["debt"]) == (40, 0)
    await assert_all_sound(site.database, site.city)


async def test_hours_of_a_closed_month_are_changed(site: Site) -> None:
    """Case 9: an activity of 40 days ago is scaled to two thirds: 60 minutes as known now, 90 as known then.

    The closed month is listed; the right record names the wrong one and is explained.
    """
    record = await a_verified_record(site, ended_ago=timedelta(days=40), activity_id="act-1")
    known_then = site.clock.now.isoformat()
    day = record["ended_at"][:10]
    author, approver = an_admin(site), an_admin(site)
    scope = {"activity_id": "act-1", "team_id": record["team_id"], "since": day, "until": day}
    order = await author.post(ORDERS, {"scope": scope, "change": {"percent": 67}, **WHY}, 201)
    site.clock.move(timedelta(days=1))
    order = await author.post(f"{ORDERS}/{order['id']}/preview")
    assert order["impact"]["closed_months"] == [day[:7]]
    assert (order["impact"]["minutes_taken"], order["impact"]["minutes_given"]) == (90, 60)
    assert order["impact"]["points_taken"] == 30
    await approve(approver, order)
    assert await run_job(site) == 1
    [done] = (await author.get(f"{ORDERS}/{order['id']}"))["report"]["done"]
    right = await author.get(f"/v1/service-records/{done['replacement_id']}")
    assert (right["replaces_id"], right["minutes"], right["points"], right["state"]) == (
        record["id"],
        60,
        60,
        "verified",
    )
    assert (right["activity"], right["place"], right["check_ins"]) == (
        record["activity"],
        record["place"],
        record["check_ins"],
    )
    assert (await author.get(f"/v1/service-records/{record['id']}"))["state"] == "withdrawn"
    assert (await author.get(f"/v1/service-records/{right['id']}/explanation"))["points"] == 60
    told = (await a_volunteer(site).get("/v1/me/statement"))["lines"]
    assert ("correct.v1", -30) in {(line["kind"], line["points"]) for line in told}
    hours = f"/v1/ledger/accounts/hours.{record['volunteer_id']}?effective_on={day}"
    auditor = an_admin(site)
    assert (await auditor.get(hours))["balance"] == 60
    assert (await auditor.get(f"{hours}&known_at={known_then.replace('+', '%2B')}"))["balance"] == 90
    await assert_all_sound(site.database, site.city)


async def test_what_was_not_previewed_is_not_approved(site: Site) -> None:
    """A record verified after the preview: refused with what differs; previewed again, it can be approved."""
    await a_verified_record(site)
    author, approver = an_admin(site), an_admin(site)
    verifier = format_id("usr", person(site, "verifier").subject)
    scope = {"verifier_id": verifier, "volunteer_id": format_id("vol", site.city.volunteers[0])}
    order = await author.post(ORDERS, {"scope": scope, **WHY}, 201)
    assert (await approve(approver, order, 409))["figures"] == {"state": "draft"}
    order = await author.post(f"{ORDERS}/{order['id']}/preview")
    await a_verified_record(site, ended_ago=timedelta(days=2))
    refused = await approve(approver, order, 409)
    assert refused["figures"] == {"state": "records-changed", "added": 1, "gone": 0, "changed": 0}
    order = await author.post(f"{ORDERS}/{order['id']}/preview")
    assert order["impact"]["records"] == 2
    await approve(approver, order)
    assert (await author.post(f"{ORDERS}/{order['id']}/preview", None, 409))["figures"] == {"state": "executing"}
    assert (await author.post(f"{ORDERS}/{order['id']}/discard", None, 409))["figures"] == {"state": "executing"}


@pytest.mark.parametrize("role", ["enterer", "verifier"])
async def test_nobody_approves_what_they_had_a_part_in(site: Site, role: str) -> None:
    """Who entered or verified one of the records is refused, though they did not write the order."""
    record = await a_verified_record(site)
    author = an_admin(site)
    order = await author.post(ORDERS, {"scope": {"record_id": record["id"]}, **WHY}, 201)
    order = await author.post(f"{ORDERS}/{order['id']}/preview")
    own = Caller(site=site, kind=author.kind, subject=person(site, role).subject)
    assert (await approve(own, order, 409))["code"] == "SELF_REVIEW"


async def test_an_organiser_drafts_within_their_part(site: Site) -> None:
    """Records and teams beside it are 404; what an organiser drafted for a volunteer touches their part only."""
    tree = await a_tree(site)
    made = []
    for side in (0, 1):
        body = a_record(site, ended_ago=timedelta(days=1 + side), team_id=format_id("tea", tree.small[side]))
        entered = await person(site, f"enterer {side}").enter(body)
        made.append(await person(site, "verifier").verify(entered))
    mine, others = made
    organiser, beside = (person(site, f"organiser {side}", team=tree.middle[side]) for side in (0, 1))
    for scope in ({"record_id": others["id"]}, {"team_id": others["team_id"]}, {"record_id": f"rec_{'0' * 32}"}):
        assert (await organiser.post(ORDERS, {"scope": scope, **WHY}, 404))["code"] == "NOT_FOUND"
    order = await organiser.post(ORDERS, {"scope": {"volunteer_id": mine["volunteer_id"]}, **WHY}, 201)
    order = await organiser.post(f"{ORDERS}/{order['id']}/preview")
    assert (order["impact"]["records"], order["impact"]["minutes_taken"]) == (1, 90)
    for verb in ("preview", "discard"):
        await beside.post(f"{ORDERS}/{order['id']}/{verb}", None, 404)
    await beside.get(f"{ORDERS}/{order['id']}", 404)
    assert (await beside.get(ORDERS))["corrections"] == []
    assert [each["id"] for each in (await an_admin(site).get(ORDERS))["corrections"]] == [order["id"]]
    assert (await organiser.post(f"{ORDERS}/{order['id']}/discard"))["state"] == "discarded"


@pytest.mark.parametrize(
    "wrong, pointer",
    [
        ({"scope": {}}, "/scope"),
        ({"scope": {"activity_id": "act-1", "verifier_id": f"usr_{'0' * 32}"}}, "/scope/team_id"),
        ({"change": {}}, "/change"),
        ({"change": {"minutes": 30, "percent": 50}}, "/change/percent"),
        ({"change": {"minutes": 0}}, "/change/minutes"),
    ],
)
async def test_an_order_says_what_and_of_which(site: Site, wrong: Json, pointer: str) -> None:
    """A scope that names nothing and a change that changes nothing are refused; an empty scope at its preview."""
    body = {"scope": {"verifier_id": f"usr_{'0' * 32}"}, **WHY}
    refused = await an_admin(site).post(ORDERS, {**body, **wrong}, 400)
    assert [error["pointer"] for error in refused["errors"]] == [pointer]
    author = an_admin(site)
    order = await author.post(ORDERS, body, 201)
    assert (await author.post(f"{ORDERS}/{order['id']}/preview", None, 409))["figures"] == {"state": "empty"}
