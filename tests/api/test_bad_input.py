"""Bad input of every kind gets a 4xx with a code, and changes nothing."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from app.security.actors import ActorKind
from tests.support.sites import POS, Site

GOOD: dict[str, Any] = {"out_trade_no": "A-1", "auth_code": "961234567890123456", "points": 10}

WRONG_BODIES = {
    "empty": b"",
    "not json": b"points=10",
    "cut off": json.dumps(GOOD).encode()[:-1],
    "null": b"null",
    "a list": b"[]",
    "a number": b"1",
    "broken utf-8": b'{"out_trade_no":"\xff\xfe","auth_code":"9","points":1}',
    "lone surrogate": b'{"out_trade_no":"A-1","auth_code":"\\ud800","points":1}',
    "nan": b'{"out_trade_no":"A-1","auth_code":"9","points":NaN}',
    "deep": b'{"order":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "points as text": json.dumps({**GOOD, "points": "10"}).encode(),
    "points as float": json.dumps({**GOOD, "points": 10.0}).encode(),
    "points as bool": json.dumps({**GOOD, "points": True}).encode(),
    "points zero": json.dumps({**GOOD, "points": 0}).encode(),
    "points negative": json.dumps({**GOOD, "points": -1}).encode(),
    "points huge": json.dumps({**GOOD, "points": 10**30}).encode(),
    "points beyond digits": b'{"out_trade_no":"A-1","auth_code":"9","points":' + b"9" * 5000 + b"}",
    "points missing": json.dumps({"out_trade_no": "A-1", "auth_code": "9"}).encode(),
    "number too long": json.dumps({**GOOD, "out_trade_no": "A" * 33}).encode(),
    "number empty": json.dumps({**GOOD, "out_trade_no": ""}).encode(),
    "number with space": json.dumps({**GOOD, "out_trade_no": "A 1"}).encode(),
    "number with newline": json.dumps({**GOOD, "out_trade_no": "A-1\n"}).encode(),
    "number in full-width digits": json.dumps({**GOOD, "out_trade_no": "１２"}).encode(),
    "number as int": json.dumps({**GOOD, "out_trade_no": 1}).encode(),
    "code empty": json.dumps({**GOOD, "auth_code": ""}).encode(),
    "code too long": json.dumps({**GOOD, "auth_code": "9" * 65}).encode(),
    "unknown field": json.dumps({**GOOD, "volunteer_id": "vol_1"}).encode(),
    "order wrong": json.dumps({**GOOD, "order": {"total_fen": -1}}).encode(),
}


async def _everything(site: Site) -> list[object]:
    """What any change would change."""
    tables = ("transactions", "transfers", "answers", "redemptions", "volunteers", "funds", "users", "audit_rows")
    async with site.database.read() as reader:
        counts = [await reader.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]
        balances = await reader.scalar(text("SELECT sum(balance) FROM accounts"))
        head = await reader.scalar(text("SELECT next_seq FROM journal_heads"))
    return [*counts, balances, head]


@pytest.mark.parametrize("body", WRONG_BODIES.values(), ids=WRONG_BODIES.keys())
async def test_a_body_that_is_wrong_is_refused_and_nothing_changes(site: Site, body: bytes) -> None:
    """400 PARAM_ERROR with a problem document, although the signature is good."""
    before = await _everything(site)
    answer = await site.send(body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "PARAM_ERROR")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["errors"]
    assert all(set(error) == {"pointer", "detail"} for error in problem["errors"])
    assert problem["request_id"] == answer.headers["Request-Id"]
    assert await _everything(site) == before


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", ""]
)
async def test_only_json_is_taken(site: Site, media_type: str) -> None:
    """415 for anything that does not say it is JSON in UTF-8."""
    answer = await site.send(json.dumps(GOOD).encode(), headers={"Content-Type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("said", [True, False], ids=["length told", "chunked"])
async def test_a_body_of_ten_megabytes_is_refused(site: Site, *, said: bool) -> None:
    """413, by its Content-Length or once it has gone on too long; it is never held in memory."""

    async def chunks() -> Any:  # noqa: ANN401 - an asynchronous iterator of bytes
        for _ in range(160):
            yield b" " * 65_536

    body: Any = b" " * 10_485_760 if said else chunks()
    headers = site.signed("POST", POS, b"")
    answer = await site.client.post(POS, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


async def test_an_error_points_to_every_field_that_is_wrong(site: Site) -> None:
    """JSON pointers, also into nested objects."""
    answer = await site.send(json.dumps({**GOOD, "points": "x", "order": {"total_fen": "y"}, "z/~": 1}).encode())
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/points", "/order/total_fen", "/z~1~0"}


async def test_a_refusal_speaks_the_callers_language(site: Site) -> None:
    """Chinese unless English is preferred; the code is the same in both."""
    wanted = {
        "": "参数错误",
        "en": "The request",
        "en-GB, zh;q=0.5": "The request",
        "fr, zh-CN;q=0.8, en;q=0.3": "参数错误",
    }
    for language, begin in wanted.items():
        answer = await site.send(b"{}", headers={"Accept-Language": language})
        assert answer.json()["detail"].startswith(begin)
        assert answer.headers["Content-Language"] == ("en" if begin.startswith("The") else "zh-CN")


@pytest.mark.parametrize(
    "method, target, status",
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/pos/redemptions/", 404),
        ("DELETE", "/v1/pos/redemptions", 405),
        ("GET", "/v1/teams?limit=0", 400),
        ("GET", "/v1/teams?limit=1000000", 400),
        ("GET", "/v1/teams?after=x", 400),
        ("GET", "/v1/teams?parent=tea_1", 400),
        ("GET", "/v1/teams/tea_zz", 404),
        ("GET", "/v1/ledger/accounts/wallet.vol_1.x", 404),
        ("GET", "/v1/ledger/accounts/issuance?as_of_seq=-1", 400),
        ("GET", "/v1/ledger/accounts/issuance?effective_on=2026-02-30", 400),
        ("GET", "/v1/ledger/accounts/issuance?known_at=2026-02-01T00:00:00Z", 400),
        ("GET", "/v1/ledger/transactions?after=99999999999999999999", 400),
        ("GET", "/v1/volunteers?status=dead", 400),
        ("GET", "/v1/volunteers?external_id=%00&system=x", 400),
    ],
)
async def test_a_request_line_that_is_wrong_is_refused(site: Site, method: str, target: str, status: int) -> None:
    """With a problem document, whatever is wrong with it."""
    answer = await site.client.request(method, target, headers=await site.headers(ActorKind.ADMIN))
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "method, target, body",
    [
        ("POST", "/v1/auth/tokens", {"programme": "cixi", "username": "a\x00b", "password": "correct horse"}),
        ("GET", "/v1/audit-trail?actor=%00", None),
        ("GET", "/v1/audit-trail?action=a%00", None),
        ("GET", "/v1/audit-trail/export?format=csv&subject=%00", None),
    ],
)
async def test_text_that_no_database_keeps_is_refused(site: Site, method: str, target: str, body: object) -> None:
    """A zero byte is the caller's mistake, with a token or without: 400, never 500."""
    answer = await site.client.request(method, target, json=body, headers=await site.headers(ActorKind.ADMIN))
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


async def test_a_write_needs_a_proper_idempotency_key(site: Site) -> None:
    """Missing, empty, too long or odd keys are refused before anything is done."""
    headers = await site.headers(ActorKind.ADMIN)
    body = {"code": "yafei", "name": "亚飞", "sponsor": "x", "purpose": "y"}
    before = await _everything(site)
    for key in (None, "", "x" * 65, "a b", "键"):
        sent = {name: value for name, value in headers.items() if name != "Idempotency-Key"}
        if key is not None:
            sent["Idempotency-Key"] = key
        answer = await site.client.post(
            "/v1/funds", json=body, headers=[(name.encode(), value.encode()) for name, value in sent.items()]
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
    assert await _everything(site) == before


async def test_a_captured_request_sent_again_is_harmless(site: Site) -> None:
    """The very bytes again: a replay, no points; five minutes later a refusal."""
    body = json.dumps({"out_trade_no": "A-1", "auth_code": await site.pay_code(), "points": 10}).encode()
    headers = site.signed("POST", POS, body)
    first = await site.client.post(POS, content=body, headers=headers)
    before = await _everything(site)
    again = await site.client.post(POS, content=body, headers=headers)
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    assert await _everything(site) == before
