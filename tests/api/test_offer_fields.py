"""What an offer can say: every field comes back as it was sent, and one that cannot be is pointed to."""

import pytest

from app.core.ids import format_id
from tests.support.calls import Json, an_admin
from tests.support.catalogue import a_draft, offers_of, reimbursed, says
from tests.support.sites import Site

EVERYTHING: Json = {
    "kind": "event_ticket",
    "name_zh": "越剧专场",
    "name_en": "An evening of Yue opera",
    "description_zh": "前排座位。\n请提前入场。",
    "description_en": "Front row.\nBe early.",
    "points": 300,
    "limits": [{"period": "month", "count": 1}, {"period": "ever", "count": 3}],
    "stars_min": 2,
    "minutes_min": 6000,
    "region_codes": ["330282"],
    "age_min": 14,
    "age_max": 80,
    "fulfilment": "pick_up",
    "voucher_days": 7,
    "voucher_until": "2026-04-30",
    "final_sale": True,
}
TIMES: Json = {"starts_at": "2026-03-05T09:00:00+08:00", "ends_at": "2026-04-01T00:00:00+08:00"}


async def test_an_offer_is_shown_as_it_was_drafted(site: Site) -> None:
    """Every field comes back, times in UTC; it is a first version that nobody has taken any of."""
    admin = an_admin(site)
    body = reimbursed(site) | EVERYTHING | TIMES
    made = await admin.post(offers_of(site), body | {"stock": 50}, 201)
    shown = await admin.get(f"/v1/offers/{made['id']}")
    assert shown == made
    told = body | {"starts_at": "2026-03-05T01:00:00Z", "ends_at": "2026-03-31T16:00:00Z"}
    assert {name: shown[name] for name in told} == told
    assert (shown["state"], shown["version"], shown["revision"]) == ("draft", 1, 1)
    assert shown["stock"] == {"total": 50, "taken": 0}
    assert (shown["merchant"], shown["created_by"]) == ("商户 0", format_id("usr", admin.subject))


async def test_what_is_left_out_lets_everybody_in(site: Site) -> None:
    """A short body is an offer without gates, limits, dates or end of stock, with a voucher of thirty days."""
    made = await a_draft(site)
    assert (made["stock"]["total"], made["limits"], made["region_codes"], made["fund_ids"]) == (None, [], [], [])
    assert (made["stars_min"], made["minutes_min"], made["age_min"], made["age_max"]) == (0, 0, None, None)
    assert (made["voucher_days"], made["fulfilment"], made["final_sale"]) == (30, "voucher", False)


@pytest.mark.parametrize(
    "changed, pointer",
    [
        ({"age_min": 60, "age_max": 18}, "/age_max"),
        ({"starts_at": TIMES["ends_at"], "ends_at": TIMES["starts_at"]}, "/ends_at"),
        ({"starts_at": TIMES["starts_at"], "ends_at": TIMES["starts_at"]}, "/ends_at"),
        ({"starts_at": TIMES["starts_at"], "voucher_until": "2026-03-01"}, "/voucher_until"),
        ({"funding": "FUND_REIMBURSED", "face_value_fen": 500}, "/fund_ids"),
        ({"funding": "FUND_REIMBURSED", "fund_ids": ["fun_" + "0" * 32]}, "/face_value_fen"),
        ({"fund_ids": ["fun_" + "0" * 32]}, "/funding"),
        ({"funding": "DISCOUNT", "face_value_fen": 1}, "/funding"),
        ({"limits": [{"period": "day", "count": 1}, {"period": "day", "count": 2}]}, "/limits"),
        ({"limits": [{"period": "week", "count": 1}]}, "/limits/0/period"),
        ({"limits": [{"period": "day", "count": 0}]}, "/limits/0/count"),
        ({"points": 0}, "/points"),
        ({"points": -5}, "/points"),
        ({"points": 1.5}, "/points"),
        ({"face_value_fen": -1}, "/face_value_fen"),
        ({"stock": -1}, "/stock"),
        ({"stars_min": 6}, "/stars_min"),
        ({"minutes_min": -1}, "/minutes_min"),
        ({"age_min": -1}, "/age_min"),
        ({"voucher_days": 367}, "/voucher_days"),
        ({"voucher_until": "2026-02-30"}, "/voucher_until"),
        ({"voucher_until": 1_772_000_000}, "/voucher_until"),
        ({"starts_at": "2026-03-05T09:00:00"}, "/starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+08:00"}, "/starts_at"),
        ({"ends_at": "9999-12-31T23:59:59-08:00"}, "/ends_at"),
        ({"region_codes": ["慈溪"]}, "/region_codes/0"),
        ({"fund_ids": ["fun_1"]}, "/fund_ids/0"),
        ({"kind": "voucher"}, "/kind"),
        ({"funding": "donated"}, "/funding"),
        ({"name_zh": ""}, "/name_zh"),
        ({"name_en": "a\nb"}, "/name_en"),
        ({"description_zh": "a\u0000b"}, "/description_zh"),
        ({"description_en": "x" * 2001}, "/description_en"),
        ({"state": "published"}, "/state"),
    ],
)
async def test_a_field_that_cannot_be_is_pointed_to(site: Site, changed: Json, pointer: str) -> None:
    """400 with the field's pointer; nothing is drafted."""
    refused = await an_admin(site).post(offers_of(site), says(**changed), 400)
    assert refused["code"] == "PARAM_ERROR"
    assert pointer in [error["pointer"] for error in refused["errors"]]
    assert (await an_admin(site).get("/v1/offers"))["offers"] == []


async def test_funds_and_regions_must_exist(site: Site) -> None:
    """404 that names which one, when drafting and when editing."""
    admin = an_admin(site)
    nowhere = reimbursed(site) | {"fund_ids": ["fun_" + "1" * 32]}
    refused = await admin.post(offers_of(site), nowhere, 404)
    assert (refused["code"], refused["figures"]) == ("NOT_FOUND", {"fund_id": "fun_" + "1" * 32})
    elsewhere = says(region_codes=["330282", "310101"])
    refused = await admin.post(offers_of(site), elsewhere, 404)
    assert refused["figures"] == {"region_code": "310101"}
    offer = (await a_draft(site))["id"]
    await admin.send("PUT", f"/v1/offers/{offer}", elsewhere, 404, If_Match='"1"')
    assert (await admin.get(f"/v1/offers/{offer}"))["version"] == 1
