"""The control plane over HTTP: who is there, what they may do, and that doing it twice does it once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.ids import TerminalId, format_id
from app.security.actors import ActorKind
from tests.support.sites import Site

REGION = "330282"
CREDIT_CODE = "91330282MA2AAA01X1"


async def _post(site: Site, target: str, body: dict[str, Any] | None, status: int = 201, **actor: Any) -> Any:  # noqa: ANN401 - JSON
    kind = actor.pop("kind", ActorKind.ADMIN)
    answer = await site.client.post(target, json=body, headers=await site.headers(kind, **actor))
    assert answer.status_code == status, answer.text
    return answer.json()


async def _get(site: Site, target: str, status: int = 200, **actor: Any) -> Any:  # noqa: ANN401 - JSON
    kind = actor.pop("kind", ActorKind.ADMIN)
    answer = await site.client.get(target, headers=await site.headers(kind, **actor))
    assert answer.status_code == status, answer.text
    return answer.json()


def _record(site: Site, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    ended = site.clock.now - timedelta(days=40)
    began = ended - timedelta(minutes=90)
    return {
        "volunteer_id": format_id("vol", site.city.volunteers[0]),
        "team_id": format_id("tea", site.city.team),
        "evidence": "checked-in",
        "activity": "文明劝导",
        "started_at": began.isoformat(),
        "ended_at": ended.isoformat(),
        "check_ins": [{"checked_in_at": began.isoformat(), "checked_out_at": ended.isoformat()}],
        **changed,
    }


def _attested(site: Site, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return _record(site, evidence="attested", check_ins=[], **{"minutes": 90, **changed})


async def test_an_action_is_done_once_per_key(site: Site) -> None:
    """The same key and body: the same answer, one row, one audit row. Another body: 409."""
    headers = await site.headers(ActorKind.ADMIN)
    body = {"name": "亚飞商店", "credit_code": CREDIT_CODE, "region_code": REGION}
    first = await site.client.post("/v1/merchants", json=body, headers=headers)
    again = await site.client.post("/v1/merchants", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    conflict = await site.client.post("/v1/merchants", json={**body, "name": "别名"}, headers=headers)
    assert (conflict.status_code, conflict.json()["code"]) == (409, "IDEMPOTENCY_KEY_USED")
    async with site.database.read() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM merchants WHERE name = '亚飞商店'")) == 1
        assert await reader.scalar(text("SELECT count(*) FROM audit_rows WHERE action = 'merchant.register'")) == 1


async def test_a_merchant_needs_a_sound_credit_code_of_its_own(site: Site) -> None:
    """A wrong check character points to the field; a code that is taken is told as such."""
    body = {"name": "亚飞商店", "credit_code": CREDIT_CODE[:-1] + "2", "region_code": REGION}
    wrong = await _post(site, "/v1/merchants", body, 400)
    assert wrong["errors"][0]["pointer"] == "/credit_code"
    await _post(site, "/v1/merchants", {**body, "credit_code": CREDIT_CODE})
    taken = await _post(site, "/v1/merchants", {**body, "credit_code": CREDIT_CODE}, 409)
    assert taken["code"] == "ALREADY_EXISTS"


async def test_a_till_from_registration_to_its_end(site: Site) -> None:
    """Merchant, store, terminal with its secret shown once; it redeems; suspended, resumed, disabled."""
    merchant = await _post(site, "/v1/merchants", {"name": "店", "credit_code": CREDIT_CODE, "region_code": REGION})
    store = await _post(site, f"/v1/merchants/{merchant['id']}/stores", {"name": "一店", "region_code": REGION})
    till = await _post(site, f"/v1/stores/{store['id']}/terminals", {"label": "一号"})
    listed = await _get(site, f"/v1/merchants/{merchant['id']}/terminals")
    assert [row["id"] for row in listed["terminals"]] == [till["id"]]
    assert "secret" not in listed["terminals"][0]
    async with site.database.read() as reader:
        kept = await reader.execute(text("SELECT a::text FROM answers a"))
        assert not any(till["secret"] in row[0] for row in kept)
        sealed = await reader.execute(text("SELECT encode(secret, 'escape') FROM terminals"))
        assert not any(till["secret"] in row[0] for row in sealed)
    named = replace(site.city.tills[0], terminal=TerminalId(UUID(hex=till["id"][-32:])))
    secret = till["secret"].encode()
    assert (await site.redeem("T-1", await site.pay_code(), 1, till=named, secret=secret)).status_code == 201
    await _post(site, f"/v1/merchants/{merchant['id']}/suspend", None, 200)
    refused = await site.redeem("T-2", await site.pay_code(), 1, till=named, secret=secret)
    assert (refused.status_code, refused.json()["code"]) == (403, "MERCHANT_SUSPENDED")
    await _post(site, f"/v1/merchants/{merchant['id']}/resume", None, 200)
    await _post(site, f"/v1/terminals/{till['id']}/disable", None, 200)
    gone = await site.redeem("T-3", await site.pay_code(), 1, till=named, secret=secret)
    assert gone.json()["code"] == "SIGN_ERROR"


async def test_merchant_staff_know_of_no_other_merchant(site: Site) -> None:
    """404, as for one that does not exist; the list shows their own only."""
    own, other = (till.merchant for till in site.city.tills)
    staff: dict[str, Any] = {"kind": ActorKind.MERCHANT_STAFF, "merchant": own}
    assert len((await _get(site, "/v1/merchants", **staff))["merchants"]) == 1
    await _get(site, f"/v1/merchants/{format_id('mer', own)}", **staff)
    for target in ("", "/stores", "/terminals"):
        await _get(site, f"/v1/merchants/{format_id('mer', other)}{target}", 404, **staff)


async def test_hours_become_points_by_four_eyes(site: Site) -> None:
    """Entered by one, verified by another: 90 minutes at the city's rate; the one who entered cannot verify."""
    organiser = await site.headers(ActorKind.ORGANISER, subject=site.city.recorder)
    entered = await site.client.post("/v1/service-records", json=_record(site), headers=organiser)
    target = f"/v1/service-records/{entered.json()['id']}/verify"
    own = await site.client.post(target, headers=await site.headers(ActorKind.ORGANISER, subject=site.city.recorder))
    assert own.json()["code"] == "SELF_REVIEW"
    themselves = await site.client.post(
        target, headers=await site.headers(ActorKind.ORGANISER, volunteer=site.city.volunteers[0])
    )
    assert themselves.json()["code"] == "SELF_REVIEW"
    other = await site.headers(ActorKind.ORGANISER)
    verified = (await site.client.post(target, headers=other)).json()
    assert (verified["state"], verified["points"], verified["policy_version"]) == ("verified", 90, "2020-1")
    assert (await site.client.post(target, headers=other)).headers["Idempotency-Replayed"] == "true"
    twice = await site.client.post(target, headers=await site.headers(ActorKind.ORGANISER))
    assert (twice.status_code, twice.json()["code"]) == (409, "STATE_CONFLICT")
    wallet = await _get(site, f"/v1/volunteers/{format_id('vol', site.city.volunteers[0])}/wallet")
    assert (wallet["available"], wallet["minutes"]) == (590, 590)


async def test_attested_hours_stay_hours(site: Site) -> None:
    """An honour hour counts as time and never becomes points."""
    entered = await _post(site, "/v1/service-records", _attested(site))
    verified = await _post(site, f"/v1/service-records/{entered['id']}/verify", None, 200)
    assert (verified["points"], verified["minutes"]) == (0, 90)


async def test_nobody_serves_twice_at_the_same_time(site: Site) -> None:
    """A record that shares time with another is refused; one that only touches it is not."""
    await _post(site, "/v1/service-records", _attested(site))
    assert (await _post(site, "/v1/service-records", _attested(site), 409))["code"] == "OVERLAP"
    ended = site.clock.now - timedelta(days=40) - timedelta(minutes=90)
    touching = {"started_at": (ended - timedelta(minutes=30)).isoformat(), "ended_at": ended.isoformat(), "minutes": 30}
    await _post(site, "/v1/service-records", _attested(site, **touching))


@pytest.mark.parametrize(
    "changed, pointer",
    [({"minutes": 91}, "/minutes"), ({"ended_at": "2030-01-01T00:00:00Z"}, "/ended_at")],
)
async def test_impossible_hours_are_refused(site: Site, changed: dict[str, Any], pointer: str) -> None:
    """More than the time between, or in the future: the error points to the field."""
    refused = await _post(site, "/v1/service-records", _attested(site, **changed), 400)
    assert pointer in [error["pointer"] for error in refused["errors"]]


async def test_withdrawn_hours_take_their_points_along(site: Site) -> None:
    """What is left is taken, the rest becomes a debt."""
    entered = await _post(site, "/v1/service-records", _record(site), kind=ActorKind.ORGANISER)
    await _post(site, f"/v1/service-records/{entered['id']}/verify", None, 200)
    await site.redeem("A-1", await site.pay_code(), 550)
    withdrawn = await _post(site, f"/v1/service-records/{entered['id']}/withdraw", None, 200)
    assert withdrawn["state"] == "withdrawn"
    wallet = await _get(site, f"/v1/volunteers/{format_id('vol', site.city.volunteers[0])}/wallet")
    assert (wallet["available"], wallet["debt"], wallet["minutes"]) == (0, 50, 500)


async def test_a_volunteers_name_is_masked_at_once(site: Site) -> None:
    """In clear it is in no table and in no answer."""
    made = await _post(
        site,
        "/v1/volunteers",
        {"name": "欧阳修远", "region_code": REGION, "external_ids": [{"system": "zyh", "external_id": "Z-1"}]},
    )
    assert made["masked_name"] == "欧阳**"
    found = await _get(site, "/v1/volunteers?system=zyh&external_id=Z-1")
    assert [row["id"] for row in found["volunteers"]] == [made["id"]]
    taken = {"name": "别人", "region_code": REGION, "external_ids": [{"system": "zyh", "external_id": "Z-1"}]}
    assert (await _post(site, "/v1/volunteers", taken, 409))["code"] == "ALREADY_EXISTS"
    async with site.database.read() as reader:
        for table in ("volunteers", "answers", "audit_rows"):
            rows = await reader.execute(text(f"SELECT t::text FROM {table} t"))
            assert not any("修远" in row[0] for row in rows)
        assert await reader.scalar(text("SELECT count(*) FROM volunteers WHERE masked_name LIKE '别%'")) == 0


async def test_a_frozen_volunteer_is_unfrozen_with_all_points(site: Site) -> None:
    """Freezing stops spending and nothing else."""
    target = f"/v1/volunteers/{format_id('vol', site.city.volunteers[0])}"
    code = await site.pay_code()
    await _post(site, f"{target}/freeze", {"reason": "reported-lost"}, 200)
    assert (await site.redeem("A-1", code, 1)).json()["code"] == "ACCOUNT_FROZEN"
    await _post(site, f"{target}/unfreeze", {"reason": "review-ended"}, 200)
    assert (await site.redeem("A-2", code, 1)).status_code == 201


async def test_settings_change_only_from_what_was_read(site: Site) -> None:
    """If-Match: the second of two editors is told, and nothing is lost."""
    headers = await site.headers(ActorKind.ADMIN)
    read = await site.client.get("/v1/programme", headers=headers)
    match = {"If-Match": read.headers["ETag"]}
    changed = await site.client.patch("/v1/programme", json={"grace_days": 7}, headers={**headers, **match})
    assert (changed.status_code, changed.json()["grace_days"]) == (200, 7)
    late = {**await site.headers(ActorKind.ADMIN), **match}
    refused = await site.client.patch("/v1/programme", json={"grace_days": 9}, headers=late)
    assert (refused.status_code, refused.json()["code"]) == (412, "EDIT_CONFLICT")


async def test_a_list_is_paged_without_loss(site: Site) -> None:
    """Every team once, in pages of two, by the Link header."""
    parent = format_id("tea", site.city.team)
    names = {f"大队{number}" for number in range(5)}
    for name in names:
        await _post(
            site, "/v1/teams", {"name": name, "kind": "平安", "tier": 2, "parent_id": parent, "region_code": REGION}
        )
    found: list[str] = []
    target: str | None = f"/v1/teams?parent={parent}&limit=2"
    while target:
        page = await site.client.get(target, headers=await site.headers(ActorKind.ADMIN))
        found += [team["name"] for team in page.json()["teams"]]
        target = page.links.get("next", {}).get("url")
    assert len(found) == 5
    assert set(found) == names


async def test_a_team_hangs_under_the_tier_above(site: Site) -> None:
    """Tier 3 under tier 1, or tier 2 under nothing, is refused."""
    parent = format_id("tea", site.city.team)
    base = {"name": "队", "kind": "平安", "region_code": REGION}
    assert (await _post(site, "/v1/teams", {**base, "tier": 3, "parent_id": parent}, 400))["code"] == "PARAM_ERROR"
    assert (await _post(site, "/v1/teams", {**base, "tier": 2}, 400))["code"] == "PARAM_ERROR"


async def test_a_donation_fills_its_fund(site: Site) -> None:
    """In fen, once per key, from a day that has been."""
    fund = await _post(site, "/v1/funds", {"code": "yafei", "name": "亚飞", "sponsor": "亚飞", "purpose": "公交"})
    target = f"/v1/funds/{fund['id']}/donations"
    past = (site.clock.now - timedelta(days=1)).isoformat()
    headers = await site.headers(ActorKind.ADMIN)
    body = {"amount_fen": 12345, "received_at": past}
    first = await site.client.post(target, json=body, headers=headers)
    again = await site.client.post(target, json=body, headers=headers)
    assert (first.json(), again.headers["Idempotency-Replayed"]) == (again.json(), "true")
    later = (site.clock.now + timedelta(days=1)).isoformat()
    await _post(site, target, {"amount_fen": 1, "received_at": later}, 400)
    assert (await _get(site, f"/v1/funds/{fund['id']}"))["free_fen"] == 12345
