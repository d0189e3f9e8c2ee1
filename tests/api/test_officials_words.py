"""What officials write about a volunteer, whatever it is about: sealed with that volunteer's key, and gone with it."""

from app.security.words import MARK
from tests.api.test_honours import an_honour
from tests.support.people import as_volunteer, find_in_database, register, someone
from tests.support.service_calls import a_record, an_admin, person
from tests.support.sites import Site

HONOUR = "事后查实照片是摆拍"
GRANT = "独居且冬天无煤过冬"
WRONG = "那次她提前走了去接孙女"
LOOKED = "家属来电说电话打不通"
CORRECTED = "改名因派出所迁出登记"
REFUSED = "名下仍有争议未了结"
ASKED = "人在外地不便到场办理"
WORDS = (HONOUR, GRANT, WRONG, LOOKED, CORRECTED, REFUSED, ASKED)


async def _read(site: Site, volunteer: str) -> str:
    admin = an_admin(site)
    targets = ("/v1/honours", "/v1/pool-grants", "/v1/corrections", "/v1/erasures", "/v1/audit-trail?limit=200")
    return "".join([str(await admin.get(target)) for target in (*targets, f"/v1/data-reads?volunteer={volunteer}")])


async def test_all_of_it_is_sealed_and_goes_with_the_key(site: Site) -> None:
    """Honours withdrawn, pool grants, corrections, sights of data and why, corrected names, refused erasures."""
    admin, second, who = an_admin(site), an_admin(site, "second"), someone(3)
    made = await register(admin, who)
    target = f"/v1/volunteers/{made['id']}"
    record = await person(site, "recorder").enter(a_record(site, volunteer_id=made["id"]))
    await person(site, "verifier").verify(record)
    honour = await admin.post("/v1/honours", an_honour(site, volunteer_id=made["id"]), 201)
    await second.post(f"/v1/honours/{honour['id']}/withdraw", {"reason": HONOUR})
    grant = {"volunteer_id": made["id"], "points": 10, "purpose": "hardship", "reference": GRANT}
    await admin.post("/v1/pool-grants", grant, 201)
    order = {"scope": {"record_id": record["id"]}, "reason": WRONG, "evidence": "gate-book-9"}
    await admin.post("/v1/corrections", order, 201)
    await admin.post(f"{target}/unmask", {"fields": ["name"], "reason": LOOKED})
    await admin.post(f"{target}/personal-data", {"name": who.name + "改", "reason": CORRECTED})
    asked = await admin.post(f"{target}/erasures", {"reason": ASKED}, 201)
    await second.post(f"/v1/erasures/{asked['id']}/refuse", {"reason": REFUSED})
    assert await find_in_database(site.database, WORDS) == []
    read = await _read(site, made["id"])
    assert [words for words in WORDS if words not in read] == []
    assert MARK not in read
    last = await as_volunteer(admin, made).post("/v1/me/erasures", {"reason": ASKED}, 201)
    await second.post(f"/v1/erasures/{last['id']}/approve")
    read = await _read(site, made["id"])
    assert [words for words in WORDS if words in read] == []
