"""The vendor's client: what is signed is what is sent, and no answer is read as more certain than it is.

That it signs as the golden vectors say is in `tests/conformance`.
"""

import json
from email.utils import formatdate
from hashlib import sha256
from typing import Any

import httpx
import pytest

from app.till.client import Answered, Bill, Refused, Till, Unknown, open_till, sign
from tests.support.scripted_service import SALE, START_S, a_redemption, a_service, refuses, says

BODY = {"out_trade_no": SALE, "auth_code": "961234567890123456", "points": 12}


def test_what_is_signed_is_what_is_sent() -> None:
    """Path, query and body are signed as they go over the wire, also with signs that a URL must escape."""
    service = a_service(query=says(200, a_redemption()))
    service.till().query("A|1*_-")
    [request] = service.requests
    assert request.url.raw_path == b"/v1/pos/redemptions/A%7C1%2A_-"
    header = request.headers["Authorization"]
    nonce = header.split('nonce="')[1].split('"')[0]
    assert header == sign(
        terminal="ter_cixi_0190c6f0a1b27c3d8e9f00112233aabb",
        secret=b"the secret of a till in a test",
        method="GET",
        target="/v1/pos/redemptions/A%7C1%2A_-",
        body=b"",
        timestamp=int(START_S),
        nonce=nonce,
    )


@pytest.mark.parametrize(
    "answer, outcome",
    [
        (says(201, a_redemption()), Answered(201, a_redemption())),
        (says(201, a_redemption(), Idempotency_Replayed="true"), Answered(201, a_redemption(), replayed=True)),
        (
            refuses(409, "NOT_ENOUGH"),
            Refused(409, "NOT_ENOUGH", "中文", {}, title="English", remedy="办法", request_id="r-1"),
        ),
        (refuses(503, "SYSTEM_BUSY", Retry_After="3"), Unknown("503 SYSTEM_BUSY", busy=True, retry_after_s=3)),
        (refuses(500, "SYSTEM_ERROR"), Unknown("500 SYSTEM_ERROR")),
        (httpx.Response(502, text="<html>Bad gateway</html>"), Unknown("502")),
        (httpx.Response(404, text="<html>Not found</html>"), Unknown("404")),
        (httpx.Response(429, json=["slow down"]), Unknown("429")),
        (httpx.Response(200, text="<html>Log in to the hotel's network</html>"), Unknown("200")),
        (httpx.Response(302, headers={"Location": "/elsewhere"}), Unknown("302")),
        (httpx.ReadTimeout, Unknown("ReadTimeout: nothing came")),
        (httpx.RemoteProtocolError, Unknown("RemoteProtocolError: nothing came")),
    ],
)
def test_only_the_services_own_words_are_certain(answer: httpx.Response, outcome: object) -> None:
    """Certain is a success with a body, or a refusal with a code; a time-out, a 5xx or a proxy's page is not."""
    assert a_service(redeem=answer).till().redeem(SALE, "961234567890123456", 12) == outcome


def test_a_clock_that_is_off_is_corrected() -> None:
    """A refused signature whose Date shows another time is signed anew: the same body, once; then it stays right."""
    service = a_service(redeem=[], query=says(200, a_redemption()))
    skewed = refuses(401, "SIGN_ERROR", Date=service.date(ahead_s=900))
    service.lines["redeem"] = [skewed, says(201, a_redemption())]
    till = service.till()
    assert isinstance(till.redeem(SALE, "961234567890123456", 12), Answered)
    assert service.verbs() == ["redeem", "redeem"]
    assert service.bodies("redeem") == [BODY, BODY]
    till.query(SALE)
    stamps = [request.headers["Authorization"].split('timestamp="')[1][:10] for request in service.requests]
    assert stamps == [str(int(START_S)), str(int(START_S) + 900), str(int(START_S) + 900)]


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Wed, 99 Nov 2026 01:00:00 GMT", formatdate(START_S + 20, usegmt=True)]
)
def test_a_wrong_secret_is_told_at_once(date: str) -> None:
    """Where the Date cannot be the reason, a refused signature is the answer."""
    service = a_service(redeem=refuses(401, "SIGN_ERROR", Date=date))
    outcome = service.till().redeem(SALE, "961234567890123456", 12)
    assert isinstance(outcome, Refused)
    assert outcome.code == "SIGN_ERROR"
    assert len(service.calls) == 1


def test_a_wrong_secret_and_a_wrong_clock() -> None:
    """It is tried under the corrected time once, not for ever."""
    service = a_service(redeem=[])
    service.lines["redeem"] = [refuses(401, "SIGN_ERROR", Date=service.date(900))]
    assert isinstance(service.till().redeem(SALE, "961234567890123456", 12), Refused)
    assert len(service.calls) == 2


def test_every_verb_is_where_the_contract_has_it() -> None:
    """Method, path and body of each verb."""
    sent: list[tuple[str, str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.method, request.url.raw_path.decode(), json.loads(request.content or b"null")))
        return httpx.Response(200, json={"state": "SUCCESS"})

    till = Till(httpx.Client(base_url="http://service", transport=httpx.MockTransport(answer)), "ter_1", "secret")
    till.redeem("A", "96", offer_id="off_1", quantity=2, operator_id="op-7")
    till.reverse("A")
    till.refund("A", "R", 5, "退货")
    till.get_refund("A", "R")
    till.voucher("97")
    till.use_voucher("97", "V", "op-7")
    till.return_voucher("97", "B", "坏了")
    till.totals("2026-11-24", "ter_1")
    redeemed = {"out_trade_no": "A", "auth_code": "96", "offer_id": "off_1", "quantity": 2, "operator_id": "op-7"}
    assert sent == [
        ("POST", "/v1/pos/redemptions", redeemed),
        ("POST", "/v1/pos/redemptions/A/reverse", None),
        ("POST", "/v1/pos/redemptions/A/refunds", {"out_refund_no": "R", "points": 5, "reason": "退货"}),
        ("GET", "/v1/pos/redemptions/A/refunds/R", None),
        ("GET", "/v1/pos/vouchers/97", None),
        ("POST", "/v1/pos/vouchers/97/use", {"use_request_no": "V", "operator_id": "op-7"}),
        ("POST", "/v1/pos/vouchers/97/return", {"return_request_no": "B", "reason": "坏了"}),
        ("GET", "/v1/pos/totals?date=2026-11-24&terminal=ter_1", None),
    ]


def test_a_bill_is_checked() -> None:
    """The bill is what its SHA-256 says, or nobody knows what it is."""
    content = "\ufeffseq\r\n1\r\n".encode()
    digest = sha256(content).hexdigest()
    good = httpx.Response(200, content=content, headers={"Bill-SHA256": digest, "Bill-State": "closed"})
    torn = httpx.Response(200, content=content[:-3], headers={"Bill-SHA256": digest})
    till = a_service(bills=[good, torn, refuses(400, "PARAM_ERROR")]).till()
    assert till.bill("2026-11-24") == Bill(content, digest, "closed")
    assert isinstance(till.bill("2026-11-24"), Unknown)
    assert isinstance(till.bill("2199-01-01"), Refused)


def test_nobody_listens() -> None:
    """A service that is not there is an unknown outcome too, over a real connection."""
    with open_till("http://127.0.0.1:9", "ter_1", "secret", connect_s=1, read_s=1) as till:
        outcome = till.redeem(SALE, "961234567890123456", 12)
    assert isinstance(outcome, Unknown)
    assert outcome.why.startswith("ConnectError")
