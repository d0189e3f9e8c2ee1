"""What tills and volunteers send to a site: every verb of the till contract, signed as it is sent."""

import json

import httpx

from tests.support.calls import Json
from tests.support.catalogue import ask, see
from tests.support.city_rows import Till
from tests.support.more_tills import more_tills
from tests.support.sites import POS, Site

VOUCHERS = "/v1/pos/vouchers"


async def call(
    site: Site, method: str, target: str, body: Json | None = None, *, till: Till | None = None, secret: bytes = b""
) -> httpx.Response:
    """A call of a till: of the first one, with the secret of all, unless told otherwise."""
    sent = b"" if body is None else json.dumps(body).encode()
    signing = {"secret": secret} if secret else {}
    headers = site.signed(method, target, sent, till=till, **signing)  # type: ignore[arg-type]  # only the secret
    return await site.client.request(method, target, content=sent, headers=headers)


async def paid(site: Site, trade_no: str, points: int, number: int = 0, *, till: Till | None = None) -> Json:
    """One of the volunteers shows a code and pays."""
    return told(await site.redeem(trade_no, await site.pay_code(number), points, till=till), 201)


async def wait_for(site: Site, trade_no: str, points: int, number: int = 0, *, till: Till | None = None) -> Json:
    """One of the volunteers shows a code, and must confirm."""
    return told(await site.redeem(trade_no, await site.pay_code(number), points, till=till), 202)


async def reverse(site: Site, trade_no: str, *, till: Till | None = None) -> httpx.Response:
    """A till takes a whole order back."""
    return await call(site, "POST", f"{POS}/{trade_no}/reverse", till=till)


async def refund(
    site: Site, trade_no: str, refund_no: str, points: int, *, reason: str | None = None, till: Till | None = None
) -> httpx.Response:
    """A till gives points back."""
    body: Json = {"out_refund_no": refund_no, "points": points}
    if reason is not None:
        body["reason"] = reason
    return await call(site, "POST", f"{POS}/{trade_no}/refunds", body, till=till)


async def query_refund(site: Site, trade_no: str, refund_no: str, *, till: Till | None = None) -> httpx.Response:
    """A till asks what became of a refund."""
    return await call(site, "GET", f"{POS}/{trade_no}/refunds/{refund_no}", till=till)


async def see_voucher(site: Site, code: str, *, till: Till | None = None) -> httpx.Response:
    """A till looks at a voucher."""
    return await call(site, "GET", f"{VOUCHERS}/{code}", till=till)


async def use_voucher(site: Site, code: str, request_no: str, *, till: Till | None = None) -> httpx.Response:
    """A till writes a voucher off."""
    return await call(site, "POST", f"{VOUCHERS}/{code}/use", {"use_request_no": request_no}, till=till)


async def return_voucher(site: Site, code: str, request_no: str, *, till: Till | None = None) -> httpx.Response:
    """A till takes a write-off back."""
    body = {"return_request_no": request_no, "reason": "拿错了"}
    return await call(site, "POST", f"{VOUCHERS}/{code}/return", body, till=till)


async def confirm(site: Site, redemption: Json, number: int = 0, *, key: str | None = None) -> httpx.Response:
    """A volunteer says yes."""
    return await ask(site, number, "POST", f"/v1/me/redemptions/{redemption['id']}/confirm", key=key)


async def decline(site: Site, redemption: Json, number: int = 0, *, key: str | None = None) -> httpx.Response:
    """A volunteer says no."""
    return await ask(site, number, "POST", f"/v1/me/redemptions/{redemption['id']}/decline", key=key)


async def state_of(site: Site, trade_no: str, *, till: Till | None = None) -> str:
    """The state of an order as its till is told it."""
    return str(told(await site.query(trade_no, till=till), 200)["state"])


async def wallet_of(site: Site, number: int = 0) -> Json:
    """A volunteer's wallet."""
    return await see(site, "/v1/me/wallet", number)


async def available(site: Site, number: int = 0) -> int:
    """What a volunteer can spend."""
    return int((await wallet_of(site, number))["available"])


def told(answer: httpx.Response, status: int, *, replayed: bool = False) -> Json:
    """The body of an answer that has this status, and says that it is a repetition or that it is none."""
    assert answer.status_code == status, answer.text
    assert answer.headers.get("Idempotency-Replayed") == ("true" if replayed else None), answer.headers
    body: Json = answer.json()
    return body


def refused(answer: httpx.Response, status: int, code: str, *, replayed: bool = False) -> Json:
    """The problem document of a refusal, which must have this status and code."""
    body = told(answer, status, replayed=replayed)
    assert body["code"] == code, body
    return body


def lasting(problem: Json) -> Json:
    """A problem document without what is another at each call."""
    return {name: value for name, value in problem.items() if name != "request_id"}


async def a_second_till(site: Site, merchant: int = 0) -> Till:
    """One more terminal, in one more store of a merchant."""
    [till] = await more_tills(site.database, site.city, site.city.tills[merchant], 1, site.clock.now)
    return till
