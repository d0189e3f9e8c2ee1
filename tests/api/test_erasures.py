"""Erasure over HTTP (ACCEPTANCE 15): a second person decides, the key is gone, the ledger still verifies."""

from datetime import date

import pytest
from sqlalchemy import text

from app.security.actors import ActorKind
from app.security.words import ERASED_WORDS
from tests.support.calls import Json
from tests.support.ledgers import fetch_rows, fetch_table
from tests.support.people import Someone, as_volunteer, find_in_database, register, someone
from tests.support.service_calls import Person, a_record, an_admin, person
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

REASON = {"reason": "本人申请注销"}
WHY = "核对礼遇材料"


async def an_erasure(site: Site, made: Json) -> Json:
    """Asked for by the volunteer, approved by an administrator."""
    asked = await as_volunteer(an_admin(site), made).post("/v1/me/erasures", REASON, 201)
    return await an_admin(site).post(f"/v1/erasures/{asked['id']}/approve")


async def someone_with_hours(site: Site, who: Someone, **more: object) -> Json:
    """Registered, with an hour and a half of verified service."""
    admin = an_admin(site)
    made = await register(admin, who, **more)
    recorder = person(site, "recorder")
    record = await recorder.enter(a_record(site, volunteer_id=made["id"]))
    await person(site, "verifier").verify(record)
    return made


async def test_the_key_is_gone_and_the_hours_stay(site: Site) -> None:
    """Nothing opens any more, nothing re-identifies; wallet, records and every proof are as they were."""
    admin, who = an_admin(site), someone(1)
    external = [{"system": "zyh", "external_id": "330282-00042"}]
    made = await someone_with_hours(site, who, external_ids=external, team_id=f"tea_{site.city.team.hex}")
    [record] = (await as_volunteer(admin, made).get("/v1/me/service-records"))["records"]
    own_words = {"reason": "我住在村口第三家，时长不对"}
    await as_volunteer(admin, made).post(f"/v1/me/service-records/{record['id']}/objections", own_words, 201)
    target = f"/v1/volunteers/{made['id']}"
    wallet, journal = await admin.get(f"{target}/wallet"), await fetch_table(site.database, "transactions")
    erased = await an_erasure(site, made)
    assert (erased["state"], erased["decided_by"]) == ("erased", f"usr_{admin.subject.hex}")
    shown = await admin.get(target)
    assert (shown["masked_name"], shown["status"], shown["team_id"], shown["born_on"]) == ("*", "left", None, None)
    assert shown["external_ids"] == []
    assert set((await admin.get(f"{target}/personal-data")).values()) == {None}
    for table in ("person_keys", "vault_fields", "vault_indexes", "volunteer_external_ids"):
        assert await fetch_rows(site.database, f"SELECT count(*) FROM {table}") == [(0,)]
    assert [row["reason"] for row in (await admin.get("/v1/objections"))["objections"]] == [ERASED_WORDS]
    after = await admin.get(f"{target}/wallet")
    assert {**after, "status": wallet["status"], "masked_name": wallet["masked_name"]} == wallet
    assert await fetch_table(site.database, "transactions") == journal
    await assert_all_sound(site.database, site.city)
    assert await find_in_database(site.database, (*who.secrets, "330282-00042", "村口第三家")) == []


async def test_nobody_sees_changes_or_finds_who_was_erased(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was possible before says that the data was erased; the document is free for another registration."""
    monkeypatch.setattr("app.actions.standing.FRESH_S", 0.0)
    admin, who = an_admin(site), someone(1)
    made = await register(admin, who)
    own = as_volunteer(admin, made)
    await an_erasure(site, made)
    target = f"/v1/volunteers/{made['id']}"
    bodies: dict[str, Json] = {
        "unmask": {"fields": ["name"], "reason": WHY},
        "export": {"reason": WHY},
        "personal-data": {"name": "新名", "reason": WHY},
        "erasures": REASON,
    }
    for step, body in bodies.items():
        assert (await admin.post(f"{target}/{step}", body, 410))["code"] == "DATA_ERASED"
    asked = {"volunteer_id": made["id"], "fields": ["name"], "reason": WHY}
    assert (await admin.post("/v1/data-approvals", asked, 410))["code"] == "DATA_ERASED"
    found = await admin.post("/v1/volunteers/look-up", {"phone": who.phone, "reason": WHY})
    assert found == {"volunteers": []}
    assert (await admin.post(f"{target}/access-tokens", None, 404))["code"] == "NOT_FOUND"
    await own.get("/v1/me/wallet", 401)
    again = await register(admin, who)
    assert again["id"] != made["id"]


async def test_a_second_person_decides(site: Site) -> None:
    """Who asked for it cannot approve it, nor the volunteer under another hat; a refusal has its reason."""
    admin, second = an_admin(site), an_admin(site, "second")
    made = await register(admin, someone(1))
    asked = await admin.post(f"/v1/volunteers/{made['id']}/erasures", REASON, 201)
    decide = f"/v1/erasures/{asked['id']}"
    for step, body in (("approve", None), ("refuse", REASON)):
        assert (await admin.post(f"{decide}/{step}", body, 409))["code"] == "SELF_REVIEW"
    own_hat = Person(
        site=site, kind=ActorKind.ADMIN, subject=second.subject, volunteer=as_volunteer(admin, made).volunteer
    )
    assert (await own_hat.post(f"{decide}/approve", None, 409))["code"] == "SELF_REVIEW"
    refused = await second.post(f"{decide}/refuse", {"reason": "争议处理中"})
    assert (refused["state"], refused["decision"]) == ("refused", "争议处理中")
    assert (await second.post(f"{decide}/approve", None, 409))["code"] == "STATE_CONFLICT"
    [told] = (await as_volunteer(admin, made).get("/v1/me/erasures"))["erasures"]
    assert told["decision"] == "争议处理中"
    assert (await admin.get(f"/v1/volunteers/{made['id']}"))["status"] == "active"


async def test_one_request_at_a_time(site: Site) -> None:
    """While one waits another is refused; afterwards it may be asked again."""
    admin, second = an_admin(site), an_admin(site, "second")
    made = await register(admin, someone(1))
    own = as_volunteer(admin, made)
    asked = await own.post("/v1/me/erasures", REASON, 201)
    target = f"/v1/volunteers/{made['id']}/erasures"
    assert (await second.post(target, REASON, 409))["code"] == "ALREADY_EXISTS"
    await second.post(f"/v1/erasures/{asked['id']}/refuse", REASON)
    await second.post(target, REASON, 201)
    auditor = person(site, "auditor", ActorKind.AUDITOR)
    states = [row["state"] for row in (await auditor.get("/v1/erasures"))["erasures"]]
    assert states == ["refused", "requested"]
    assert len((await auditor.get("/v1/erasures?state=requested"))["erasures"]) == 1
    unknown = f"/v1/erasures/ers_{1:032x}/approve"
    assert (await admin.post(unknown, None, 404))["code"] == "NOT_FOUND"
    assert (await admin.post(f"/v1/volunteers/vol_{1:032x}/erasures", REASON, 404))["code"] == "NOT_FOUND"


async def test_family_and_staff_no_longer_lead_to_who_was_erased(site: Site) -> None:
    """Links end on either side; a user is not told to be that volunteer, nor to have such a relative."""
    admin = an_admin(site)
    made, other = [await register(admin, someone(number, date(1980, 1, number))) for number in (1, 2)]
    new = {"kind": "organiser", "username": "organiser-1", "password": "ten-letters-long"}
    user = await admin.post("/v1/users", {**new, "volunteer_id": made["id"]}, 201)
    await admin.post(f"/v1/users/{user['id']}/relatives", {"volunteer_id": made["id"]}, 201)
    link = """INSERT INTO family_links (programme_id, id, state, owner_id, member_id, kinship, proposed_at, changed_at)
              VALUES ('cixi', gen_random_uuid(), 'active', :owner, :member, 'spouse', now(), now())"""
    ends = {"owner": as_volunteer(admin, other).subject, "member": as_volunteer(admin, made).subject}
    async with site.database.begin() as tx:
        await tx.execute(text(link), ends)
    await an_erasure(site, made)
    assert await fetch_rows(site.database, "SELECT count(*) FROM user_relatives") == [(0,)]
    assert await fetch_rows(site.database, "SELECT count(*) FROM users WHERE volunteer_id IS NOT NULL") == [(0,)]
    assert await fetch_rows(site.database, "SELECT state FROM family_links") == [("ended",)]
