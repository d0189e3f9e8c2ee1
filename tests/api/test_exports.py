"""Everything of one person in one document: for themself in clear, for staff noted, and of nobody else."""

from datetime import timedelta

from app.security.actors import ActorKind
from app.security.client_secrets import format_client
from tests.support.calls import Json
from tests.support.log_ins import a_registered_client
from tests.support.orders import an_offer, an_order
from tests.support.people import as_volunteer, register, someone
from tests.support.service_calls import a_record, a_volunteer, an_admin, person
from tests.support.sites import Site

REASON = "本人书面申请"


async def a_served_volunteer(site: Site, number: int) -> Json:
    """Registered, with two records, one of them verified."""
    made = await register(an_admin(site), someone(number))
    recorder = person(site, "recorder")
    record = await recorder.enter(a_record(site, volunteer_id=made["id"]))
    await person(site, "verifier").verify(record)
    await recorder.enter(a_record(site, volunteer_id=made["id"], ended_ago=timedelta(days=3)))
    return made


async def test_an_export_holds_everything_of_its_person_and_nothing_of_others(site: Site) -> None:
    """Vault, wallet, statement, records, honours, consents, who looked: each with what the single views say."""
    admin = an_admin(site)
    made, other = await a_served_volunteer(site, 1), await a_served_volunteer(site, 2)
    await admin.post(f"/v1/volunteers/{made['id']}/unmask", {"fields": ["phone"], "reason": REASON})
    own = as_volunteer(admin, made)
    whole = await own.get("/v1/me/export")
    who = someone(1)
    clear = {"name": who.name, "phone": who.phone, "id_type": "resident_id", "id_number": who.id_number}
    assert whole["personal_data"] == clear
    assert whole["volunteer"] == await admin.get(f"/v1/volunteers/{made['id']}")
    assert whole["wallet"] == await own.get("/v1/me/wallet")
    assert whole["parts"]["statement"] == (await own.get("/v1/me/statement"))["lines"]
    assert whole["service_records"] == (await own.get("/v1/me/service-records"))["records"]
    assert whole["consents"] == (await own.get("/v1/me/consents"))["consents"]
    assert whole["data_reads"] == (await own.get("/v1/me/data-reads"))["reads"]
    assert [len(whole[part]) for part in ("service_records", "consents", "data_reads")] == [2, 1, 1]
    text = str(whole)
    assert other["id"] not in text
    assert not any(secret in text for secret in someone(2).secrets)


async def test_a_long_history_is_exported_whole(site: Site) -> None:
    """More lines than a page holds."""
    own = a_volunteer(site)
    statement = (await own.get("/v1/me/statement?limit=200"))["lines"]
    assert (await own.get("/v1/me/export"))["parts"]["statement"] == statement


async def test_staff_export_for_somebody_is_noted_and_shown_once(site: Site) -> None:
    """With a reason; a repetition of the call has nothing; a minor's needs an approval for all fields."""
    admin = an_admin(site)
    made = await a_served_volunteer(site, 1)
    headers = await site.headers(ActorKind.ADMIN, subject=admin.subject)
    target = f"/v1/volunteers/{made['id']}/export"
    answers = [(await site.client.post(target, json={"reason": REASON}, headers=headers)).json() for _ in range(2)]
    assert answers[0]["export"]["personal_data"]["name"] == someone(1).name
    assert answers[1] == {**answers[0], "export": None}
    [logged] = (await admin.get("/v1/data-reads"))["reads"]
    assert (logged["kind"], logged["reason"], len(logged["fields"])) == ("export", REASON, 4)
    nobody_knows = await admin.post("/v1/volunteers", {"name": "令狐无期", "region_code": "330282"}, 201)
    refused = await admin.post(f"/v1/volunteers/{nobody_knows['id']}/export", {"reason": REASON}, 403)
    assert refused["code"] == "APPROVAL_REQUIRED"
    unknown = f"/v1/volunteers/vol_{1:032x}/export"
    assert (await admin.post(unknown, {"reason": REASON}, 404))["code"] == "NOT_FOUND"


async def test_every_list_of_ones_own_is_in_it(site: Site) -> None:
    """What was paid, ordered, given, evaluated, agreed to, as the lists say it; no code that opens anything."""
    own, admin = a_volunteer(site), an_admin(site)
    for number in range(3):
        assert (await site.redeem(f"A-{number}", await site.pay_code(), 1 + number)).status_code in {201, 202}
    await an_order(site, await an_offer(site), "o")
    await own.post("/v1/me/donations", {"points": 5}, 201)
    office = await a_registered_client(site)
    await own.post("/v1/me/consents", {"purpose": "predicate_answer", "version": "1"}, 201)
    permit = {"client_id": format_client(site.city.programme, office), "kinds": ["clean_record"]}
    await own.post("/v1/me/predicate-permits", permit, 201)
    record = (await own.get("/v1/me/service-records"))["records"][0]["id"]
    await admin.post(f"/v1/service-records/{record}/evaluations", {"source": "organisation", "score": 5}, 201)
    await a_volunteer(site, 1).post("/v1/me/donations", {"points": 7}, 201)
    parts = (await own.get("/v1/me/export"))["parts"]
    lists = {
        "redemptions": ("redemptions", "redemptions"),
        "donations": ("donations", "donations"),
        "bonuses": ("bonuses", "bonuses"),
        "penalties": ("penalties", "penalties"),
        "objections": ("objections", "objections"),
        "family": ("links", "family_links"),
        "guardianships": ("guardianships", "guardianships"),
        "applications": ("applications", "applications"),
        "places": ("places", "places"),
        "benefit-grants": ("grants", "benefit_grants"),
        "predicate-permits": ("permits", "predicate_permits"),
        "predicate-answers": ("answers", "predicate_answers"),
    }
    for path, (inside, part) in lists.items():
        assert parts[part] == (await own.get(f"/v1/me/{path}?limit=200"))[inside], path
    filled = [part for part in parts if parts[part]]
    assert filled == ["statement", "redemptions", "orders", "donations", "evaluations", "predicate_permits"]
    [order] = (await own.get("/v1/me/orders"))["orders"]
    assert parts["orders"] == [{name: value for name, value in order.items() if name != "voucher"}]
    assert order["voucher"]["code"] not in str(parts)
