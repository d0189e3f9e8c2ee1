"""Benefits over HTTP: drafted by one, reviewed by another, published; what the law forbids stops before that."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from app.actions.keys import rotate_signing_key
from app.core.ids import format_id
from app.store.benefit_bodies import decode_benefit, encode_benefit
from tests.support.benefit_calls import BENEFITS, THREE_STARS, path_of, publish, says_benefit, step
from tests.support.calls import Json, an_admin
from tests.support.cities import a_city
from tests.support.service_calls import a_volunteer
from tests.support.sites import Site

FULL = says_benefit(
    "founder-rent",
    kind="startup_referral",
    scheme="rent",
    external_decision=True,
    description="场租补贴推荐",
    description_en="Referral for the rent subsidy",
    criteria=[
        {
            **THREE_STARS,
            "when": 'stars >= 3 || region.startsWith("330282")',
            "required": [
                {"fact": "stars", "operator": "at_least", "value": 3},
                {"fact": "region", "operator": "within", "value": "330282"},
            ],
            "remedy": "",
            "remedy_en": "",
        },
        {
            "code": "own",
            "name": "其他",
            "name_en": "Other",
            "when": "active && adverse == 0",
            "required": [],
            "remedy": "请先处理不良记录",
            "remedy_en": "Settle the adverse records first",
        },
    ],
    evidence=[
        {
            "code": "licence",
            "name": "营业执照",
            "name_en": "Licence",
            "source": "shared",
            "optional": False,
            "sensitive": False,
        }
    ],
    levels=["village", "town", "city"],
    decides="person",
    publicity_days=5,
    quota={"per_batch": 10, "batches_per_year": 2, "per_person": 1, "per_year": 20, "share_bp": 500},
    validity_days=365,
    exclusions=[{"code": "not-both", "name": "不得兼得", "name_en": "Not both", "benefit": "founder-loan"}],
    consumes_minutes=600,
    revocation=[{"cause": "fraud", "claws_back": True}, {"cause": "adverse_record", "claws_back": False}],
)


def errors_of(problem: Json) -> list[str]:
    """The fields that a refusal points to."""
    assert problem["code"] == "PARAM_ERROR"
    return [error["pointer"] for error in problem["errors"]]


async def test_a_version_is_written_by_one_and_published_by_two(site: Site) -> None:
    """Everything that was said comes back; the author may not review; what is published is what was reviewed."""
    author, reviewer = an_admin(site), an_admin(site)
    made = await author.post(BENEFITS, FULL, 201)
    assert {name: made[name] for name in FULL} == FULL
    assert (made["state"], made["revision"], made["reviewed_by"], made["obstacles"]) == ("draft", 1, None, [])
    assert made["authors"] == [format_id("usr", author.subject)]
    assert (await step(author, FULL, "review", 1, 409))["code"] == "SELF_REVIEW"
    assert (await step(reviewer, FULL, "publish", 1, 409))["figures"] == {"state": "draft"}
    reviewed = await step(reviewer, FULL, "review", 1)
    assert (reviewed["state"], reviewed["reviewed_by"]) == ("reviewed", format_id("usr", reviewer.subject))
    published = await step(author, FULL, "publish", 2)
    assert (published["state"], published["revision"]) == ("published", 3)
    assert (await author.get(path_of(FULL))) == published
    assert (await author.get(BENEFITS))["benefits"] == [published]
    async with site.database.read() as reader:
        [(body,)] = (await reader.execute(text("SELECT body::text FROM benefits"))).all()
        audit = list(
            await reader.scalars(text("SELECT action FROM audit_rows WHERE action LIKE 'benefit.%' ORDER BY 1"))
        )
    assert encode_benefit(decode_benefit(body)) == body
    assert audit == ["benefit.draft", "benefit.publish", "benefit.review"]


async def test_conditions_may_be_left_to_what_is_required(site: Site) -> None:
    """They are then written in CEL, as they are judged."""
    made = await an_admin(site).post(BENEFITS, says_benefit(), 201)
    assert [criterion["when"] for criterion in made["criteria"]] == ["stars >= 3", "window_minutes >= 6000"]


@pytest.mark.parametrize(
    "changes, pointer",
    [
        ({"criteria": [{**THREE_STARS, "when": "stars >= 2"}]}, "/criteria/0/when"),
        ({"criteria": [{**THREE_STARS, "required": []}]}, "/criteria/0/remedy"),
        (
            {"criteria": [{**THREE_STARS, "required": [{"fact": "x", "operator": "is", "value": 1}]}]},
            "/criteria/0/required/0/fact",
        ),
        ({"criteria": []}, "/criteria"),
        ({"window_months": None}, "/criteria/1/when"),
        ({"levels": ["city", "town"]}, "/levels"),
        ({"scheme": "rent"}, "/scheme"),
        ({"kind": "gift"}, "/kind"),
        ({"version": "../x"}, "/version"),
        ({"quota": {"share_bp": 10_001}}, "/quota/share_bp"),
        ({"publicity_days": -1}, "/publicity_days"),
        ({"description": "a\u0000"}, "/description"),
        ({"criteria": [{**THREE_STARS, "remedy": "a\nb"}]}, "/criteria/0/remedy"),
        ({"criteria": [{**THREE_STARS, "when": "stars >= 3\u0000"}]}, "/criteria/0/when"),
        ({"school": "x"}, "/school"),
    ],
)
async def test_what_cannot_be_saved_is_told_with_its_place(site: Site, changes: Json, pointer: str) -> None:
    """By the edge or by the core: the same kind of answer, and nothing is kept."""
    admin = an_admin(site)
    assert errors_of(await admin.post(BENEFITS, says_benefit(**changes), 400)) == [pointer]
    assert (await admin.get(BENEFITS))["benefits"] == []


ENROLMENT: Json = {
    "kind": "enrolment_reference",
    "external_decision": True,
    "name": "入学佐证函",
    "name_en": "Letter",
}


@pytest.mark.parametrize(
    "changes, code",
    [
        ({**ENROLMENT, "external_decision": False}, "REFERRAL_REQUIRED"),
        ({**ENROLMENT, "name": "实验小学入学佐证"}, "ADMISSION_PROMISED"),
        ({"kind": "hardship_aid", "publicity_days": 6, "levels": ["town", "city"]}, "PUBLICITY_TOO_SHORT"),
        ({"decides": "automatic"}, "PERSON_MUST_DECIDE"),
        ({"levels": ["village"]}, "LEVEL_MISSING"),
    ],
)
async def test_what_the_law_forbids_is_neither_reviewed_nor_published(site: Site, changes: Json, code: str) -> None:
    """The draft says so at once; and a review that came about past the API does not help."""
    author, reviewer = an_admin(site), an_admin(site)
    body = says_benefit(**changes)
    made = await author.post(BENEFITS, body, 201)
    assert [obstacle["code"] for obstacle in made["obstacles"]] == [code]
    assert (await step(reviewer, body, "review", 1, 409))["code"] == code
    async with site.database.begin() as tx:
        await tx.execute(
            text("UPDATE benefit_drafts SET state = 'reviewed', reviewed_by = :by"), {"by": reviewer.subject}
        )
    assert (await step(reviewer, body, "publish", 1, 409))["code"] == code
    assert (await author.get(path_of(body)))["state"] == "reviewed"


async def test_a_published_version_is_not_edited(site: Site) -> None:
    """Neither through the API nor past it; its name and its day are taken, its kind is kept by those that follow."""
    author, reviewer = an_admin(site), an_admin(site)
    await publish(site, says_benefit())
    refused = await author.send("PUT", path_of(says_benefit()), says_benefit(name="x"), 409, If_Match='"3"')
    assert (refused["code"], refused["figures"]) == ("STATE_CONFLICT", {"state": "published"})
    assert (await author.post(BENEFITS, says_benefit(), 409))["code"] == "ALREADY_EXISTS"
    assert (await step(reviewer, says_benefit(), "discard", 3, 409))["figures"] == {"state": "published"}
    tomorrow = (site.clock.now.date() + timedelta(days=2)).isoformat()
    for version, changes, figures in (
        ("2026-2", {}, {"state": "begun", "effective_from": "2026-01-01"}),
        ("2026-3", {"effective_from": tomorrow, "kind": "discount"}, {"state": "other_kind", "kind": "priority"}),
    ):
        body = says_benefit(version=version, **changes)
        await author.post(BENEFITS, body, 201)
        await step(reviewer, body, "review", 1)
        assert (await step(reviewer, body, "publish", 2, 409))["figures"] == figures
    await publish(site, says_benefit(version="2026-4", effective_from=tomorrow))
    same_day = says_benefit(version="2026-5", effective_from=tomorrow)
    await author.post(BENEFITS, same_day, 201)
    await step(reviewer, same_day, "review", 1)
    assert (await step(reviewer, same_day, "publish", 2, 409))["code"] == "ALREADY_EXISTS"
    with pytest.raises(Exception, match="append"):
        async with site.database.begin() as tx:
            await tx.execute(text("UPDATE benefits SET effective_from = '2020-01-01'"))


async def test_an_edit_undoes_the_review(site: Site) -> None:
    """Whoever edits becomes an author: the reviewer of before may no longer review, and a stale step is a conflict."""
    author, second, third = an_admin(site), an_admin(site), an_admin(site)
    body = says_benefit()
    await author.post(BENEFITS, body, 201)
    await step(second, body, "review", 1)
    revised = await second.send("PUT", path_of(body), says_benefit(name="优待"), If_Match='"2"')
    assert (revised["state"], revised["reviewed_by"], revised["name"]) == ("draft", None, "优待")
    assert (await step(third, body, "publish", 2, 412))["code"] == "EDIT_CONFLICT"
    assert (await step(second, body, "review", 3, 409))["code"] == "SELF_REVIEW"
    assert (await step(third, body, "review", 3))["state"] == "reviewed"
    assert (await step(third, body, "review", 4, 409))["figures"] == {"state": "reviewed"}
    assert (await step(author, body, "discard", 4))["state"] == "discarded"
    assert (await author.get(BENEFITS))["benefits"] == []
    moved = await second.send("PUT", path_of(body), says_benefit("other"), 400, If_Match='"5"')
    assert errors_of(moved) == ["/code"]


async def test_a_withdrawn_version_takes_no_more_applications(site: Site) -> None:
    """From the day that was said; it does not come back, nor does what was before it, until a new one begins."""
    admin = an_admin(site)
    body = says_benefit()
    await publish(site, body)
    volunteer = a_volunteer(site)
    today = date.fromisoformat((await volunteer.get("/v1/me/stars"))["effective_on"])
    yesterday = (today - timedelta(days=1)).isoformat()
    withdrawal = {"reason": "经费用完", "withdrawn_from": today.isoformat()}
    assert errors_of(await admin.post(f"{path_of(body)}/withdraw", {"reason": ""}, 400)) == ["/reason"]
    past = await admin.post(f"{path_of(body)}/withdraw", {"reason": "迟", "withdrawn_from": yesterday}, 400)
    assert past["figures"] == {"withdrawn_from": yesterday}
    gone = await admin.post(f"{path_of(body)}/withdraw", withdrawal)
    assert (gone["state"], gone["withdrawn_from"], gone["withdrawal_reason"]) == (
        "published",
        today.isoformat(),
        "经费用完",
    )
    assert (await admin.get(path_of(body)))["withdrawn_from"] == today.isoformat()
    assert (await admin.post(f"{path_of(body)}/withdraw", withdrawal, 409))["figures"] == {"state": "withdrawn"}
    assert (await volunteer.get("/v1/me/benefits"))["benefits"] == []
    assert (await volunteer.get("/v1/me/benefits/priority", 404))["code"] == "NOT_FOUND"
    assert (await volunteer.get(f"/v1/me/benefits/priority?as_of={yesterday}"))["version"] == "2026-1"
    missing = says_benefit("nothing")
    assert (await admin.post(f"{path_of(missing)}/withdraw", withdrawal, 404))["code"] == "NOT_FOUND"


async def test_the_list_has_pages(site: Site) -> None:
    """By code and version; a cursor that is none is refused."""
    admin = an_admin(site)
    for code, version in (("b", "2"), ("a-1", "1"), ("b", "1")):
        await admin.post(BENEFITS, says_benefit(code + "x", version), 201)
    first = await admin.get(f"{BENEFITS}?limit=2")
    assert [(one["code"], one["version"]) for one in first["benefits"]] == [("a-1x", "1"), ("bx", "1")]
    second = await admin.get(f"{BENEFITS}?limit=2&after={first['next']}")
    assert [(one["code"], one["version"]) for one in second["benefits"]] == [("bx", "2")]
    assert second["next"] is None
    assert errors_of(await admin.get(f"{BENEFITS}?after=x", 400)) == ["/after"]


async def test_another_programme_knows_nothing_of_it(site: Site) -> None:
    """Neither its administrators nor its volunteers see it; a name that is taken here is free there."""
    body = says_benefit()
    await publish(site, body)
    other = replace(site, city=await a_city(site.database, site.clock, programme="other"))
    async with site.database.begin() as tx:
        await rotate_signing_key(tx, site.services.cabinet, other.city.programme, site.clock)
    site.services.cabinet.forget(other.city.programme)
    admin = an_admin(other)
    assert (await admin.get(BENEFITS))["benefits"] == []
    assert (await admin.get(path_of(body), 404))["code"] == "NOT_FOUND"
    assert (await step(admin, body, "discard", 3, 404))["code"] == "NOT_FOUND"
    assert (await a_volunteer(other).get("/v1/me/benefits"))["benefits"] == []
    assert (await a_volunteer(other).get("/v1/me/benefits/priority", 404))["code"] == "NOT_FOUND"
    person = format_id("vol", site.city.volunteers[0])
    assert (await admin.get(f"/v1/volunteers/{person}/benefits/priority", 404))["code"] == "NOT_FOUND"
    await admin.post(BENEFITS, body, 201)


async def test_a_version_that_is_not_there_is_not_found(site: Site) -> None:
    """To read, to edit, to move."""
    admin, body = an_admin(site), says_benefit()
    assert (await admin.get(path_of(body), 404))["code"] == "NOT_FOUND"
    assert (await admin.send("PUT", path_of(body), body, 404, If_Match='"1"'))["code"] == "NOT_FOUND"
    assert (await step(admin, body, "review", 1, 404))["code"] == "NOT_FOUND"
