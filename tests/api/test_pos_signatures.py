"""The till contract over HTTP, "Who is calling": every verb asks, nobody learns why a signature was refused."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from app.core.ids import TerminalId, format_terminal
from app.store.database import Database
from tests.support.calls import an_admin
from tests.support.catalogue import a_published, order, run_sql
from tests.support.city_rows import named
from tests.support.clocks import Clock
from tests.support.ledgers import fetch_tables
from tests.support.sites import JSON, POS, Site, a_site
from tests.support.till_calls import (
    a_second_till,
    call,
    lasting,
    paid,
    query_refund,
    refund,
    refused,
    reverse,
    see_voucher,
    told,
    use_voucher,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that a till may send."""

    method: str
    target: str
    body: bytes = b""


VERBS = {
    "redeem": Asked("POST", POS, b'{"out_trade_no":"N-1","auth_code":"960000000000000000","points":1}'),
    "query": Asked("GET", f"{POS}/A-1"),
    "reverse": Asked("POST", f"{POS}/A-1/reverse"),
    "refund": Asked("POST", f"{POS}/A-1/refunds", b'{"out_refund_no":"R-1","points":1}'),
    "query refund": Asked("GET", f"{POS}/A-1/refunds/R-1"),
    "voucher": Asked("GET", "/v1/pos/vouchers/97000000000000000000"),
    "use": Asked("POST", "/v1/pos/vouchers/97000000000000000000/use", b'{"use_request_no":"U-1"}'),
    "return": Asked("POST", "/v1/pos/vouchers/97000000000000000000/return", b'{"return_request_no":"U-1"}'),
    "totals": Asked("GET", "/v1/pos/totals?date=2026-03-02"),
    "bill": Asked("GET", "/v1/pos/bills/2026-03-02"),
}
ALL = pytest.mark.parametrize("asked", VERBS.values(), ids=VERBS.keys())


async def _send(site: Site, asked: Asked, headers: dict[str, str]) -> httpx.Response:
    return await site.client.request(asked.method, asked.target, content=asked.body, headers={**JSON, **headers})


def _forms(answer: httpx.Response) -> tuple[object, ...]:
    """All that a caller sees of a refusal, but what is another at each call."""
    varying = {"request-id", "date"}
    headers = {name: value for name, value in answer.headers.items() if name not in varying}
    return answer.status_code, lasting(answer.json()), headers


async def _four_causes(site: Site, asked: Asked) -> dict[str, httpx.Response]:
    """A call under a wrong secret, of a terminal nobody knows, of a disabled one, at a wrong time."""
    off = await a_second_till(site)
    await run_sql(site, f"UPDATE terminals SET disabled_at = created_at WHERE id = '{off.terminal}'")
    unknown = replace(site.city.tills[0], terminal=TerminalId(named("nobody's terminal")))
    signed = (asked.method, asked.target, asked.body)
    return {
        "wrong secret": await _send(site, asked, site.signed(*signed, secret=b"wrong")),
        "unknown": await _send(site, asked, site.signed(*signed, till=unknown)),
        "disabled": await _send(site, asked, site.signed(*signed, till=off)),
        "stale": await _send(site, asked, site.signed(*signed, skew_s=-301)),
        "early": await _send(site, asked, site.signed(*signed, skew_s=301)),
        "no header": await _send(site, asked, {}),
        "another scheme": await _send(site, asked, {"Authorization": "Bearer x"}),
        "another's programme": await _send(
            site,
            asked,
            {
                "Authorization": site.signed(*signed)["Authorization"].replace(
                    format_terminal(site.city.programme, site.city.tills[0].terminal),
                    format_terminal(type(site.city.programme)("nowhere"), site.city.tills[0].terminal),
                )
            },
        ),
    }


@ALL
async def test_the_causes_cannot_be_told_apart(site: Site, asked: Asked) -> None:
    """401 SIGN_ERROR in the same words and headers for each cause, nothing changes; signed well it is answered."""
    await paid(site, "A-1", 10)
    before = await fetch_tables(site.database, {"terminals", "stores"})
    answers = await _four_causes(site, asked)
    for cause, answer in answers.items():
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR"), cause
        assert _forms(answer) == _forms(answers["wrong secret"]), cause
    assert await fetch_tables(site.database, {"terminals", "stores"}) == before
    good = await _send(site, asked, site.signed(asked.method, asked.target, asked.body))
    assert good.status_code in {200, 201, 404, 409}


@ALL
async def test_every_part_that_was_sent_is_signed(site: Site, asked: Asked) -> None:
    """Method, path, query, body, time and nonce: changed on the way, each is 401 SIGN_ERROR."""
    await paid(site, "A-1", 10)
    signed = site.signed(asked.method, asked.target, asked.body)
    authorization = signed["Authorization"]
    more = "&" if "?" in asked.target else "?"
    [timestamp] = re.findall('timestamp="([0-9]+)"', authorization)
    changed = (
        (replace(asked, target=f"{asked.target}{more}x=1"), authorization),
        (replace(asked, body=asked.body + b" "), authorization),
        (asked, authorization.replace(timestamp, str(int(timestamp) + 1))),
        (asked, re.sub('nonce="[^"]', 'nonce="-', authorization)),
        (asked, site.signed("PUT", asked.target, asked.body)["Authorization"]),
        (asked, site.signed(asked.method, asked.target + "0", asked.body)["Authorization"]),
    )
    for sent, header in changed:
        refused(await _send(site, sent, {"Authorization": header}), 401, "SIGN_ERROR")


async def test_the_signature_is_checked_before_the_shape(site: Site) -> None:
    """A caller who is not known learns nothing of what a good body or number would be."""
    wrong = (
        Asked("POST", POS, b"{"),
        Asked("POST", f"{POS}/A.1/reverse"),
        Asked("POST", f"{POS}/A-1/refunds", b"[]"),
        Asked("GET", "/v1/pos/bills/yesterday"),
        Asked("POST", "/v1/pos/vouchers/-/use", b"{}"),
    )
    for asked in wrong:
        signed = site.signed(asked.method, asked.target, asked.body, secret=b"wrong")
        refused(await _send(site, asked, signed), 401, "SIGN_ERROR")


async def test_a_request_caught_and_sent_again_is_harmless(site: Site) -> None:
    """The very bytes again, headers and all: the same answers as replays, and nothing moves."""
    code = (await order(site, (await a_published(site))["id"]))["voucher"]["code"]
    shown = await site.pay_code()
    caught = (
        Asked("POST", POS, b'{"out_trade_no":"A-1","auth_code":"%s","points":50}' % shown.encode()),
        Asked("POST", f"{POS}/A-1/refunds", b'{"out_refund_no":"R-1","points":20}'),
        Asked("POST", f"/v1/pos/vouchers/{code}/use", b'{"use_request_no":"U-1"}'),
        Asked("POST", f"{POS}/A-9/reverse"),
    )
    sent = [(asked, site.signed(asked.method, asked.target, asked.body)) for asked in caught]
    first = [await _send(site, *request) for request in sent]
    before = await fetch_tables(site.database, {"terminals"})
    again = [await _send(site, *request) for request in sent]
    assert [answer.status_code for answer in first] == [201, 201, 200, 200]
    assert [(answer.status_code, answer.text) for answer in again] == [(a.status_code, a.text) for a in first]
    assert all(answer.headers["Idempotency-Replayed"] == "true" for answer in again)
    assert await fetch_tables(site.database, {"terminals"}) == before


@ALL
async def test_a_disabled_till_is_refused_at_once(site: Site, asked: Asked) -> None:
    """Disabled by its merchant, its very next call is 401, reads too, although it has just been answered."""
    await paid(site, "A-1", 10)
    told(await site.query("A-1"), 200)
    terminal = format_terminal(site.city.programme, site.city.tills[0].terminal)
    await an_admin(site).post(f"/v1/terminals/{terminal}/disable")
    before = await fetch_tables(site.database, {"terminals"})
    answer = await _send(site, asked, site.signed(asked.method, asked.target, asked.body))
    refused(answer, 401, "SIGN_ERROR")
    assert await fetch_tables(site.database, {"terminals"}) == before


async def test_an_old_secret_is_over_when_its_time_is(site: Site) -> None:
    """Rotated without overlap, the old secret signs nothing more, although it has just signed well."""
    await paid(site, "A-1", 10)
    terminal = format_terminal(site.city.programme, site.city.tills[0].terminal)
    rotated = await an_admin(site).post(f"/v1/terminals/{terminal}/rotate", {"overlap_s": 0})
    refused(await site.query("A-1"), 401, "SIGN_ERROR")
    told(await site.query("A-1", secret=rotated["secret"].encode()), 200)


@pytest.fixture
async def asking(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A site whose volunteers must confirm more than 100 points."""
    async with a_site(database, clock, tmp_path, confirm_points=100) as running:
        yield running


async def test_every_answer_has_a_date_and_a_request_id(asking: Site) -> None:
    """201, 200, 202, 400, 401, 403, 404, 405, 409, 415, 413: `Date` by our clock, a `Request-Id` of its own."""
    site = asking
    site.clock.move(timedelta(hours=5, seconds=7))
    code = (await order(site, (await a_published(site))["id"]))["voucher"]["code"]
    big = b'{"out_trade_no":"' + b"A" * 70_000 + b'"}'
    answers = [
        await site.redeem("A-1", await site.pay_code(), 10),
        await site.redeem("A-2", await site.pay_code(), 101),
        await site.redeem("A-1", await site.pay_code(), 11),
        await site.redeem("A-3", await site.pay_code(), 0),
        await site.redeem("A-4", await site.pay_code(), 1, secret=b"wrong"),
        await refund(site, "A-1", "R-1", 5),
        await query_refund(site, "A-1", "R-1"),
        await query_refund(site, "A-1", "R-2"),
        await see_voucher(site, code),
        await use_voucher(site, code, "U-1"),
        await reverse(site, "A-2"),
        await call(site, "GET", "/v1/pos/totals"),
        await call(site, "GET", "/v1/pos/bills/2026-03-02"),
        await call(site, "DELETE", POS),
        await call(site, "GET", "/v1/pos/nothing"),
        await site.send(b"points=1", headers={"Content-Type": "text/plain"}),
        await site.send(big),
    ]
    await run_sql(site, "UPDATE merchants SET status = 'suspended'")
    answers.append(await site.redeem("A-5", await site.pay_code(), 1))
    assert {answer.status_code for answer in answers} == {200, 201, 202, 400, 401, 403, 404, 405, 409, 413, 415}
    for answer in answers:
        assert parsedate_to_datetime(answer.headers["Date"]) == site.clock.now
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["Request-Id"])
        if answer.is_error:
            assert answer.json()["request_id"] == answer.headers["Request-Id"]
    assert len({answer.headers["Request-Id"] for answer in answers}) == len(answers)


async def test_a_request_id_of_the_till_is_kept(site: Site) -> None:
    """What the till sends in `Request-Id` comes back, so that both logs can be laid side by side."""
    headers = site.signed("GET", f"{POS}/A-1") | {"Request-Id": "till-7.42"}
    answer = await site.client.get(f"{POS}/A-1", headers=headers)
    assert (answer.headers["Request-Id"], answer.json()["request_id"]) == ("till-7.42", "till-7.42")
