"""Four eyes are two people's (双人复核): two accounts of one volunteer are one person, whatever is to be approved."""

from collections.abc import Awaitable, Callable
from uuid import uuid5

import pytest

from app.actions.users import NewUser, create_user
from app.core.ids import NOBODY, UserId, VolunteerId, format_id
from app.security.actors import ActorKind
from app.store.users import User
from tests.support.applications import a_hamlet, decide, submit
from tests.support.benefit_calls import says_benefit
from tests.support.calls import Json, a_merchant
from tests.support.openings import a_line, a_sheet
from tests.support.rewards import an_honour, an_offence, rewarding
from tests.support.service_calls import Person, a_record, a_volunteer, attested
from tests.support.sites import Site

Step = Callable[[Person], Awaitable[Json]]
Case = Callable[[Site, Person], Awaitable[tuple[str, Json | None, dict[str, str]]]]
"""What one account does, and what the other account would then be asked to do: path, body, headers."""
_REVISION = {"If-Match": '"1"'}
WHY = {"reason": "核对无误"}


async def _account(site: Site, name: str, volunteer: VolunteerId | None, kind: ActorKind = ActorKind.ADMIN) -> Person:
    """A user in the books; without a volunteer nobody knows who it is."""
    user = UserId(uuid5(NOBODY, f"account {name}"))
    new = NewUser(id=user, kind=kind, username=name, password="long enough to be one", volunteer=volunteer)
    async with site.database.begin() as tx:
        assert isinstance(await create_user(tx, site.city.programme, new, site.clock.now), User)
    return Person(site=site, kind=kind, subject=user, volunteer=volunteer)


async def _record(site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    return f"/v1/service-records/{(await maker.enter(attested(a_record(site), 60)))['id']}/verify", None, {}


async def _rejection(site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    return f"/v1/service-records/{(await maker.enter(attested(a_record(site), 60)))['id']}/reject", None, {}


async def _pool_grant(site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    await a_volunteer(site).post("/v1/me/donations", {"points": 100}, 201)
    receiver = format_id("vol", site.city.volunteers[1])
    body = {"volunteer_id": receiver, "points": 10, "purpose": "hardship", "reference": "2026-017"}
    return f"/v1/pool-grants/{(await maker.post('/v1/pool-grants', body, 201))['id']}/approve", None, {}


async def _policy(_site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    body = {"version": "2027-1", "effective_from": "2027-01-01", "rate_per_hour": 10}
    await maker.post("/v1/accrual-policies", body, 201)
    return "/v1/accrual-policies/2027-1/review", None, _REVISION


async def _benefit(_site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    body = says_benefit()
    await maker.post("/v1/benefits", body, 201)
    return f"/v1/benefits/{body['code']}/versions/{body['version']}/review", None, _REVISION


async def _merchant(_site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    applied = await maker.post("/v1/merchants/applications", a_merchant(1), 201)
    return f"/v1/merchants/{applied['id']}/reject", WHY, {}


async def _correction(site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    other = [await _account(site, name, None) for name in ("enters", "verifies")]
    record = await other[1].verify(await other[0].enter(attested(a_record(site), 60)))
    order = {"scope": {"record_id": record["id"]}, "reason": "签到设备时间错误", "evidence": "doc-2026-0312"}
    made = await maker.post("/v1/corrections", order, 201)
    made = await maker.post(f"/v1/corrections/{made['id']}/preview")
    return f"/v1/corrections/{made['id']}/approve", None, {"If-Match": f'"{made["revision"]}"'}


async def _sheet(site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    sheet = await maker.post("/v1/opening-sheets", a_sheet(a_line(site)), 201)
    return f"/v1/opening-sheets/{sheet['id']}/approve", None, {}


async def _penalty(site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    await rewarding(site)
    return f"/v1/penalties/{(await maker.post('/v1/penalties', an_offence(site), 201))['id']}/confirm", None, {}


async def _honour(site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    entered = await maker.post("/v1/honours", an_honour(site, level="other"), 201)
    return f"/v1/honours/{entered['id']}/verify", None, {}


async def _sight(site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    body = {"volunteer_id": format_id("vol", site.city.volunteers[0]), "fields": ["name"], **WHY}
    return f"/v1/data-approvals/{(await maker.post('/v1/data-approvals', body, 201))['id']}/approve", None, {}


async def _erasure(site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    target = f"/v1/volunteers/{format_id('vol', site.city.volunteers[0])}/erasures"
    return f"/v1/erasures/{(await maker.post(target, WHY, 201))['id']}/approve", None, {}


async def _consent_text(_site: Site, maker: Person) -> tuple[str, Json | None, dict[str, str]]:
    words = {"purpose": "honour_wall", "version": "2027-1", "effective_from": "2027-01-01"}
    draft = {**words, "text_zh": "光荣榜告知", "text_en": "About the wall of honour"}
    drafted = await maker.post("/v1/consent-text-drafts", draft, 201)
    return f"/v1/consent-text-drafts/{drafted['id']}/publish", None, {}


CASES = {
    "a consent text": _consent_text,
    "a record": _record,
    "a rejection": _rejection,
    "a pool grant": _pool_grant,
    "a policy": _policy,
    "a benefit": _benefit,
    "a merchant": _merchant,
    "a correction": _correction,
    "an opening sheet": _sheet,
    "a penalty": _penalty,
    "an honour": _honour,
    "a sight of data": _sight,
    "an erasure": _erasure,
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_two_accounts_are_not_two_people(site: Site, case: Case) -> None:
    """409 SELF_REVIEW for the other account of whoever made it; somebody else does it."""
    volunteer = site.city.volunteers[2]
    maker = await _account(site, "maker", volunteer)
    again = await _account(site, "maker-again", volunteer)
    other = await _account(site, "somebody-else", None)
    target, body, more = await case(site, maker)
    for who, refused in ((again, True), (other, False)):
        headers = await site.headers(who.kind, subject=who.subject, volunteer=who.volunteer) | more
        answer = await site.client.post(target, json=body, headers=headers)
        assert (answer.status_code == 409) is refused, answer.text
        assert answer.json()["code"] == "SELF_REVIEW" if refused else answer.is_success, answer.text


async def test_many_records_at_once_are_no_way_around(site: Site) -> None:
    """Each row of a bulk verification is refused as the single one is."""
    volunteer = site.city.volunteers[2]
    maker = await _account(site, "maker", volunteer)
    again = await _account(site, "maker-again", volunteer)
    record = await maker.enter(attested(a_record(site), 60))
    told = await again.post("/v1/service-records:verify", {"record_ids": [record["id"]]})
    assert (told["verified"], told["records"][0]["code"]) == (0, "SELF_REVIEW")


async def test_nobody_judges_an_application_twice_by_two_accounts(site: Site) -> None:
    """Who has endorsed it at the town does not approve it at the city under another account; somebody else does."""
    hamlet = await a_hamlet(site)
    volunteer = site.city.volunteers[2]
    first, second = [await _account(site, name, volunteer) for name in ("first", "second")]
    application = await submit(hamlet, "enrolment")
    await decide(first, application, "take-in")
    await decide(first, application, "endorse")
    refused = await decide(second, application, "approve", 409)
    assert (refused["code"], refused["figures"]) == ("SELF_REVIEW", {"why": "same-person"})
    assert (await decide(hamlet.city, application, "approve"))["state"] == "approved"
