"""Approved applications and the ledger: quota, waiting list, hours used up, revoked and withdrawn, and what crashes."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.actions.application_grants import fetch_settling, note_settling
from app.actions.application_hands import find_application
from app.actions.application_reviews import Judgement, judge_application
from app.core.applications.states import ApplicationEvent
from app.core.benefits.model import Benefit, BenefitLevel, Operator, Quota
from app.core.codes import Code, Rejected
from app.core.ids import NOBODY, ApplicationId, PlaceId, ProgrammeId
from app.core.rounds import RoundMode
from app.engine.applications import carry_out_settling
from app.jobs.applications import run_application_grants
from app.security.actors import Actor, ActorKind
from app.security.scopes import Scope
from app.security.tickets import hash_ticket_of
from app.store.application_grants import fetch_unsettled
from app.store.application_lists import ApplicationFilter, fetch_applications, fetch_noticed
from tests.support.applications import ALL, MINE, Hamlet, a_hamlet, consent, decide
from tests.support.benefits import a_benefit, a_criterion, requires
from tests.support.calls import Json
from tests.support.rounds import Terms, a_round
from tests.support.service_calls import Person
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound


def a_simple(**more: Any) -> Benefit:  # noqa: ANN401 - any field
    """A benefit that the city alone decides, for which minutes suffice."""
    criteria = (a_criterion(requires("minutes", Operator.AT_LEAST, 100), code="minutes"),)
    return a_benefit(**{"criteria": criteria, "levels": (BenefitLevel.CITY,), "window_months": None, **more})


async def _apply(hamlet: Hamlet, who: Person, benefit: str = "concert") -> Json:
    draft = await who.post(MINE, {"benefit": benefit}, 201)
    submitted = await who.post(f"{MINE}/{draft['id']}/submit")
    return await decide(hamlet.city, submitted, "take-in")


async def _batch(site: Site) -> Json:
    batch = await a_round(site.database, site.city, Terms(mode=RoundMode.REVIEWED, capacity=1))
    return {"round_id": f"rnd_{batch.hex}"}


async def _approve_only(site: Site, application: Json, seen: Json) -> None:
    """What a process does that ends before it has told the ledger."""
    judgement = Judgement(event=ApplicationEvent.APPROVE, seen=bytes.fromhex(seen["facts_hash"]))
    admin = Actor(kind=ActorKind.ADMIN, programme=site.city.programme, subject=uuid7(), scopes=frozenset())
    named = ApplicationId(UUID(hex=application["id"][4:]))
    async with site.database.begin() as tx:
        assert not isinstance(await judge_application(tx, admin, named, judgement, site.clock.now), Rejected)


async def _run_jobs(site: Site) -> int:
    services = site.services
    key = services.cabinet.tickets
    return await run_application_grants(site.database, services.committers, site.city.programme, key, site.clock)


async def _grant_states(site: Site) -> list[str]:
    async with site.database.read() as reader:
        rows = await reader.execute(text("SELECT state FROM benefit_grants ORDER BY approved_at, id"))
        return [row.state for row in rows]


async def test_what_the_quota_refuses_comes_back_to_people(site: Site) -> None:
    """One a year: the second is approved by people and refused by the ledger, and then rejected in writing."""
    hamlet = await a_hamlet(site, a_simple(quota=Quota(per_year=1)))
    await consent(hamlet.neighbour)
    first, second = [await _apply(hamlet, who) for who in (hamlet.applicant, hamlet.neighbour)]
    assert (await decide(hamlet.city, first, "approve"))["state"] == "approved"
    assert (await decide(hamlet.city, second, "approve"))["state"] == "city-review"
    steps = (await hamlet.neighbour.get(f"{MINE}/{second['id']}"))["steps"]
    assert [(line["event"], line["reason"]) for line in steps[-2:]] == [
        ("approve", None),
        ("refuse-grant", "QUOTA_EXCEEDED"),
    ]
    assert (await decide(hamlet.city, second, "reject", reason="本年度名额已满"))["state"] == "rejected"
    assert await _grant_states(site) == ["approved"]
    await assert_all_sound(site.database, site.city)


async def test_a_place_that_comes_free_goes_to_the_next(site: Site) -> None:
    """The second waits in the ledger's line; the first is revoked; the job tells the second that it is granted."""
    hamlet = await a_hamlet(site, a_simple(quota=Quota(per_batch=1)))
    await consent(hamlet.neighbour)
    batch = await _batch(site)
    first, second = [await _apply(hamlet, who) for who in (hamlet.applicant, hamlet.neighbour)]
    assert (await decide(hamlet.city, first, "approve", 400))["code"] == "PARAM_ERROR"
    assert (await decide(hamlet.city, first, "approve", **batch))["state"] == "approved"
    assert (await decide(hamlet.city, second, "approve", **batch))["state"] == "waiting"
    assert await _run_jobs(site) == 0
    async with site.database.read() as reader:
        assert not await fetch_unsettled(reader, site.city.programme, ApplicationId(NOBODY), 10)
    assert (await decide(hamlet.second, first, "revoke", reason="材料不实"))["state"] == "revoked"
    assert await _grant_states(site) == ["revoked", "approved"]
    assert [await _run_jobs(site), await _run_jobs(site)] == [1, 0]
    detail = await hamlet.neighbour.get(f"{MINE}/{second['id']}")
    assert (detail["state"], detail["steps"][-1]["event"]) == ("approved", "grant")
    await assert_all_sound(site.database, site.city)


async def test_who_withdraws_while_waiting_leaves_the_line(site: Site) -> None:
    """The job ends the grant in the ledger, once; nobody else is moved by it."""
    hamlet = await a_hamlet(site, a_simple(quota=Quota(per_batch=1)))
    await consent(hamlet.neighbour)
    batch = await _batch(site)
    first, second = [await _apply(hamlet, who) for who in (hamlet.applicant, hamlet.neighbour)]
    await decide(hamlet.city, first, "approve", **batch)
    await decide(hamlet.city, second, "approve", **batch)
    assert (await hamlet.neighbour.post(f"{MINE}/{second['id']}/withdraw"))["state"] == "withdrawn"
    assert [await _run_jobs(site), await _run_jobs(site)] == [1, 0]
    assert await _grant_states(site) == ["approved", "revoked"]
    assert (await hamlet.applicant.get(f"{MINE}/{first['id']}"))["state"] == "approved"
    await assert_all_sound(site.database, site.city)


async def test_a_grant_that_a_crash_has_left_is_given_by_the_job(site: Site) -> None:
    """Approved and written down, then the process ends: the job sends it, once; the volunteer waits meanwhile."""
    hamlet = await a_hamlet(site, a_simple())
    application = await _apply(hamlet, hamlet.applicant)
    detail = await hamlet.city.get(f"{ALL}/{application['id']}")
    await _approve_only(site, application, detail)
    assert (await hamlet.applicant.get(f"{MINE}/{application['id']}"))["state"] == "waiting"
    assert [await _run_jobs(site), await _run_jobs(site)] == [1, 0]
    assert (await hamlet.applicant.get(f"{MINE}/{application['id']}"))["state"] == "approved"
    assert await _grant_states(site) == ["approved"]


async def test_the_same_hours_never_qualify_twice(site: Site) -> None:
    """A grant uses them up: what was approved at the same time the ledger refuses, what comes later is not eligible."""
    using = {"window_months": 12, "consumes_minutes": 300}
    names = ("concert", "second", "third")
    hamlet = await a_hamlet(site, *(a_simple(code=name, **using) for name in names))
    first, second, third = [await _apply(hamlet, hamlet.applicant, name) for name in names]
    seen = await hamlet.city.get(f"{ALL}/{second['id']}")
    await _approve_only(site, second, seen)
    assert (await decide(hamlet.city, first, "approve"))["state"] == "approved"
    assert await _run_jobs(site) == 1
    steps = (await hamlet.applicant.get(f"{MINE}/{second['id']}"))["steps"]
    assert (steps[-1]["event"], steps[-1]["reason"]) == ("refuse-grant", "HOURS_CONSUMED")
    after = await hamlet.city.get(f"{ALL}/{third['id']}")
    assert {change["fact"]: change["before"] for change in after["differences"]}["free_minutes"] == 500
    assert (await decide(hamlet.city, third, "approve", 409))["code"] == "NOT_ELIGIBLE"
    await assert_all_sound(site.database, site.city)


async def test_a_place_of_an_event_comes_with_its_ticket(site: Site) -> None:
    """A reviewed round that is an event: the place bears the hash of the code that its volunteer will show."""
    hamlet = await a_hamlet(site, a_simple(quota=Quota(per_batch=1)))
    batch = await _batch(site)
    times = {name: site.clock.now + timedelta(days=day) for day, name in enumerate(("doors", "starts", "ends"), 2)}
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE rounds SET doors_at = :doors, starts_at = :starts, ends_at = :ends"), times)
    application = await _apply(hamlet, hamlet.applicant)
    assert (await decide(hamlet.city, application, "approve", **batch))["state"] == "approved"
    place = PlaceId(UUID(hex=application["id"][4:]))
    async with site.database.read() as reader:
        kept = await reader.scalar(text("SELECT code_hash FROM places WHERE id = :id"), {"id": place})
    assert kept == hash_ticket_of(site.services.cabinet.tickets, site.city.programme, place)


async def test_a_grant_that_comes_too_late_is_ended(site: Site) -> None:
    """Withdrawn between the ledger's answer and our writing it down: nothing stays in the ledger."""
    hamlet = await a_hamlet(site, a_simple())
    application = await _apply(hamlet, hamlet.applicant)
    await _approve_only(site, application, await hamlet.city.get(f"{ALL}/{application['id']}"))
    services, programme = site.services, site.city.programme
    async with site.database.read() as reader:
        named = ApplicationId(UUID(hex=application["id"][4:]))
        settling = await fetch_settling(reader, programme, named, services.cabinet.tickets)
    assert settling is not None
    done = await carry_out_settling(services.committers, programme, settling)
    assert await _grant_states(site) == ["approved"]
    await hamlet.applicant.post(f"{MINE}/{application['id']}/withdraw")
    async with site.database.begin() as tx:
        assert not await note_settling(tx, programme, done, site.clock.now)
    assert [await _run_jobs(site), await _run_jobs(site)] == [1, 0]
    assert await _grant_states(site) == ["revoked"]
    assert (await hamlet.applicant.get(f"{MINE}/{application['id']}"))["state"] == "withdrawn"


async def test_two_reviewers_at_once_decide_once(site: Site) -> None:
    """The second waits for the first and finds that it is not its turn any more; there is one grant."""
    hamlet = await a_hamlet(site, a_simple())
    application = await _apply(hamlet, hamlet.applicant)
    body = {"decision": "approve", "facts_hash": (await hamlet.city.get(f"{ALL}/{application['id']}"))["facts_hash"]}
    target = f"{ALL}/{application['id']}/decisions"
    headers = [await site.headers(ActorKind.ADMIN, subject=who.subject) for who in (hamlet.city, hamlet.second)]
    sent = [site.client.post(target, json=body, headers=each) for each in headers]
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await _grant_states(site) == ["approved"]


async def test_nobody_of_another_programme_knows_of_it(site: Site) -> None:
    """With the right id and every scope there is: not there, to be read, decided, objected to, or printed."""
    hamlet = await a_hamlet(site, a_simple())
    application = await _apply(hamlet, hamlet.applicant)
    stranger = Actor(kind=ActorKind.ADMIN, programme=ProgrammeId("other"), subject=uuid7(), scopes=frozenset(Scope))
    named = ApplicationId(UUID(hex=application["id"][4:]))
    async with site.database.begin() as tx:
        judged = await judge_application(tx, stranger, named, Judgement(event=ApplicationEvent.REJECT), site.clock.now)
    assert judged == Rejected(Code.NOT_FOUND)
    async with site.database.read() as reader:
        assert await find_application(reader, stranger, named) is None
        everything = ApplicationFilter(drafts=True)
        begin = ApplicationId(NOBODY)
        assert not await fetch_applications(reader, stranger.programme, begin, 10, everything)
        assert not await fetch_noticed(reader, stranger.programme, begin, 10, site.clock.now, None)
