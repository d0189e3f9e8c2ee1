"""What is measured: each verb of the till contract as prepared requests, and as commands without HTTP."""

import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.confirmations import ConfirmRedemption
from app.core.idempotency import AnswerKey, till_key
from app.core.ids import RedemptionId, RefundId, TransactionId, VolunteerId, format_id
from app.core.quantities import Points
from app.core.redemptions import Redeem
from app.core.refunds import RefundRedemption
from app.core.rows import Sale, TradeNo
from app.core.vouchers import UseVoucher
from app.demo.loaded import LoadedTerminal
from app.security.pay_codes import hash_pay_code
from app.security.vouchers import hash_voucher_code
from benchmarks.preparing import Preparer, Request, next_number

TARGET = "/v1/pos/redemptions"
POINTS = 2
BEHIND = 1_500
"""How far behind a payment its query, reversal or refund follows: it has been answered long before."""

MIX = ("pay",) * 16 + ("query", "query", "reverse", "refund")
"""80 % pay, 10 % query, 5 % reverse, 5 % refund."""


@dataclass(frozen=True, slots=True)
class Verb:
    """How many requests a second are prepared at most, and how."""

    per_second: int
    prepare: Callable[[Preparer, int], Awaitable[list[Request]]]


def _pay(preparer: Preparer, till: LoadedTerminal, number: str, code: str) -> Request:
    return preparer.signed(till, "POST", TARGET, {"out_trade_no": number, "auth_code": code, "points": POINTS})


async def prepare_pays(preparer: Preparer, count: int) -> list[Request]:
    """Redemptions with a pay code each."""
    return [_pay(preparer, preparer.next_till(), next_number(), code) for code in await preparer.issue_codes(count)]


async def prepare_ceiling(preparer: Preparer, count: int) -> list[Request]:
    """Requests that look like redemptions, for a server that decides nothing."""
    return [_pay(preparer, preparer.next_till(), next_number(), f"96{number:016d}") for number in range(count)]


async def prepare_queries(preparer: Preparer, count: int) -> list[Request]:
    """Queries of redemptions that were paid."""
    paid = await _paid(preparer, min(count, 2_000))
    turns = itertools.islice(itertools.cycle(paid), count)
    return [preparer.signed(till, "GET", f"{TARGET}/{number}") for till, number in turns]


async def prepare_refunds(preparer: Preparer, count: int) -> list[Request]:
    """Refunds of one point each of redemptions of two."""
    return [_refund(preparer, till, number) for till, number in await _paid(preparer, count)]


async def prepare_reversals(preparer: Preparer, count: int) -> list[Request]:
    """Reversals of redemptions that were paid."""
    return [
        preparer.signed(till, "POST", f"{TARGET}/{number}/reverse") for till, number in await _paid(preparer, count)
    ]


async def prepare_orders(preparer: Preparer, count: int) -> list[Request]:
    """Orders in the mini-program."""
    body = f'{{"offer_id": "{format_id("off", preparer.offer)}", "quantity": 1}}'
    return [
        Request("POST", "/v1/me/orders", f"Bearer {token}", body, next_number())
        for token in await preparer.tokens(count)
    ]


async def prepare_uses(preparer: Preparer, count: int) -> list[Request]:
    """Vouchers written off."""
    tills = itertools.cycle(preparer.first_tills())
    return [
        preparer.signed(next(tills), "POST", f"/v1/pos/vouchers/{code}/use", {"use_request_no": next_number()})
        for code in await preparer.place_orders(count)
    ]


async def prepare_mix(preparer: Preparer, count: int) -> list[Request]:
    """Payments with queries, reversals and refunds of earlier ones among them."""
    paid = await _paid(preparer, BEHIND)
    verbs = list(itertools.islice(itertools.cycle(MIX), count))
    codes = iter(await preparer.issue_codes(verbs.count("pay")))
    behind = iter(paid)
    requests = []
    for verb in verbs:
        if verb == "pay":
            till, number = preparer.next_till(), next_number()
            paid.append((till, number))
            requests.append(_pay(preparer, till, number, next(codes)))
            continue
        till, number = next(behind)
        match verb:
            case "query":
                requests.append(preparer.signed(till, "GET", f"{TARGET}/{number}"))
            case "reverse":
                requests.append(preparer.signed(till, "POST", f"{TARGET}/{number}/reverse"))
            case _:
                requests.append(_refund(preparer, till, number))
    return requests


def _refund(preparer: Preparer, till: LoadedTerminal, number: str) -> Request:
    body = {"out_refund_no": next_number(), "points": 1}
    return preparer.signed(till, "POST", f"{TARGET}/{number}/refunds", body)


async def _paid(preparer: Preparer, count: int) -> list[tuple[LoadedTerminal, str]]:
    """Redemptions paid without HTTP: the till and the number of each."""
    made = await _redeems(preparer, count)
    await preparer.submit_all((command, key) for _, command, key in made)
    return [(till, str(command.trade_no)) for till, command, _ in made]


async def _redeems(
    preparer: Preparer, count: int, points: int = POINTS
) -> list[tuple[LoadedTerminal, Redeem, AnswerKey]]:
    key = preparer.services.cabinet.pay_codes
    made = []
    for code in await preparer.issue_codes(count):
        till = preparer.next_till()
        command = Redeem(
            redemption=RedemptionId(uuid7()),
            transaction=TransactionId(uuid7()),
            trade_no=TradeNo(next_number()),
            code=hash_pay_code(key, preparer.programme, code),
            terminal=till.terminal,
            points=Points(points),
        )
        made.append((till, command, till_key(Sale(till.merchant, command.trade_no))))
    return made


async def redeem_in_process(preparer: Preparer, count: int) -> float:
    """Seconds for `count` redemptions without HTTP."""
    made = await _redeems(preparer, count)
    began = time.perf_counter()
    await preparer.submit_all((command, key) for _, command, key in made)
    return time.perf_counter() - began


async def refund_in_process(preparer: Preparer, count: int) -> float:
    """Seconds for `count` refunds without HTTP."""
    paid = await _paid(preparer, count)
    commands = [
        RefundRedemption(
            refund=RefundId(uuid7()),
            transaction=TransactionId(uuid7()),
            sale=Sale(till.merchant, TradeNo(number)),
            refund_no=next_number(),
            points=Points(1),
            terminal=till.terminal,
        )
        for till, number in paid
    ]
    began = time.perf_counter()
    await preparer.submit_all((command, None) for command in commands)
    return time.perf_counter() - began


async def hold_in_process(preparer: Preparer, count: int) -> float:
    """Seconds for `count` redemptions that are only held, since the programme asks for confirmation above this."""
    made = await _redeems(preparer, count, HELD_POINTS)
    began = time.perf_counter()
    await preparer.submit_all((command, key) for _, command, key in made)
    seconds = time.perf_counter() - began
    await _confirm_all(preparer, made)
    return seconds


HELD_POINTS = 3
"""Above what the measured programme lets through unconfirmed."""


async def _confirm_all(preparer: Preparer, made: list[tuple[LoadedTerminal, Redeem, AnswerKey]]) -> None:
    """Confirm what was held, so that nothing lapses into the next measurement."""
    owners = await _owners(preparer, [command.redemption for _, command, _ in made])
    await preparer.submit_all(
        (
            ConfirmRedemption(
                redemption=command.redemption,
                transaction=TransactionId(uuid7()),
                volunteer=owners[command.redemption],
            ),
            None,
        )
        for _, command, _ in made
    )


async def _owners(preparer: Preparer, redemptions: list[RedemptionId]) -> dict[RedemptionId, VolunteerId]:
    query = text("SELECT id, volunteer_id FROM redemptions WHERE programme_id = :programme AND id = ANY(:ids)")
    async with preparer.services.database.read() as reader:
        found = await reader.execute(query, {"programme": preparer.programme, "ids": redemptions})
        return {row[0]: row[1] for row in found}


async def order_in_process(preparer: Preparer, count: int) -> float:
    """Seconds for `count` orders without HTTP."""
    orders = preparer.new_orders(count)
    began = time.perf_counter()
    await preparer.submit_all((place, None) for _, place in orders)
    return time.perf_counter() - began


async def use_in_process(preparer: Preparer, count: int) -> float:
    """Seconds for `count` vouchers written off without HTTP."""
    key = preparer.services.cabinet.vouchers
    tills = itertools.cycle(preparer.first_tills())
    commands = [
        UseVoucher(
            code=hash_voucher_code(key, preparer.programme, code),
            terminal=next(tills).terminal,
            transaction=TransactionId(uuid7()),
        )
        for code in await preparer.place_orders(count)
    ]
    began = time.perf_counter()
    await preparer.submit_all((command, None) for command in commands)
    return time.perf_counter() - began


TILL_VERBS = {
    "pay": Verb(6_000, prepare_pays),
    "query": Verb(20_000, prepare_queries),
    "reverse": Verb(5_000, prepare_reversals),
    "refund": Verb(5_000, prepare_refunds),
    "order": Verb(5_000, prepare_orders),
    "voucher use": Verb(5_000, prepare_uses),
    "mixed": Verb(6_000, prepare_mix),
}
IN_PROCESS = {
    "d engine in process": redeem_in_process,
    "d hold in process": hold_in_process,
    "d refund in process": refund_in_process,
    "d order in process": order_in_process,
    "d voucher use in process": use_in_process,
}
