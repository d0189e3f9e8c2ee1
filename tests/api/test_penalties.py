"""Penalties over HTTP: imposed, confirmed by a second person, appealed before a third, posted when final, lifted."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import PenaltyId, TransactionId, format_id, parse_id
from app.core.penalising import Penalise
from app.engine.batch import JOB_BODY, Submission
from tests.support.calls import Json
from tests.support.rewards import an_offence, debt_and_points, post_final, rewarding
from tests.support.service_calls import a_record, a_tree, a_volunteer, an_admin, person
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

PENALTIES = "/v1/penalties"
WHY = {"reason": "当天因病就医，有病历"}
BECAUSE = {"reason": "材料属实"}


async def _confirmed(site: Site, **changed: Any) -> Json:  # noqa: ANN401 - JSON
    """A penalty that two people have agreed on."""
    made = await an_admin(site, "imposer").post(PENALTIES, an_offence(site, **changed), 201)
    return await an_admin(site, "confirmer").post(f"{PENALTIES}/{made['id']}/confirm")


async def test_a_penalty_takes_points_when_its_term_is_over(site: Site) -> None:
    """Two people, then ten working days, then the points: what is there first, the rest as a debt, told as a line."""
    await rewarding(site)
    imposer, own = an_admin(site, "imposer"), a_volunteer(site)
    made = await imposer.post(PENALTIES, an_offence(site, code="false-record"), 201)
    assert (made["state"], made["points"], made["due_at"], made["policy_version"]) == ("imposed", None, None, "2026-9")
    assert (await own.get("/v1/me/penalties"))["penalties"] == []
    await own.get(f"/v1/me/penalties/{made['id']}", 404)
    assert (await imposer.post(f"{PENALTIES}/{made['id']}/confirm", None, 409))["code"] == "SELF_REVIEW"
    confirmed = await an_admin(site, "confirmer").post(f"{PENALTIES}/{made['id']}/confirm")
    assert (confirmed["state"], confirmed["points"], confirmed["count"]) == ("confirmed", 600, 1)
    assert (confirmed["due_at"], confirmed["final"]) == ("2026-03-16T16:00:00Z", False)
    [told] = (await own.get("/v1/me/penalties"))["penalties"]
    assert told == await own.get(f"/v1/me/penalties/{made['id']}") == confirmed
    assert told["sentence_zh"] == "虚假记录，本年度第 1 次：扣 600 分（规则 2026-9）"
    site.clock.now = site.clock.now.replace(day=16, hour=15, minute=59)
    assert await post_final(site) == 0
    site.clock.move(timedelta(minutes=1))
    assert (await own.get(f"/v1/me/penalties/{made['id']}"))["final"] is True
    assert (await own.post(f"/v1/me/penalties/{made['id']}/appeal", WHY, 409))["code"] == "APPEAL_ENDED"
    await asyncio.gather(post_final(site), post_final(site))
    assert await post_final(site) == 0
    assert await debt_and_points(own) == (100, 0)
    line = (await own.get("/v1/me/statement"))["lines"][0]
    assert (line["kind"], line["points"], line["explanation"]) == ("penalise.v1", -500, told["sentence_zh"])
    posted = await own.get(f"/v1/me/penalties/{made['id']}")
    assert (posted["state"], posted["transaction_id"]) == ("posted", line["transaction_id"])
    assert (await own.get("/v1/me/stars"))["minutes"] == 500
    await assert_all_sound(site.database, site.city)


async def test_an_appeal_suspends_and_a_third_person_answers(site: Site) -> None:
    """However long it takes, nothing is taken; overturned, nothing ever is."""
    await rewarding(site)
    own = a_volunteer(site)
    made = await _confirmed(site, code="false-record")
    await a_volunteer(site, 1).post(f"/v1/me/penalties/{made['id']}/appeal", WHY, 404)
    appealed = await own.post(f"/v1/me/penalties/{made['id']}/appeal", WHY)
    assert (appealed["state"], appealed["appeal"], appealed["due_at"]) == (
        "appealed",
        WHY["reason"],
        "2026-03-16T16:00:00Z",
    )
    await own.post(f"/v1/me/penalties/{made['id']}/appeal", WHY, 409)
    site.clock.move(timedelta(days=60))
    assert await post_final(site) == 0
    for name in ("imposer", "confirmer"):
        refused = await an_admin(site, name).post(f"{PENALTIES}/{made['id']}/overturn", BECAUSE, 409)
        assert refused["code"] == "SELF_REVIEW"
    answered = await an_admin(site, "third").post(f"{PENALTIES}/{made['id']}/overturn", BECAUSE)
    assert (answered["state"], answered["answer"]) == ("overturned", BECAUSE["reason"])
    assert await post_final(site) == 0
    assert await debt_and_points(own) == (0, 500)
    async with site.database.read() as reader:
        rows = await reader.execute(
            text("SELECT action, changes FROM audit_rows WHERE action LIKE 'penalty%' ORDER BY id")
        )
        noted = [(action, changes) for action, changes in rows]
    assert noted[1:] == [
        (
            "penalty.confirm",
            {
                "before": {"state": "imposed", "count": 0, "points": 0},
                "after": {"state": "confirmed", "count": 1, "points": made["points"]},
            },
        ),
        ("penalty.appeal", {"before": {"state": "confirmed"}, "after": {"state": "appealed"}}),
        ("penalty.overturn", {"before": {"state": "appealed"}, "after": {"state": "overturned"}}),
    ]


async def test_an_appeal_that_fails_is_posted_and_may_be_lifted(site: Site) -> None:
    """At once, not after the term; lifted by an administrator, the debt is repaid and the rest comes back."""
    await rewarding(site)
    own = a_volunteer(site)
    made = await _confirmed(site, code="false-record")
    await own.post(f"/v1/me/penalties/{made['id']}/appeal", WHY)
    third = an_admin(site, "third")
    await third.post(f"{PENALTIES}/{made['id']}/lift", BECAUSE, 409)
    await third.post(f"{PENALTIES}/{made['id']}/uphold", BECAUSE)
    assert await post_final(site) == 1
    assert await debt_and_points(own) == (100, 0)
    lifted = await third.post(f"{PENALTIES}/{made['id']}/lift", BECAUSE)
    assert lifted["state"] == "lifted"
    assert await debt_and_points(own) == (0, 500)
    assert (await third.post(f"{PENALTIES}/{made['id']}/lift", BECAUSE, 409))["code"] == "STATE_CONFLICT"
    line = (await own.get("/v1/me/statement"))["lines"][0]
    assert (line["kind"], line["points"]) == ("lift-penalty.v1", 500)
    assert line["explanation"].startswith("扣分已撤销，积分退回：虚假记录")
    await assert_all_sound(site.database, site.city)


async def test_the_first_of_a_year_is_a_warning(site: Site) -> None:
    """From the second on it costs; what was overturned, and last year's, do not count."""
    await rewarding(site)
    own, third = a_volunteer(site), an_admin(site, "third")
    overturned = await _confirmed(site)
    await own.post(f"/v1/me/penalties/{overturned['id']}/appeal", WHY)
    await third.post(f"{PENALTIES}/{overturned['id']}/overturn", BECAUSE)
    outcomes = [await _confirmed(site, happened_on=f"2026-02-0{day}") for day in (1, 2, 3)]
    assert [(each["count"], each["points"]) for each in outcomes] == [(1, 0), (2, 20), (3, 20)]
    assert outcomes[0]["sentence_zh"] == "无故缺席，本年度第 1 次：警告，不扣分（规则 2026-9）"
    other = await an_admin(site, "imposer").post(PENALTIES, an_offence(site, 1), 201)
    counted = await an_admin(site, "confirmer").post(f"{PENALTIES}/{other['id']}/confirm")
    assert counted["count"] == 1
    site.clock.move(timedelta(days=30))
    assert await post_final(site) == 4
    assert await debt_and_points(own) == (0, 460)
    await assert_all_sound(site.database, site.city)


async def test_two_confirmed_at_once_are_counted_one_after_the_other(site: Site) -> None:
    """Nobody is twice the first of a year."""
    await rewarding(site)
    imposer, confirmer = an_admin(site, "imposer"), an_admin(site, "confirmer")
    made = [await imposer.post(PENALTIES, an_offence(site), 201) for _ in range(4)]
    confirmed = await asyncio.gather(*(confirmer.post(f"{PENALTIES}/{each['id']}/confirm") for each in made))
    assert sorted(each["count"] for each in confirmed) == [1, 2, 3, 4]


async def test_an_appeal_in_the_last_moment_keeps_the_batch_waiting(site: Site) -> None:
    """The batch that would post it waits for the appeal that is being written, and then is refused."""
    await rewarding(site)
    made = await _confirmed(site, code="false-record")
    penalty = PenaltyId(parse_id("pen", made["id"]) or uuid7())
    site.clock.move(timedelta(days=30))
    async with site.database.begin() as tx:
        await tx.execute(
            text("UPDATE penalties SET state = 'appealed', appealed_at = now(), appeal = 'x' WHERE id = :id"),
            {"id": penalty},
        )
        command = Penalise(penalty=penalty, transaction=TransactionId(uuid7()))
        posting = asyncio.ensure_future(
            site.services.committers.submit(
                site.city.programme,
                Submission(command=command, key=AnswerKey("system", "late"), body_hash=JOB_BODY),
            )
        )
        done, _ = await asyncio.wait([posting], timeout=0.5)
        assert not done
    assert (await posting).answer == Rejected(Code.STATE_CONFLICT, {"state": "appealed"})
    assert await debt_and_points(a_volunteer(site)) == (0, 500)


async def test_what_was_appealed_in_the_last_moment_is_posted_once_it_is_upheld(site: Site) -> None:
    """The job's refusal of then is not its answer for ever: upheld on the same day, the points are taken."""
    await rewarding(site)
    made = await _confirmed(site, code="false-record")
    due = site.clock.now.replace(day=16, hour=16)
    site.clock.now = due
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE penalties SET state = 'appealed', appealed_at = now(), appeal = '病历'"))
        posting = asyncio.ensure_future(post_final(site))
        done, _ = await asyncio.wait([posting], timeout=0.5)
        assert not done
    await posting
    assert await debt_and_points(a_volunteer(site)) == (0, 500)
    await an_admin(site, "third").post(f"{PENALTIES}/{made['id']}/uphold", BECAUSE)
    assert await post_final(site) == 1
    assert await debt_and_points(a_volunteer(site)) == (100, 0)
    await assert_all_sound(site.database, site.city)


async def test_organisers_act_within_their_part(site: Site) -> None:
    """Impose, see and confirm for teams of their part only; an overdue appeal is answered by an administrator."""
    await rewarding(site)
    tree = await a_tree(site)
    small, middle, elsewhere = (
        person(site, "small", team=tree.small[0]),
        person(site, "middle", team=tree.middle[0]),
        person(site, "elsewhere", team=tree.middle[1]),
    )
    body = an_offence(site, team_id=format_id("tea", tree.small[0]), code="false-record")
    await elsewhere.post(PENALTIES, body, 404)
    made = await small.post(PENALTIES, body, 201)
    target = f"{PENALTIES}/{made['id']}"
    await elsewhere.get(target, 404)
    await elsewhere.post(f"{target}/confirm", None, 404)
    assert (await elsewhere.get(PENALTIES))["penalties"] == []
    assert [each["id"] for each in (await small.get(PENALTIES))["penalties"]] == [made["id"]]
    await middle.post(f"{target}/confirm")
    await a_volunteer(site).post(f"/v1/me/penalties/{made['id']}/appeal", WHY)
    site.clock.move(timedelta(days=20))
    third = person(site, "third", team=tree.middle[0])
    assert (await third.get(target))["overdue"] is True
    assert (await third.post(f"{target}/uphold", BECAUSE, 409))["code"] == "ESCALATED"
    assert (await an_admin(site).post(f"{target}/uphold", BECAUSE))["state"] == "upheld"
    assert [each["state"] for each in (await an_admin(site).get(f"{PENALTIES}?state=upheld"))["penalties"]] == [
        "upheld"
    ]


async def test_what_is_given_up_is_never_heard_of(site: Site) -> None:
    """Dropped before it was confirmed; then it can neither be confirmed nor dropped again."""
    await rewarding(site)
    admin = an_admin(site)
    made = await admin.post(PENALTIES, an_offence(site), 201)
    assert (await admin.post(f"{PENALTIES}/{made['id']}/drop", BECAUSE))["state"] == "dropped"
    await admin.post(f"{PENALTIES}/{made['id']}/drop", BECAUSE, 409)
    await an_admin(site, "other").post(f"{PENALTIES}/{made['id']}/confirm", None, 409)
    await a_volunteer(site).get(f"/v1/me/penalties/{made['id']}", 404)


async def test_what_cannot_be_a_penalty_is_refused(site: Site) -> None:
    """Without a rule of the day, for strangers, in the future, about somebody else's record."""
    await rewarding(site)
    tree = await a_tree(site)
    admin = an_admin(site)
    other = await person(site, "enterer", team=tree.root).enter(a_record(site, number=1))
    for changed, status in (
        ({"happened_on": "2025-12-31"}, 409),
        ({"code": "unheard-of"}, 409),
        ({"happened_on": "2026-03-03"}, 400),
        ({"volunteer_id": "vol_" + "0" * 32}, 404),
        ({"team_id": "tea_" + "0" * 32}, 404),
        ({"record_id": other["id"]}, 404),
        ({"reason": ""}, 400),
        ({"evidence": ""}, 400),
    ):
        await admin.post(PENALTIES, an_offence(site, **changed), status)
    assert (await admin.get(PENALTIES))["penalties"] == []
    about = await admin.post(PENALTIES, an_offence(site, 1, record_id=other["id"]), 201)
    assert about["record_id"] == other["id"]


@pytest.mark.parametrize("days, due", [(1, "2026-03-03T16:00:00Z"), (20, "2026-03-30T16:00:00Z")])
async def test_the_term_is_the_programmes(site: Site, days: int, due: str) -> None:
    """The setting counts working days, for penalties confirmed from then on."""
    await rewarding(site)
    admin = an_admin(site)
    programme = await admin.get("/v1/programme")
    assert programme["appeal_days"] == 10
    headers = await site.headers(admin.kind, subject=admin.subject)
    changed = await site.client.patch(
        "/v1/programme",
        json={"appeal_days": days},
        headers={**headers, "If-Match": f'"{programme["revision"]}"'},
    )
    assert (changed.status_code, changed.json()["appeal_days"]) == (200, days)
    assert (await _confirmed(site))["due_at"] == due
