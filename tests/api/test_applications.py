"""Applications over HTTP: the way through all levels to a grant, and the ways in which it is refused."""

from datetime import date, timedelta

from app.api.application_fields import ReviewDecision
from app.core.applications.states import MOVES, Party
from app.core.benefits.model import BenefitKind, Decides, Operator
from app.jobs.applications import run_application_times
from app.security.actors import ActorKind
from tests.support.applications import (
    ALL,
    ENROLMENT,
    HARDSHIP,
    MINE,
    a_hamlet,
    a_piece,
    begin,
    decide,
    publish_notice,
    reach_city,
    submit,
)
from tests.support.benefits import a_benefit, a_criterion, requires
from tests.support.calls import Json
from tests.support.service_calls import an_admin
from tests.support.sites import Site


async def test_the_way_to_a_grant(site: Site) -> None:
    """Draft, village, town, notice, city, ledger, use: each by another person, with terms, facts and reasons."""
    hamlet = await a_hamlet(site)
    draft = await begin(hamlet, requested_fen=500_000, material=[a_piece()])
    assert (draft["state"], draft["due_at"], draft["version"]) == ("draft", None, "2026-1")
    submitted = await hamlet.applicant.post(f"{MINE}/{draft['id']}/submit")
    assert (submitted["state"], submitted["due_at"]) == ("submitted", "2026-03-05T16:00:00Z")
    taken = await decide(hamlet.village, draft, "take-in")
    assert (taken["state"], taken["due_at"]) == ("village-review", "2026-03-23T16:00:00Z")
    assert (await decide(hamlet.village, draft, "endorse"))["state"] == "town-review"
    public = await decide(hamlet.town, draft, "endorse", amount_fen=300_000)
    assert (public["state"], public["notice_until"]) == ("publicity", "2026-03-09T16:00:00Z")
    site.clock.move(timedelta(days=8))
    before = await hamlet.city.get(f"{ALL}/{draft['id']}")
    assert (before["state"], before["amount_fen"]) == ("city-review", 300_000)
    granted = await decide(hamlet.city, draft, "approve")
    assert (granted["state"], granted["valid_until"]) == ("approved", "2026-06-08T16:00:00Z")
    assert (await decide(hamlet.city, draft, "fulfil"))["state"] == "fulfilled"
    detail = await hamlet.applicant.get(f"{MINE}/{draft['id']}")
    events = [line["event"] for line in detail["steps"]]
    assert events == ["submit", "take-in", "endorse", "endorse", "end-publicity", "approve", "grant", "fulfil"]
    assert [line["level"] for line in detail["steps"]][:4] == [None, "village", "village", "town"]
    assert {line["actor"] for line in detail["steps"]} == {None}


async def test_an_application_that_does_not_qualify_is_answered_by_people(site: Site) -> None:
    """It can be submitted; nobody approves it; the rejection has its reason; another person looks at the appeal."""
    wanting = a_benefit(
        code="hardship",
        criteria=(a_criterion(requires("minutes", Operator.AT_LEAST, 100_000), code="minutes"),),
    )
    hamlet = await a_hamlet(site, wanting)
    application = await submit(hamlet)
    assert (await decide(hamlet.city, application, "take-in"))["state"] == "city-review"
    detail = await hamlet.city.get(f"{ALL}/{application['id']}")
    assert detail["eligible"] is False
    assert detail["criteria"][0]["missing"]
    assert (await decide(hamlet.city, application, "approve", 409))["code"] == "NOT_ELIGIBLE"
    assert (await decide(hamlet.city, application, "reject", 400))["code"] == "PARAM_ERROR"
    rejected = await decide(hamlet.city, application, "reject", reason="服务时长不足")
    assert (rejected["state"], rejected["due_at"]) == ("rejected", "2026-05-06T16:00:00Z")
    appeal = f"{MINE}/{application['id']}/appeal"
    assert (await hamlet.applicant.post(appeal, {"reason": "漏记一次活动"}))["state"] == "appealed"
    refused = await decide(hamlet.city, application, "uphold-appeal", 409, reason="同一人")
    assert refused["code"] == "SELF_REVIEW"
    upheld = await decide(hamlet.second, application, "uphold-appeal", reason="重新审核")
    assert upheld["state"] == "city-review"
    third = an_admin(site, "third")
    assert (await decide(third, application, "reject", reason="仍不足"))["state"] == "rejected"
    assert (await hamlet.applicant.post(appeal, {"reason": "再次"}, 409))["code"] == "APPEAL_ENDED"


async def test_an_approval_rests_on_what_was_looked_at(site: Site) -> None:
    """Without the hash, with an older one, or without attesting the exclusion: refused, and nothing has changed."""
    hamlet = await a_hamlet(site)
    application = await reach_city(hamlet)
    shown = application["facts_hash"]
    assert application["frozen_hash"] != shown
    assert (await decide(hamlet.city, application, "approve", 400, facts_hash=shown))["code"] == "PARAM_ERROR"
    stale = await decide(hamlet.city, application, "approve", 412, facts_hash="00" * 32, attested=["crime"])
    assert stale["code"] == "EDIT_CONFLICT"
    assert (await hamlet.city.get(f"{ALL}/{application['id']}"))["state"] == "city-review"


async def test_facts_that_changed_are_shown(site: Site) -> None:
    """What is no longer as it was frozen stands beside it for the reviewer, and in the history after the decision."""
    hamlet = await a_hamlet(site)
    application = await publish_notice(hamlet)
    site.clock.move(timedelta(days=40))
    detail = await hamlet.city.get(f"{ALL}/{application['id']}")
    assert [change["fact"] for change in detail["differences"]] == ["registered_months"]
    await decide(hamlet.city, application, "approve")
    steps = (await hamlet.city.get(f"{ALL}/{application['id']}"))["steps"]
    [approved] = [line for line in steps if line["event"] == "approve"]
    assert approved["differences"] == detail["differences"]
    assert approved["facts_hash"] == detail["facts_hash"]


async def test_drafts_are_revised_in_their_revision(site: Site) -> None:
    """With If-Match, before submission; only material that the applicant is asked for."""
    hamlet = await a_hamlet(site)
    draft = await begin(hamlet)
    target = f"{MINE}/{draft['id']}"
    headers = {"If-Match": '"1"'}

    async def put(body: dict[str, object], status: int) -> dict[str, object]:
        sent = await site.volunteer_headers()
        answer = await site.client.put(target, json=body, headers={**sent, **headers})
        assert answer.status_code == status, answer.text
        told: dict[str, object] = answer.json()
        return told

    assert (await put({"material": [a_piece("income")]}, 400))["code"] == "PARAM_ERROR"
    assert (await put({"statement": "特此申请", "material": [a_piece()]}, 200))["revision"] == 2
    assert (await put({"statement": "另一份"}, 412))["code"] == "EDIT_CONFLICT"
    detail = await hamlet.applicant.get(target)
    assert (detail["statement"], detail["missing_material"]) == ("特此申请", [])
    await hamlet.applicant.post(f"{target}/submit")
    headers["If-Match"] = f'"{detail["revision"] + 1}"'
    assert (await put({}, 409))["code"] == "STATE_CONFLICT"


async def test_one_application_at_a_time_for_each_benefit(site: Site) -> None:
    """After it is over another may be made, whether a job has written its end down or not."""
    hamlet = await a_hamlet(site)
    first = await submit(hamlet)
    assert (await hamlet.applicant.post(MINE, {"benefit": "hardship"}, 409))["code"] == "ALREADY_EXISTS"
    await begin(hamlet, "enrolment")
    await decide(hamlet.village, first, "request-material", reason="请补充病情证明")
    site.clock.move(timedelta(days=30))
    assert (await begin(hamlet))["state"] == "draft"
    assert (await hamlet.applicant.get(f"{MINE}/{first['id']}"))["state"] == "expired"


async def test_missing_material_is_asked_for_once(site: Site) -> None:
    """All at once; what is handed in stays beside what was there; a second request is refused."""
    hamlet = await a_hamlet(site)
    application = await submit(hamlet)
    detail = await hamlet.village.get(f"{ALL}/{application['id']}")
    assert [each["code"] for each in detail["missing_material"]] == ["illness"]
    await decide(hamlet.village, application, "request-material", reason="请补充病情证明")
    supply = f"{MINE}/{application['id']}/supply"
    assert (await hamlet.applicant.post(supply, {"material": [a_piece("income")]}, 400))["code"] == "PARAM_ERROR"
    supplied = await hamlet.applicant.post(supply, {"material": [a_piece()]})
    assert (supplied["state"], len(supplied["material"])) == ("submitted", 1)
    again = await decide(hamlet.village, application, "request-material", 409, reason="还要")
    assert again["code"] == "ALREADY_EXISTS"


async def test_a_benefit_that_is_not_open_takes_no_application(site: Site) -> None:
    """Unknown, not begun, or given without a person deciding: its places are claimed, not applied for."""
    later = a_benefit(code="later", effective_from=date(2027, 1, 1))
    automatic = a_benefit(code="film", kind=BenefitKind.EVENT_TICKET, decides=Decides.AUTOMATIC, levels=())
    hamlet = await a_hamlet(site, later, automatic)
    for code in ("nothing", "later"):
        await hamlet.applicant.post(MINE, {"benefit": code}, 404)
    assert (await hamlet.applicant.post(MINE, {"benefit": "film"}, 409))["code"] == "STATE_CONFLICT"


async def test_without_consent_nothing_is_submitted(site: Site) -> None:
    """The purpose is told; the draft stays."""
    hamlet = await a_hamlet(site)
    draft = await hamlet.neighbour.post(MINE, {"benefit": "hardship"}, 201)
    refused = await hamlet.neighbour.post(f"{MINE}/{draft['id']}/submit", None, 409)
    assert (refused["code"], refused["figures"]) == ("CONSENT_REQUIRED", {"purpose": "benefit_application"})


async def test_times_are_written_down_once(site: Site) -> None:
    """The job says what everybody could read already; run twice it says nothing new; grants run out by themselves."""
    hamlet = await a_hamlet(site)
    application = await publish_notice(hamlet)
    programme = site.city.programme
    site.clock.move(timedelta(days=8))
    counts = [await run_application_times(site.database, programme, site.clock) for _ in range(2)]
    assert counts == [1, 0]
    listed = (await hamlet.city.get(f"{ALL}?state=city-review"))["applications"]
    assert [row["id"] for row in listed] == [application["id"]]
    due = await hamlet.city.get(f"{ALL}?due_before=2026-03-17T00:00:01%2B08:00&region=330282101&benefit=hardship")
    assert [row["id"] for row in due["applications"]] == [application["id"]]
    assert (await hamlet.city.get(f"{ALL}?due_before=2026-03-17T00:00:00%2B08:00"))["applications"] == []
    await decide(hamlet.city, application, "approve")
    site.clock.move(timedelta(days=91))
    assert (await hamlet.applicant.get(f"{MINE}/{application['id']}"))["state"] == "expired"
    assert await run_application_times(site.database, programme, site.clock) == 1


async def test_a_repeated_step_is_answered_as_before(site: Site) -> None:
    """The same key and body: the same answer, marked; another body: a conflict."""
    hamlet = await a_hamlet(site, HARDSHIP, ENROLMENT)
    headers = {**await site.volunteer_headers(), "Idempotency-Key": "a"}
    sent = [await site.client.post(MINE, json={"benefit": "hardship"}, headers=headers) for _ in range(2)]
    assert sent[0].json() == sent[1].json()
    assert sent[1].headers["Idempotency-Replayed"] == "true"
    other = await site.client.post(MINE, json={"benefit": "enrolment"}, headers=headers)
    assert other.json()["code"] == "IDEMPOTENCY_KEY_USED"
    target = f"{MINE}/{sent[0].json()['id']}"
    await hamlet.applicant.post(f"{target}/withdraw")
    assert (await hamlet.applicant.get(target))["state"] == "withdrawn"
    assert (await hamlet.city.get(ALL))["applications"] == []


async def test_a_repeated_approval_says_what_became_of_it(site: Site) -> None:
    """The ledger is asked once, and the repetition does not say `waiting` of what is approved."""
    hamlet = await a_hamlet(site)
    application = await reach_city(hamlet)
    body = {"decision": "approve", "facts_hash": application["facts_hash"], "attested": ["crime"]}
    headers = await site.headers(ActorKind.ADMIN, subject=hamlet.city.subject)
    target = f"{ALL}/{application['id']}/decisions"
    sent = [await site.client.post(target, json=body, headers=headers) for _ in range(2)]
    assert sent[0].json() == sent[1].json()
    assert sent[0].json()["state"] == "approved"
    assert sent[1].headers["Idempotency-Replayed"] == "true"


async def test_what_cannot_be_said_is_refused_by_its_field(site: Site) -> None:
    """Control characters, sums of nothing, hashes that are none: 400 with the place, and nothing is written."""
    hamlet = await a_hamlet(site)
    wrongs: tuple[Json, ...] = (
        {"statement": "a\u0000b"},
        {"requested_fen": 0},
        {"material": [{**a_piece(), "sha256": "abc"}]},
        {"material": [{**a_piece(), "note": "a\nb"}]},
        {"name": "张三"},
    )
    for wrong in wrongs:
        refused = await hamlet.applicant.post(MINE, {"benefit": "hardship", **wrong}, 400)
        assert refused["errors"][0]["pointer"].startswith(f"/{next(iter(wrong))}")
    assert (await hamlet.applicant.get(MINE))["applications"] == []


def test_the_decisions_are_those_of_the_table() -> None:
    """What the route offers is what the table gives to reviewers, no more and no less."""
    reviewers = {event.value for (_, event), move in MOVES.items() if move.by is Party.REVIEWER}
    assert {decision.value for decision in ReviewDecision} == reviewers
