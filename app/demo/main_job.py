"""The main job: hours in, points out, a till redeems, the ledger proves it."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx

from app.demo.client import Person
from app.demo.staff import act_as, enter
from app.demo.steps import Steps, equal, expect, expect_answer, expect_refusal
from app.till.client import Answered, Till


def log_in(client: httpx.Client, described: dict[str, Any], name: str) -> Person:
    """One of the users of a programme, logged in with the password."""
    who = described[name]
    body = {"programme": described["programme"], "username": who["username"], "password": who["password"]}
    return Person(client, expect(client.post("/v1/auth/tokens", json=body), 200)["access_token"])


def _earn(organiser: Person, admin: Person, volunteer_id: str) -> dict[str, Any]:
    """Hours in: entered by one person, verified by another."""
    team = expect(admin.get("/v1/teams?limit=200"), 200)["teams"][-1]["id"]
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=205)
    record = enter(organiser, volunteer_id, team, began, 200)
    refused = organiser.post(f"/v1/service-records/{record}/verify")
    equal(expect(refused, 409)["code"], "SELF_REVIEW", "verifying one's own entry")
    verified: dict[str, Any] = expect(admin.post(f"/v1/service-records/{record}/verify"), 200)
    equal(verified["points"], 40, "3 h 20 min x 10 points an hour x 1.2")
    return verified


def run_main_job(client: httpx.Client, described: dict[str, Any], steps: Steps) -> None:
    """Walk the main job."""
    admin = log_in(client, described, "admin")
    organiser = log_in(client, described, "organiser")
    auditor = log_in(client, described, "auditor")
    steps.done("administrator, organiser and auditor have logged in")
    made = expect(organiser.post("/v1/volunteers", {"name": "张三丰", "region_code": "330282004"}), 201)
    steps.done(f"volunteer registered: {made['masked_name']} is known as {made['id']}")
    verified = _earn(organiser, admin, made["id"])
    points, policy = verified["points"], verified["policy_version"]
    steps.done(f"200 minutes entered by one, verified by another: {points} points by policy {policy}")
    volunteer = act_as(client, admin, made["id"])
    wallet = expect(volunteer.get("/v1/me/wallet"), 200)
    equal((wallet["available"], wallet["minutes"]), (40, 200), "the wallet")
    steps.done(f"the volunteer sees {wallet['available']} points, valid until {wallet['lots'][0]['expires_on']}")
    given = described["terminals"][0]
    till = Till(client, given["terminal"], given["secret"])
    redeemed = _redeem(till, volunteer, steps)
    who, fen = redeemed["volunteer"]["masked_name"], redeemed["settlement_fen"]
    steps.done(f"the till took {redeemed['points']} points from {who}, worth {fen} fen")
    _refusals(client, till, volunteer, given, steps)
    _prove(auditor, redeemed, given["merchant_id"], steps)
    wallet = expect(volunteer.get("/v1/me/wallet"), 200)
    equal((wallet["available"], wallet["minutes"]), (10, 200), "the wallet afterwards")
    lines = expect(volunteer.get("/v1/me/statement"), 200)["lines"]
    equal([line["points"] for line in lines], [-30, 40], "the statement")
    steps.done("10 points left, 200 minutes untouched; the statement tells both events")


def _redeem(till: Till, volunteer: Person, steps: Steps) -> dict[str, Any]:
    """Points out: a pay code, a redemption, its repetition, its query."""
    code = expect(volunteer.post("/v1/me/pay-code"), 200)["code"]
    steps.done(f"pay code {code[:4]} **** **** **** shown, for 60 seconds")
    first = till.redeem("CHECK-1", code, 30)
    redeemed = expect_answer(first, 201)
    again = till.redeem("CHECK-1", code, 30)
    equal(again, Answered(201, redeemed, replayed=True), "the same order again")
    equal(expect_answer(till.query("CHECK-1"), 200), redeemed, "the query")
    equal((redeemed["state"], redeemed["settlement_fen"]), ("SUCCESS", 90), "the redemption")
    return redeemed


def _refusals(client: httpx.Client, till: Till, volunteer: Person, given: dict[str, Any], steps: Steps) -> None:
    code = expect(volunteer.post("/v1/me/pay-code"), 200)["code"]
    expect_refusal(till.redeem("CHECK-1", code, 31), 409, "OUT_TRADE_NO_USED")
    refused = expect_refusal(till.redeem("CHECK-2", code, 11), 409, "NOT_ENOUGH")
    steps.done(f"a used number and too many points are refused: {refused.detail}")
    expect_refusal(till.query("CHECK-9"), 404, "ORDER_NOT_EXIST")
    wrong = Till(client, given["terminal"], "not the secret")
    expect_refusal(wrong.redeem("CHECK-3", code, 1), 401, "SIGN_ERROR")
    steps.done("an unknown number is told as such, a wrong signature is refused")


def _prove(auditor: Person, redeemed: dict[str, Any], merchant: str, steps: Steps) -> None:
    transaction = expect(auditor.get(f"/v1/ledger/transactions/{redeemed['transaction_id']}"), 200)
    leaf = sha256(b"\x00" + transaction["canonical"].encode()).hexdigest()
    equal(leaf, redeemed["receipt"]["leaf_hash"], "the leaf hash on the receipt")
    steps.done(f"the auditor recomputes the receipt of transaction {transaction['seq']}: {leaf[:16]}…")
    path = f"payable.{merchant}"
    now = expect(auditor.get(f"/v1/ledger/accounts/{path}"), 200)["balance"]
    before = expect(auditor.get(f"/v1/ledger/accounts/{path}?as_of_seq={transaction['seq'] - 1}"), 200)["balance"]
    equal(now - before, redeemed["settlement_fen"], "what the merchant is owed")
    steps.done(f"the merchant is owed {now} fen, {before} fen before this redemption")
