"""Personal data over HTTP: sealed when it comes, masked by default, in clear for a reason, a minor's with approval."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from app.api.bodies import parse_body
from app.api.personal_data import LookUpRequest
from app.api.registrations import VolunteerRequest
from app.security.actors import ActorKind
from tests.support.calls import Json
from tests.support.ledgers import fetch_rows
from tests.support.people import Someone, as_volunteer, register, someone
from tests.support.service_calls import Person, an_admin, person
from tests.support.sites import Site

REASON = "核对礼遇材料"
CHILD = someone(9, date(2013, 6, 1))


async def unmask(admin: Person, made: Json, status: int = 200, **body: Any) -> Json:  # noqa: ANN401 - JSON
    """See a name and a phone in clear."""
    asked = {"fields": ["name", "phone"], "reason": REASON, **body}
    return await admin.post(f"/v1/volunteers/{made['id']}/unmask", asked, status)


async def an_approval(site: Site, made: Json, *fields: str) -> str:
    """Leave for the administrator, given by another."""
    asked = {"volunteer_id": made["id"], "fields": fields or ("name", "phone"), "reason": REASON}
    approval = await an_admin(site).post("/v1/data-approvals", asked, 201)
    given = await an_admin(site, "second").post(f"/v1/data-approvals/{approval['id']}/approve")
    assert given["approved_by"] != given["asked_by"]
    approved: str = given["id"]
    return approved


async def test_who_registers_is_masked_everywhere_and_kept_whole(site: Site) -> None:
    """The answer and the views are masked; the vault has name, phone and document; the birthday is the document's."""
    admin, one = an_admin(site), someone(1)
    made = await register(admin, one)
    assert made["masked_name"] == "钟离**"
    shown = await admin.get(f"/v1/volunteers/{made['id']}/personal-data")
    expected = {
        "masked_name": "钟离**",
        "masked_phone": one.phone[:3] + "****" + one.phone[-4:],
        "id_type": "resident_id",
        "masked_id_number": one.id_number[:6] + "********" + one.id_number[-4:],
    }
    assert shown == expected
    assert await as_volunteer(admin, made).get("/v1/me/personal-data") == expected
    assert (await admin.get(f"/v1/volunteers/{made['id']}"))["born_on"] == "1990-03-07"
    seen = await unmask(admin, made, fields=["name", "phone", "id_number"])
    clear = {"name": one.name, "phone": one.phone, "id_type": "resident_id", "id_number": one.id_number}
    assert seen["data"] == clear


async def test_each_sight_is_noted_before_it_is_answered(site: Site) -> None:
    """Who, which fields, why, from where, when; auditors read it all, the volunteer what concerns them."""
    admin = an_admin(site)
    made = await register(admin, someone(1))
    seen = await unmask(admin, made)
    assert seen["data"]["id_number"] is None
    [logged] = (await person(site, "a", ActorKind.AUDITOR).get("/v1/data-reads"))["reads"]
    assert logged["id"] == seen["id"]
    assert logged["actor"] == f"usr_{admin.subject.hex}"
    assert (logged["fields"], logged["reason"], logged["kind"]) == (["name", "phone"], REASON, "unmask")
    assert logged["address"]
    assert logged["read_at"].startswith(f"{site.clock.now:%Y-%m-%dT%H:%M}")
    [own] = (await as_volunteer(admin, made).get("/v1/me/data-reads"))["reads"]
    assert own == {name: value for name, value in logged.items() if name not in {"address", "approval_id"}}
    trail = await fetch_rows(site.database, "SELECT subject FROM audit_rows WHERE action = 'personal-data.unmask'")
    assert trail == [(made["id"],)]


async def test_the_log_can_be_asked_about_one_person_and_one_reader(site: Site) -> None:
    """Filters and pages."""
    first, second = an_admin(site), an_admin(site, "second")
    one, two = [await register(first, someone(number)) for number in (1, 2)]
    for who, whose in ((first, one), (second, one), (second, two)):
        await unmask(who, whose)
    log = "/v1/data-reads"
    assert len((await first.get(log))["reads"]) == 3
    assert len((await first.get(f"{log}?volunteer={one['id']}"))["reads"]) == 2
    assert len((await first.get(f"{log}?by=usr_{second.subject.hex}"))["reads"]) == 2
    page = await first.get(f"{log}?limit=2")
    rest = await first.get(f"{log}?after={page['next']}")
    assert [len(part["reads"]) for part in (page, rest)] == [2, 1]


async def test_a_repeated_call_shows_nothing_again(site: Site) -> None:
    """The same key gets the noted access without the data, and notes nothing more: the data is in no table."""
    admin = an_admin(site)
    made = await register(admin, someone(1))
    headers = await site.headers(ActorKind.ADMIN, subject=admin.subject)
    body = {"fields": ["name"], "reason": REASON}
    answers = [
        (await site.client.post(f"/v1/volunteers/{made['id']}/unmask", json=body, headers=headers)).json()
        for _ in range(2)
    ]
    assert answers[0]["data"]["name"] == someone(1).name
    assert answers[1] == {**answers[0], "data": None}
    assert len((await admin.get("/v1/data-reads"))["reads"]) == 1


async def test_without_a_reason_nothing_is_shown(site: Site) -> None:
    """Nor without fields, nor for a field that there is not."""
    admin = an_admin(site)
    made = await register(admin, someone(1))
    empty: list[Json] = [{"reason": ""}, {"reason": "   "}, {"fields": []}, {"fields": ["password"]}]
    for body in empty:
        assert (await unmask(admin, made, 400, **body))["code"] == "PARAM_ERROR"
    assert (await admin.get("/v1/data-reads"))["reads"] == []


@pytest.mark.parametrize("born_on", [date(2013, 6, 1), date(2008, 3, 3)])
async def test_a_minors_data_needs_a_second_person_each_time(site: Site, born_on: date) -> None:
    """Under 18 on the day: without approval nothing; with it once; never for more than was approved."""
    admin = an_admin(site)
    made = await register(admin, someone(9, born_on), consent=None)
    assert (await unmask(admin, made, 403))["code"] == "APPROVAL_REQUIRED"
    approval = await an_approval(site, made)
    more = ["name", "id_number"]
    assert (await unmask(admin, made, 403, fields=more, approval_id=approval))["code"] == "APPROVAL_REQUIRED"
    other = await unmask(an_admin(site, "second"), made, 403, approval_id=approval)
    assert other["code"] == "APPROVAL_REQUIRED"
    seen = await unmask(admin, made, approval_id=approval)
    assert seen["data"]["name"] == someone(9).name
    assert (await unmask(admin, made, 403, approval_id=approval))["code"] == "APPROVAL_REQUIRED"
    [listed] = (await admin.get("/v1/data-approvals"))["approvals"]
    assert listed["used_at"] is not None
    [logged] = (await admin.get("/v1/data-reads"))["reads"]
    assert logged["approval_id"] == approval


async def test_an_approval_is_short_lived(site: Site) -> None:
    """An hour to use it, three days to give it, and never by who asked."""
    admin, second = an_admin(site), an_admin(site, "second")
    made = await register(admin, CHILD, consent=None)
    approval = await an_approval(site, made)
    site.clock.move(timedelta(hours=1))
    assert (await unmask(admin, made, 403, approval_id=approval))["code"] == "APPROVAL_REQUIRED"
    asked = {"volunteer_id": made["id"], "fields": ["name"], "reason": REASON}
    waiting = f"/v1/data-approvals/{(await admin.post('/v1/data-approvals', asked, 201))['id']}/approve"
    assert (await admin.post(waiting, None, 409))["code"] == "SELF_REVIEW"
    site.clock.move(timedelta(days=3))
    assert (await second.post(waiting, None, 409))["code"] == "STATE_CONFLICT"
    assert (await second.post(f"/v1/data-approvals/dap_{0:032x}/approve", None, 404))["code"] == "NOT_FOUND"


async def test_coming_of_age_ends_the_protection(site: Site) -> None:
    """By the age on the day of the access, in the programme's zone; an age nobody knows is protected."""
    admin = an_admin(site)
    grown = await register(admin, someone(9, date(2008, 3, 2)))
    assert (await unmask(admin, grown))["data"]["name"]
    nobody_knows = await admin.post("/v1/volunteers", {"name": "令狐无期", "region_code": "330282"}, 201)
    assert (await unmask(admin, nobody_knows, 403))["code"] == "APPROVAL_REQUIRED"
    refused = await unmask(admin, grown, 400, approval_id=f"dap_{1:032x}")
    assert refused["code"] == "PARAM_ERROR"


async def test_a_document_belongs_to_one_volunteer(site: Site) -> None:
    """Registered twice it is refused, and nothing of the second registration stays; a phone may be a family's."""
    admin, one = an_admin(site), someone(1)
    made = await register(admin, one)
    count = await fetch_rows(site.database, "SELECT count(*) FROM volunteers")
    again = {**someone(2).body, "id_number": one.id_number.lower()}
    refused = await admin.post("/v1/volunteers", again, 409)
    assert (refused["code"], refused["figures"]) == ("ALREADY_EXISTS", {"field": "id_number"})
    assert await fetch_rows(site.database, "SELECT count(*) FROM volunteers") == count
    family = await admin.post("/v1/volunteers", {**someone(2).body, "phone": "+86" + one.phone}, 201)
    found = await admin.post("/v1/volunteers/look-up", {"phone": one.phone, "reason": REASON})
    assert {row["id"] for row in found["volunteers"]} == {made["id"], family["id"]}


async def test_somebody_is_found_by_document_and_noted(site: Site) -> None:
    """Still masked; the log says that they were looked up; who is not there is not found."""
    admin, one = an_admin(site), someone(1)
    made = await register(admin, one)
    found = await admin.post("/v1/volunteers/look-up", {"id_number": one.id_number.lower(), "reason": REASON})
    assert found == {"volunteers": [{"id": made["id"], "masked_name": "钟离**"}]}
    [logged] = (await admin.get("/v1/data-reads"))["reads"]
    assert (logged["kind"], logged["fields"]) == ("look-up", ["id_number"])
    nobody = await admin.post("/v1/volunteers/look-up", {"id_number": someone(5).id_number, "reason": REASON})
    assert nobody == {"volunteers": []}
    for body in ({"reason": REASON}, {"phone": one.phone, "id_number": one.id_number, "reason": REASON}):
        assert (await admin.post("/v1/volunteers/look-up", body, 400))["code"] == "PARAM_ERROR"


BAD: dict[str, tuple[Json, str]] = {
    "a wrong check character": ({"id_number": "330282199003070017"}, "/id_number"),
    "a birthday that is none": ({"id_number": "330282199002300012"}, "/id_number"),
    "another kind of document": ({"id_type": "passport", "id_number": "33 02"}, "/id_number"),
    "half a document": ({"id_number": None}, "/id_number"),
    "the other half": ({"id_type": None}, "/id_type"),
    "a landline": ({"phone": "0574-63000000"}, "/phone"),
    "a birthday of somebody else": ({"born_on": "1990-03-08"}, "/born_on"),
}


@pytest.mark.parametrize("change, pointer", BAD.values(), ids=BAD)
async def test_what_cannot_be_is_refused_with_its_field(site: Site, change: Json, pointer: str) -> None:
    """And the refusal does not repeat what was sent."""
    body = {**someone(1).body, **change}
    refused = await an_admin(site).post("/v1/volunteers", body, 400)
    assert refused["code"] == "PARAM_ERROR"
    assert [error["pointer"] for error in refused["errors"]] == [pointer]
    assert not any(str(value) in str(refused["errors"]) for value in change.values() if value)


async def test_what_was_wrong_is_corrected(site: Site) -> None:
    """The mask follows the name, the index the phone, the birthday the document; the log keeps which, and why."""
    admin, one, two = an_admin(site), someone(1), someone(3, date(1988, 1, 2))
    made = await register(admin, one)
    target = f"/v1/volunteers/{made['id']}/personal-data"
    change = {key: two.body[key] for key in ("name", "phone", "id_type", "id_number")}
    shown = await admin.post(target, {**change, "reason": "证件更正"})
    assert shown["masked_name"] == "尉迟**"
    detail = await admin.get(f"/v1/volunteers/{made['id']}")
    assert (detail["masked_name"], detail["born_on"]) == ("尉迟**", "1988-01-02")
    by_phone = {
        number: (await admin.post("/v1/volunteers/look-up", {"phone": number, "reason": REASON}))["volunteers"]
        for number in (one.phone, two.phone)
    }
    assert [len(found) for found in by_phone.values()] == [0, 1]
    assert (await admin.post(target, {"reason": "没有更正"}, 400))["code"] == "PARAM_ERROR"
    other = await register(admin, one)
    taken = {"id_type": "resident_id", "id_number": two.id_number, "reason": "证件更正"}
    refused = await admin.post(f"/v1/volunteers/{other['id']}/personal-data", taken, 409)
    assert refused["code"] == "ALREADY_EXISTS"


async def test_who_came_without_a_vault_gets_one_when_corrected(site: Site) -> None:
    """A volunteer of before, or of an import, has nothing there; the first correction makes the key."""
    admin, one = an_admin(site), someone(1)
    target = f"/v1/volunteers/vol_{site.city.volunteers[0].hex}/personal-data"
    assert set((await admin.get(target)).values()) == {None}
    shown = await admin.post(target, {"name": one.name, "phone": one.phone, "reason": "补录"})
    assert shown["masked_phone"] == one.phone[:3] + "****" + one.phone[-4:]


async def test_nothing_crosses_programmes(site: Site) -> None:
    """Another programme's volunteer is nobody here, by id and by document."""
    admin = an_admin(site)
    await register(admin, someone(1))
    unknown: Json = {"id": f"vol_{7:032x}"}
    assert (await unmask(admin, unknown, 404))["code"] == "NOT_FOUND"
    for target in ("personal-data", "consents"):
        assert (await admin.get(f"/v1/volunteers/{unknown['id']}/{target}", 404))["code"] == "NOT_FOUND"
    change = {"name": "无名", "reason": "补录补录"}
    assert (await admin.post(f"/v1/volunteers/{unknown['id']}/personal-data", change, 404))["code"] == "NOT_FOUND"
    asked = {"volunteer_id": unknown["id"], "fields": ["name"], "reason": REASON}
    assert (await admin.post("/v1/data-approvals", asked, 404))["code"] == "NOT_FOUND"


def test_synthetic_people_differ() -> None:
    """The builder gives another name, phone and number each time."""
    people: list[Someone] = [someone(number) for number in range(60)]
    for values in zip(*(one.secrets for one in people), strict=True):
        assert len(set(values)) == len(people)


async def test_the_hash_of_a_body_with_personal_data_is_keyed(site: Site) -> None:
    """Kept with the answer, it would else be a way to try numbers out: eighteen digits are soon guessed."""
    body = someone(1).body
    await an_admin(site).post("/v1/volunteers", body, 201)
    found = {"phone": someone(1).phone, "reason": REASON}
    await an_admin(site).post("/v1/volunteers/look-up", found)
    plain = {
        parse_body(VolunteerRequest, json.dumps(body).encode()).hash,
        parse_body(LookUpRequest, json.dumps(found).encode()).hash,
    }
    kept = {row for (row,) in await fetch_rows(site.database, "SELECT body_hash FROM answers")}
    assert kept
    assert not kept & plain
