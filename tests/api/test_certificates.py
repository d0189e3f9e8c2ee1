"""Certificates over HTTP: from verified records only, per recording unit, signed, printable, and checked by anybody."""

import base64
import json
import re
from datetime import timedelta
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey
from sqlalchemy import text

from app.core.ids import format_id
from tests.support.calls import Json
from tests.support.service_calls import (
    RECORDS,
    Tree,
    a_record,
    a_tree,
    a_volunteer,
    an_admin,
    attested,
    person,
)
from tests.support.sites import Site

OWN = "/v1/me/certificate"
UNKNOWN = {"state": "unknown", "masked_name": None, "minutes": None}


async def _check(site: Site, number: str) -> Json:
    """What the public check says, to somebody without a token."""
    answer = await site.client.get(f"/v1/certificates/{number}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def _verified(site: Site, body: Json) -> Json:
    made = await person(site, "organiser").enter(body)
    return await an_admin(site).verify(made)


async def _in_two_teams(site: Site) -> Tree:
    """The volunteer's 500 minutes in the root team, and 90 more in a small one."""
    tree = await a_tree(site)
    await _verified(site, a_record(site, team_id=format_id("tea", tree.small[0]), content="引导行人"))
    return tree


async def test_it_says_what_the_order_demands(site: Site) -> None:
    """Time, content and recording unit (order 67, Art. 15), each unit with its own records; only what is verified."""
    tree = await _in_two_teams(site)
    await person(site, "organiser").enter(a_record(site, ended_ago=timedelta(days=2)))
    certificate = await a_volunteer(site).get(OWN)
    units = {unit["team_id"]: unit for unit in certificate["units"]}
    small = units[format_id("tea", tree.small[0])]
    assert (certificate["minutes"], certificate["masked_name"]) == (590, "王*")
    assert (small["name"], small["minutes"]) == ("小队0", 90)
    [record] = small["records"]
    assert (record["content"], record["activity"], record["served_on"]) == ("引导行人", "文明劝导", "2026-03-01")
    [earned] = units[format_id("tea", tree.root)]["records"]
    assert (earned["minutes"], earned["content"]) == (500, "清洁家园")
    assert certificate["check_url"] == f"http://test/v1/certificates/{certificate['number']}"


async def test_honour_hours_are_marked(site: Site) -> None:
    """Attested hours are hours; the certificate says how they are known."""
    await _verified(site, attested(a_record(site), 90))
    [unit] = (await a_volunteer(site).get(OWN))["units"]
    assert sorted(record["evidence"] for record in unit["records"]) == ["attested", "checked-in"]


async def test_a_period_is_of_business_days(site: Site) -> None:
    """Service that began at 00:30 in Shanghai is of that day; outside of the period nothing can be certified."""
    ended = site.clock.now.replace(month=2, day=28, hour=17, minute=30)
    await _verified(site, a_record(site, minutes=60, ended_ago=site.clock.now - ended))
    volunteer = a_volunteer(site)
    first = await volunteer.get(f"{OWN}?since=2026-03-01&until=2026-03-01")
    assert [(record["served_on"], record["minutes"]) for record in first["units"][0]["records"]] == [("2026-03-01", 60)]
    assert (first["since"], first["until"]) == ("2026-03-01", "2026-03-01")
    assert (await volunteer.get(f"{OWN}?until=2026-02-28", 404))["code"] == "NOT_FOUND"
    assert (await volunteer.get(f"{OWN}?since=2026-03-02"))["minutes"] == 500
    await volunteer.get(f"{OWN}?since=2026-03-02&until=2026-03-01", 400)
    await volunteer.get(f"{OWN}?since=1999-12-31", 400)
    await volunteer.get(f"{OWN}?until=9999-12-31", 400)


async def test_anybody_can_check_it_and_learns_no_more(site: Site) -> None:
    """Valid with the masked name and the minutes; as soon as a record is withdrawn superseded; others are unknown."""
    extra = await _verified(site, a_record(site))
    certificate = await a_volunteer(site).get(OWN)
    said = {"masked_name": "王*", "minutes": 590}
    assert await _check(site, certificate["number"]) == {"state": "valid", **said}
    await _verified(site, a_record(site, ended_ago=timedelta(days=3)))
    assert (await _check(site, certificate["number"]))["state"] == "valid"
    await an_admin(site).post(f"{RECORDS}/{extra['id']}/withdraw")
    assert await _check(site, certificate["number"]) == {"state": "superseded", **said}
    renewed = await a_volunteer(site).get(OWN)
    assert (await _check(site, renewed["number"]))["state"] == "valid"


async def test_no_record_makes_up_for_another(site: Site) -> None:
    """A certified record that lost a minute supersedes, though another has gained more."""
    extra = await _verified(site, a_record(site))
    number = (await a_volunteer(site).get(OWN))["number"]
    records = (await a_volunteer(site).get("/v1/me/service-records"))["records"]
    [other] = [record for record in records if record["id"] != extra["id"]]
    change = text("UPDATE service_records SET minutes = minutes + :more WHERE id = :id")
    for record, more, state in ((other, 5, "valid"), (extra, -1, "superseded")):
        async with site.database.begin() as tx:
            await tx.execute(change, {"id": UUID(hex=record["id"][4:]), "more": more})
        assert (await _check(site, number))["state"] == state


@pytest.mark.parametrize(
    "number", ["crt_cixi_" + "a" * 24, "crt_ningbo_" + "a" * 24, "crt_cixi_A", "x", "crt__", "%00"]
)
async def test_what_was_never_given_out_is_unknown(site: Site, number: str) -> None:
    """Whatever is sent: 200 and unknown, and nothing of anybody."""
    assert await _check(site, number) == UNKNOWN


async def test_asking_twice_gives_one_certificate(site: Site) -> None:
    """The same number, moment and signature, one row and one audit row; other words have another number."""
    first = await a_volunteer(site).get(OWN)
    site.clock.move(timedelta(minutes=5))
    assert await a_volunteer(site).get(OWN) == first
    numbers = {first["number"]}
    numbers.add((await a_volunteer(site).get(f"{OWN}?since=2026-01-01"))["number"])
    numbers.add((await a_volunteer(site, 1).get(OWN))["number"])
    assert len(numbers) == 3
    async with site.database.read() as reader:
        rows = await reader.execute(text("SELECT number FROM certificates"))
        assert {number for (number,) in rows} == numbers
        audited = await reader.scalar(text("SELECT count(*) FROM audit_rows WHERE action = 'certificate.issue'"))
        assert audited == 3


async def test_the_signature_is_the_programmes_and_is_no_token(site: Site) -> None:
    """The JWS holds the same words and verifies with the published key; changed, it does not; as a token it is refused.

    Of the person it says the mask and the id only.
    """
    certificate = await a_volunteer(site).get(OWN)
    [key] = (await site.client.get("/v1/auth/keys/cixi")).json()["keys"]
    public = OKPKey.import_key({name: key[name] for name in ("kty", "crv", "x", "kid")})
    signed = jws.deserialize_compact(certificate["jws"], public, algorithms=["Ed25519"])
    claims = json.loads(signed.payload)
    assert claims.pop("iss") == "liyu-certificate"
    assert claims.pop("status")["status_list"]["uri"].endswith("/.well-known/liyu/cixi/status-lists/1")
    assert claims == {name: certificate[name] for name in certificate if name not in {"jws", "check_url"}}
    assert signed.headers()["typ"] == "liyu-certificate+jws"
    head, _, signature = certificate["jws"].split(".")
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "minutes": 10**6}).encode()).rstrip(b"=").decode()
    with pytest.raises(Exception, match="bad_signature"):
        jws.deserialize_compact(f"{head}.{forged}.{signature}", public, algorithms=["Ed25519"])
    refused = await site.client.get("/v1/me/wallet", headers={"Authorization": f"Bearer {certificate['jws']}"})
    assert (refused.status_code, refused.json()["code"]) == (401, "TOKEN_ERROR")


async def test_an_organiser_certifies_their_own_part_only(site: Site) -> None:
    """谁记录谁证明: a team's organiser certifies the team's records; one beside it has nothing to certify."""
    tree = await _in_two_teams(site)
    target = f"/v1/volunteers/{format_id('vol', site.city.volunteers[0])}/certificate"
    own = await person(site, "own", team=tree.middle[0]).get(target)
    assert [(unit["team_id"], unit["minutes"]) for unit in own["units"]] == [(format_id("tea", tree.small[0]), 90)]
    await person(site, "beside", team=tree.middle[1]).get(target, 404)
    whole = await an_admin(site).get(target)
    assert (whole["minutes"], whole["number"]) == (590, (await a_volunteer(site).get(OWN))["number"])
    await an_admin(site).get("/v1/volunteers/vol_00000000000000000000000000000000/certificate", 404)


async def test_the_page_is_for_paper(site: Site) -> None:
    """Chinese with English, print rules, the number, a QR code as SVG, and nothing from anywhere else."""
    await _verified(site, a_record(site, content="<b>扫地</b>"))
    certificate = await a_volunteer(site).get(OWN)
    volunteer = await site.volunteer_headers()
    admin = await site.headers(an_admin(site).kind)
    staff = f"/v1/volunteers/{certificate['volunteer_id']}/certificate/page"
    for target, headers in ((f"{OWN}/page", volunteer), (staff, admin)):
        page = await site.client.get(target, headers=headers)
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        for part in (
            "志愿服务证明",
            "Certificate of Volunteer Service",
            "@page",
            "<svg",
            "王*",
            "9 小时 50 分 / 9 h 50 min",
        ):
            assert part in page.text
        assert certificate["number"] in page.text
        assert "&lt;b&gt;扫地&lt;/b&gt;" in page.text
        assert not re.search(r"<script|<link|(src|href)=", page.text)


@pytest.mark.parametrize("withdrawn, told", [(False, ">Valid<"), (True, "Superseded")])
async def test_a_phone_sees_the_check_as_a_page(site: Site, *, withdrawn: bool, told: str) -> None:
    """Who accepts HTML gets a page; an unknown number is told so and never echoed as markup."""
    extra = await _verified(site, a_record(site))
    number = (await a_volunteer(site).get(OWN))["number"]
    if withdrawn:
        await an_admin(site).post(f"{RECORDS}/{extra['id']}/withdraw")
    accept = {"Accept": "text/html,application/xhtml+xml"}
    page = await site.client.get(f"/v1/certificates/{number}", headers=accept)
    assert told in page.text
    assert "王*" in page.text
    unknown = await site.client.get("/v1/certificates/%3Cb%3E", headers=accept)
    assert "查无此证明" in unknown.text
    assert "<b>" not in unknown.text
