"""The till contract: a confirmation, a reversal of an unknown number, an order, a voucher race, the bill."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from app.demo.client import Person
from app.demo.main_job import log_in
from app.demo.steps import CheckFailed, Steps, equal, expect, expect_answer, expect_refusal
from app.till.client import Answered, Bill, Till

_ZONE = ZoneInfo("Asia/Shanghai")
_RACERS = 10


def run_contract_job(client: httpx.Client, described: dict[str, Any], steps: Steps) -> None:
    """Walk the till contract."""
    given = described["terminals"][0]
    till = Till(client, given["terminal"], given["secret"])
    volunteer = _rich_volunteer(client, described)
    _confirm(till, volunteer, steps)
    _reverse_unknown(till, volunteer, steps)
    admin = log_in(client, described, "admin")
    offer = _publish(admin, given["merchant_id"], steps)
    code = _order(volunteer, offer, steps)
    tills = [
        Till(client, other["terminal"], other["secret"])
        for other in described["terminals"]
        if other["merchant_id"] == given["merchant_id"]
    ]
    _race(tills, code, steps)
    _add_up(till, log_in(client, described, "auditor"), given["merchant_id"], steps)


def _rich_volunteer(client: httpx.Client, described: dict[str, Any]) -> Person:
    richest = max(described["volunteers"], key=lambda person: person["points"])
    return Person(client, richest["access_token"])


def _code(volunteer: Person) -> str:
    return str(expect(volunteer.post("/v1/me/pay-code"), 200)["code"])


def _confirm(till: Till, volunteer: Person, steps: Steps) -> None:
    """The same amount twice within a minute: the second waits for the volunteer."""
    expect_answer(till.redeem("CHECK-20", _code(volunteer), 7), 201)
    waits = expect_answer(till.redeem("CHECK-21", _code(volunteer), 7), 202)
    equal(waits["state"], "AWAITING_CONFIRMATION", "the second scan of the same amount")
    listed = expect(volunteer.get("/v1/me/redemptions?state=AWAITING_CONFIRMATION"), 200)["redemptions"]
    equal([row["id"] for row in listed], [waits["id"]], "what the mini-program asks about")
    equal(expect(volunteer.get("/v1/me/wallet"), 200)["held"], 7, "what is held")
    steps.done("the same amount again within a minute waits for the volunteer, its points are held")
    confirmed = expect(volunteer.post(f"/v1/me/redemptions/{waits['id']}/confirm"), 200)
    equal(confirmed["state"], "SUCCESS", "the confirmation")
    equal(expect_answer(till.query("CHECK-21"), 200)["state"], "SUCCESS", "the till's query")
    steps.done("the volunteer confirms, the till's query says SUCCESS")


def _reverse_unknown(till: Till, volunteer: Person, steps: Steps) -> None:
    """A till that lost its answer reverses; the original arrives late and is refused."""
    reversed_ = expect_answer(till.reverse("CHECK-22"), 200)
    equal((reversed_["state"], reversed_["redemption"]), ("REVERSED", None), "reversing an unknown number")
    expect_refusal(till.redeem("CHECK-22", _code(volunteer), 5), 409, "ORDER_REVERSED")
    equal(expect_answer(till.reverse("CHECK-22"), 200), reversed_, "reversing it again")
    steps.done("an unknown number is reversed; its redemption arrives late and is refused")


def _publish(admin: Person, merchant: str, steps: Steps) -> str:
    """An offer is drafted and published."""
    offer = expect(
        admin.post(
            f"/v1/merchants/{merchant}/offers",
            {
                "kind": "goods",
                "name_zh": "手冲咖啡一杯",
                "name_en": "A cup of coffee",
                "points": 12,
                "funding": "MERCHANT_DONATED",
                "limits": [{"period": "month", "count": 2}],
                "fulfilment": "voucher",
                "voucher_days": 30,
                "stock": 20,
            },
        ),
        201,
    )
    published = expect(admin.post(f"/v1/offers/{offer['id']}/publish"), 200)
    steps.done(f"offer published: {published['name_zh']} for {published['points']} points, twice a month")
    return str(offer["id"])


def _order(volunteer: Person, offer: str, steps: Steps) -> str:
    """Ordered in the mini-program: points and stock are set aside, a voucher is shown."""
    shown = expect(volunteer.get(f"/v1/me/offers/{offer}"), 200)
    equal((shown["available"], shown["obstacles"]), (True, []), "the offer for this volunteer")
    order = expect(volunteer.post("/v1/me/orders", {"offer_id": offer, "quantity": 2}), 201)
    equal((order["state"], order["points"]), ("EFFECTIVE", 24), "the order")
    equal(expect(volunteer.get("/v1/me/wallet"), 200)["held"], 24, "what is held")
    why = expect(volunteer.get(f"/v1/me/offers/{offer}"), 200)["obstacles"]
    equal([row["code"] for row in why], ["QUOTA_EXCEEDED"], "why not a third")
    steps.done(f"two are ordered, a voucher is shown; a third is refused: {why[0]['detail']}")
    return str(order["voucher"]["code"])


def _race(tills: list[Till], code: str, steps: Steps) -> None:
    """Many tills at once: one writes the voucher off, the others learn when and where."""
    numbers = [f"CHECK-V{number}" for number in range(_RACERS)]
    equal(expect_answer(tills[0].voucher(code), 200)["state"], "EFFECTIVE", "the voucher at the till")
    with ThreadPoolExecutor(_RACERS) as pool:
        answers = list(pool.map(lambda number: tills[hash(number) % len(tills)].use_voucher(code, number), numbers))
    won = [answer for answer in answers if isinstance(answer, Answered)]
    equal(len(won), 1, "tills that wrote the voucher off")
    for answer in answers:
        if answer is not won[0]:
            figures = expect_refusal(answer, 409, "ALREADY_USED").figures
            equal(figures["store_id"], won[0].body["used_store_id"], "where a loser is told it was used")
    steps.done(f"{_RACERS} tills use it at once: one succeeds, {_RACERS - 1} learn time and store")


def _add_up(till: Till, auditor: Person, merchant: str, steps: Steps) -> None:
    """The day's bill adds up with the ledger, to the fen."""
    today = datetime.now(UTC).astimezone(_ZONE).date()
    bill = till.bill(today.isoformat())
    if not isinstance(bill, Bill):
        raise CheckFailed(f"the bill: {bill}")
    lines = [row for row in csv.DictReader(io.StringIO(bill.content.decode("utf-8-sig"))) if row.get("seq 序号")]
    for column, account in (("points 积分", "redeemed"), ("settlement_fen 结算金额(分)", "payable")):
        held = expect(auditor.get(f"/v1/ledger/accounts/{account}.{merchant}"), 200)["balance"]
        equal(sum(int(row[column]) for row in lines), held, f"the bill's {column}")
    steps.done(f"the day's bill of {len(lines)} lines adds up with the ledger, points and fen")
