"""A city with one row of each kind that has an id: all of one volunteer, one merchant, one town."""

from collections.abc import Mapping
from datetime import timedelta

from app.core.ids import format_id, format_terminal
from app.jobs.applications import run_application_grants
from app.security.actors import StaffRole
from tests.support.applications import ENROLMENT, HARDSHIP, TOWNS, Hamlet, a_hamlet, decide, submit
from tests.support.back_tests import ask
from tests.support.calls import an_admin
from tests.support.log_ins import come_in, set_birthday
from tests.support.openings import SHEETS, a_line, a_sheet
from tests.support.orders import an_offer, an_order
from tests.support.rewards import an_honour, an_offence, rewarding, settle
from tests.support.rounds import a_round, publish_benefit
from tests.support.service_calls import a_record, a_volunteer, person
from tests.support.sites import Site
from tests.support.till_calls import paid

DRAFTED = "draft"
PASSWORD = "correct horse battery"

Rows = Mapping[str, str]
"""What a city has, by the name that a path or a field has for it (`volunteer_id`, `order_id`)."""


async def fill(site: Site) -> Rows:
    """Put a row of each kind into a site's city, over HTTP wherever that is the way."""
    hamlet = await a_hamlet(site, HARDSHIP, ENROLMENT)
    await publish_benefit(site.database, site.city)
    rows: dict[str, str] = _standing(site)
    for add in (_add_people, _add_service, _add_rewards, _add_trade, _add_policies, _add_round, _add_gifts, _add_data):
        rows |= await add(site, rows)
    rows |= await _add_applications(site, hamlet)
    rows["transaction_id"] = (await an_admin(site).get("/v1/ledger/transactions"))["transactions"][0]["id"]
    return rows


def _standing(site: Site) -> dict[str, str]:
    """What every city has from the start."""
    city, till = site.city, site.city.tills[0]
    return {
        "volunteer_id": format_id("vol", city.volunteers[0]),
        "merchant_id": format_id("mer", till.merchant),
        "agreement_id": format_id("agr", till.merchant),
        "store_id": format_id("sto", till.store),
        "terminal_id": format_terminal(city.programme, till.terminal),
        "fund_id": format_id("fun", city.fund),
        "path": f"redeemed.{format_id('mer', till.merchant)}",
    }


async def _add_people(site: Site, rows: Rows) -> dict[str, str]:
    """A user who has logged in, a member of the staff, another system with a key, a team in the town."""
    admin, named = an_admin(site), site.city.programme
    user = await admin.post("/v1/users", {"kind": "admin", "username": f"u-{named}", "password": PASSWORD}, 201)
    entered = await come_in(site, programme=named, username=f"u-{named}")
    member = {"username": f"s-{named}", "password": PASSWORD, "role": StaffRole.CASHIER.value}
    staff = await admin.post(f"/v1/merchants/{rows['merchant_id']}/staff", member, 201)
    client = (await admin.post("/v1/clients", {"name": "市教育局", "scopes": ["predicates:verify"]}, 201))["client"]
    until = (site.clock.now + timedelta(days=30)).isoformat()
    key = {"scopes": ["predicates:verify"], "expires_at": until}
    made = await admin.post(f"/v1/clients/{client['id']}/api-keys", key, 201)
    team = {
        "name": "镇大队",
        "kind": "general",
        "tier": 2,
        "parent_id": format_id("tea", site.city.team),
        "region_code": TOWNS[0],
    }
    return {
        "user_id": user["id"],
        "staff_id": staff["id"],
        "session_id": entered["session_id"],
        "client_id": client["id"],
        "key_id": made["credential"]["id"],
        "team_id": (await admin.post("/v1/teams", team, 201))["id"],
    }


async def _add_service(site: Site, rows: Rows) -> dict[str, str]:
    """A record that waits, with an objection, and a correction of another."""
    enterer, verifier, own = person(site, "enterer"), person(site, "verifier"), a_volunteer(site)
    record = await enterer.enter(a_record(site, team_id=rows["team_id"]))
    other = await verifier.verify(await enterer.enter(a_record(site, ended_ago=timedelta(days=2))))
    objection = await own.post(f"/v1/me/service-records/{record['id']}/objections", {"reason": "时长不对"}, 201)
    order = {"scope": {"record_id": other["id"]}, "reason": "签到设备时间错误", "evidence": "doc-2026-0312"}
    return {
        "record_id": record["id"],
        "verified_id": other["id"],
        "objection_id": objection["id"],
        "correction_id": (await an_admin(site).post("/v1/corrections", order, 201))["id"],
    }


async def _add_rewards(site: Site, rows: Rows) -> dict[str, str]:
    """An honour with the bonus that it brings, and a penalty that is confirmed."""
    await rewarding(site)
    honour = await an_admin(site).post("/v1/honours", an_honour(site), 201)
    await settle(site)
    bonuses = (await an_admin(site).get(f"/v1/volunteers/{rows['volunteer_id']}/bonuses"))["bonuses"]
    penalty = await an_admin(site).post("/v1/penalties", an_offence(site, team_id=rows["team_id"]), 201)
    confirmed = await an_admin(site).post(f"/v1/penalties/{penalty['id']}/confirm")
    return {"honour_id": honour["id"], "bonus_id": bonuses[0]["id"], "penalty_id": confirmed["id"]}


async def _add_trade(site: Site, _rows: Rows) -> dict[str, str]:
    """A redemption, an offer, an order with its voucher."""
    number = f"A-{site.city.programme}"
    redemption = await paid(site, number, 10)
    offer = await an_offer(site)
    order = await an_order(site, offer, "whole")
    return {
        "trade_no": number,
        "redemption_id": redemption["id"],
        "offer_id": format_id("off", offer),
        "order_id": format_id("ord", order),
    }


async def _add_policies(site: Site, _rows: Rows) -> dict[str, str]:
    """A draft of a policy and its back-test, and a sheet of opening balances."""
    admin = an_admin(site)
    version = f"{site.city.programme}-{DRAFTED}"
    body = {"version": version, "effective_from": "2027-01-01", "rate_per_hour": 10}
    await admin.post("/v1/accrual-policies", body, 201)
    return {
        "version": version,
        "back_test_id": (await ask(admin, version))["id"],
        "sheet_id": (await admin.post(SHEETS, a_sheet(a_line(site)), 201))["id"],
    }


async def _add_round(site: Site, _rows: Rows) -> dict[str, str]:
    """An event and a place at it."""
    round_id = format_id("rnd", await a_round(site.database, site.city))
    own = a_volunteer(site)
    await own.post(f"/v1/me/rounds/{round_id}/claim", None, 201)
    return {"round_id": round_id, "place_id": (await own.get("/v1/me/places"))["places"][0]["id"]}


async def _add_gifts(site: Site, rows: Rows) -> dict[str, str]:
    """A grant of the pool that waits for its second person, and a family link."""
    admin, own = an_admin(site), a_volunteer(site)
    await own.post("/v1/me/donations", {"points": 100}, 201)
    grant = {"volunteer_id": rows["volunteer_id"], "points": 10, "purpose": "hardship", "reference": "2026-017"}
    revision = (await admin.get("/v1/programme"))["revision"]
    await admin.send("PATCH", "/v1/programme", {"family_use": True}, If_Match=f'"{revision}"')
    link = {"member_id": format_id("vol", site.city.volunteers[2]), "kinship": "spouse"}
    return {
        "pool_grant_id": (await admin.post("/v1/pool-grants", grant, 201))["id"],
        "link_id": (await own.post("/v1/me/family", link, 201))["id"],
    }


async def _add_data(site: Site, rows: Rows) -> dict[str, str]:
    """What guards people's data: an approval, a request for erasure, a guardianship, a permit to ask."""
    admin, own = an_admin(site), a_volunteer(site)
    asked = {"volunteer_id": rows["volunteer_id"], "fields": ["name"], "reason": "核对发放名单"}
    await own.post("/v1/me/consents", {"purpose": "predicate_answer", "version": "2026-1"}, 201)
    permit = {"client_id": rows["client_id"], "kinds": ["clean_record"]}
    child = site.city.volunteers[2]
    await set_birthday(site, child, "2015-06-01")
    words = {"purpose": "honour_wall", "version": "2027-1", "effective_from": "2027-01-01"}
    draft = {**words, "text_zh": "光荣榜告知", "text_en": "About the wall of honour"}
    kin = {"child_id": format_id("vol", child), "kinship": "parent", "consent": True, "consent_version": "2026-11"}
    return {
        "draft_id": (await admin.post("/v1/consent-text-drafts", draft, 201))["id"],
        "approval_id": (await admin.post("/v1/data-approvals", asked, 201))["id"],
        "permit_id": (await own.post("/v1/me/predicate-permits", permit, 201))["id"],
        "guardianship_id": (await own.post("/v1/me/guardianships", kin, 201))["id"],
        "erasure_id": (await own.post("/v1/me/erasures", {"reason": "不再参加"}, 201))["id"],
    }


async def _add_applications(site: Site, hamlet: Hamlet) -> dict[str, str]:
    """An application that waits, and one that was granted."""
    piece = {"code": "illness", "sha256": "0" * 64, "reference": "档案 2026-117"}
    waiting = await submit(hamlet, material=[piece])
    granted = await submit(hamlet, "enrolment")
    await decide(hamlet.town, granted, "take-in")
    await decide(hamlet.town, granted, "endorse")
    await decide(hamlet.city, granted, "approve")
    services = site.services
    await run_application_grants(
        site.database, services.committers, site.city.programme, services.cabinet.tickets, site.clock
    )
    grants = (await hamlet.applicant.get("/v1/me/benefit-grants"))["grants"]
    return {"application_id": waiting["id"], "granted_id": granted["id"], "grant_id": grants[0]["id"]}
