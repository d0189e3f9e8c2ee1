"""The till contract over HTTP, "Closing the day": shift totals, and the merchant's day as a file that never changes."""

import base64
import csv
import hashlib
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.core.accounts import AccountKind
from app.core.ids import format_id, format_terminal
from app.security.actors import StaffRole
from tests.support.calls import Json, staff_of
from tests.support.catalogue import a_published, order, reimbursed, run_sql
from tests.support.city_rows import Till
from tests.support.ledgers import fetch_total
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound
from tests.support.till_calls import (
    a_second_till,
    call,
    confirm,
    decline,
    paid,
    refund,
    refused,
    return_voucher,
    reverse,
    told,
    use_voucher,
    wait_for,
)

MONDAY, TUESDAY = "2026-03-02", "2026-03-03"
MIDNIGHT = datetime(2026, 3, 2, 16, tzinfo=UTC)
"""24:00 of that Monday in Shanghai."""
RUNS = re.compile(r"[=+@\t\r\n-](?!\d+$)")
"""How a cell begins that a spreadsheet would run; a negative number is none."""


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill that was fetched: the answer, its lines by column, and its totals by type: count, points, fen."""

    answer: httpx.Response
    lines: list[dict[str, str]]
    totals: dict[str, tuple[int, int, int]]

    def column(self, name: str) -> list[str]:
        """One column of all lines."""
        return [line[name] for line in self.lines]


async def _bill(site: Site, day: str, till: Till | None = None) -> Bill:
    answer = await call(site, "GET", f"/v1/pos/bills/{day}", till=till)
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(answer.content[3:].decode(), newline=""), strict=True))
    names = [cell.split(" ")[0] for cell in table[0]]
    end = table.index([])
    assert table[end + 1][0] == "合计 totals"
    lines = [dict(zip(names, row, strict=True)) for row in table[1:end]]
    totals = {type_: (int(count), int(points), int(fen)) for _, type_, count, points, fen in table[end + 2 :]}
    return Bill(answer, lines, totals)


async def _totals(site: Site, query: str = "", till: Till | None = None) -> Json:
    return told(await call(site, "GET", f"/v1/pos/totals{query}", till=till), 200)


async def _a_busy_day(site: Site) -> Till:
    """Each type of line, at two tills of the first merchant; and what is no line. The second till comes back."""
    other = await a_second_till(site)
    await run_sql(site, "UPDATE programmes SET confirm_points = 200")
    await paid(site, "A-1", 133)
    await paid(site, "-1", 10, till=other)
    await paid(site, "00012345678901234", 20, 1, till=other)
    told(await refund(site, "A-1", "-R1", 34, till=other), 201)
    told(await reverse(site, "-1"), 200)
    told(await confirm(site, await wait_for(site, "A-2", 201, 1), 1), 200)
    told(await decline(site, await wait_for(site, "A-3", 202, 2), 2), 200)
    await wait_for(site, "A-4", 203, 2)
    refused(await site.redeem("A-5", await site.pay_code(), 501), 409, "NOT_ENOUGH")
    offer = (await a_published(site, reimbursed(site, 777)))["id"]
    code = (await order(site, offer, 0))["voucher"]["code"]
    await order(site, offer, 0)
    told(await use_voucher(site, code, "U-1"), 200)
    told(await return_voucher(site, code, "B-1", till=other), 200)
    told(await use_voucher(site, code, "U-2", till=other), 200)
    await paid(site, "A-1", 7, till=site.city.tills[1])
    return other


BUSY = {
    "REDEMPTION": (4, 133 + 10 + 20 + 201, 399 + 30 + 60 + 603),
    "VOUCHER_USE": (2, 200, 1_554),
    "REFUND": (1, -34, -102),
    "REVERSAL": (1, -10, -30),
    "VOUCHER_RETURN": (1, -100, -777),
    "ALL": (9, 420, 1_737),
}


def _as_tuples(types: Json) -> dict[str, tuple[int, int, int]]:
    return {name: (told["count"], told["points"], told["settlement_fen"]) for name, told in types.items()}


async def test_totals_by_type_and_terminal(site: Site) -> None:
    """Count, points and fen of every type at the till that did it; what was held, declined or refused is no line."""
    other = await _a_busy_day(site)
    totals = await _totals(site)
    assert (totals["date"], totals["state"]) == (MONDAY, "open")
    assert _as_tuples(totals["total"]) == {name: figures for name, figures in BUSY.items() if name != "ALL"}
    by_terminal = {row["terminal_id"]: row for row in totals["terminals"]}
    first, second = (format_terminal(site.city.programme, till.terminal) for till in (site.city.tills[0], other))
    assert by_terminal.keys() == {first, second}
    assert _as_tuples(by_terminal[first]["types"]) == {
        "REDEMPTION": (2, 334, 1_002),
        "REVERSAL": (1, -10, -30),
        "VOUCHER_USE": (1, 100, 777),
    }
    assert _as_tuples(by_terminal[second]["types"]) == {
        "REDEMPTION": (2, 30, 90),
        "REFUND": (1, -34, -102),
        "VOUCHER_RETURN": (1, -100, -777),
        "VOUCHER_USE": (1, 100, 777),
    }
    assert by_terminal[second]["store_id"] == format_id("sto", other.store)
    for query in (f"?terminal={second}", f"?date={MONDAY}&terminal={second}"):
        only = await _totals(site, query)
        assert only["terminals"] == [by_terminal[second]]
        assert only["total"] == by_terminal[second]["types"]


async def test_the_bill_adds_up_with_the_ledger(site: Site) -> None:
    """Case 19: lines, totals of the file, totals of the till and the merchant's accounts agree to point and fen."""
    await _a_busy_day(site)
    merchant = site.city.tills[0].merchant
    bill = await _bill(site, MONDAY)
    assert bill.totals == BUSY
    for type_, figures in BUSY.items():
        own = [line for line in bill.lines if type_ in ("ALL", line["type"])]
        added = (len(own), sum(int(line["points"]) for line in own), sum(int(line["settlement_fen"]) for line in own))
        assert added == figures
    assert BUSY["ALL"][1:] == (
        await fetch_total(site.database, AccountKind.REDEEMED, merchant),
        await fetch_total(site.database, AccountKind.PAYABLE, merchant),
    )
    seqs = [int(seq) for seq in bill.column("seq")]
    assert seqs == sorted(set(seqs))
    assert all(line["time"].startswith("2026-03-02T09:00:00") for line in bill.lines)
    assert all(line["time"].endswith("+08:00") for line in bill.lines)
    await assert_all_sound(site.database, site.city)


async def test_a_line_names_its_business(site: Site) -> None:
    """Order number, refund number, voucher's order, store and terminal, transaction: enough to find it again."""
    other = await _a_busy_day(site)
    bill = await _bill(site, MONDAY)
    [given] = [line for line in bill.lines if line["type"] == "REFUND"]
    assert (given["out_trade_no"], given["out_refund_no"]) == ("A-1", "'-R1")
    assert given["terminal_id"] == format_terminal(site.city.programme, other.terminal)
    assert given["store_id"] == format_id("sto", other.store)
    found = told(await call(site, "GET", "/v1/pos/redemptions/A-1/refunds/-R1"), 200)
    assert (given["transaction_id"], given["seq"]) == (found["transaction_id"], str(found["receipt"]["seq"]))
    [back] = [line for line in bill.lines if line["type"] == "VOUCHER_RETURN"]
    assert (back["out_trade_no"], back["order_id"][:4]) == ("", "ord_")


async def test_no_cell_is_run_by_a_spreadsheet(site: Site) -> None:
    """Numbers that begin like a formula or would be rounded are written as text; UTF-8 with BOM, CRLF, no bare LF."""
    await _a_busy_day(site)
    for number, trade_no in enumerate(("-2+3".replace("+", "*"), "--", "-A1", "*1", "|calc", "_x")):
        await paid(site, trade_no, 1 + number % 2, 1)
    bill = await _bill(site, MONDAY)
    cells = [cell for row in csv.reader(io.StringIO(bill.answer.text)) for cell in row]
    assert not [cell for cell in cells if RUNS.match(cell)]
    assert {"'-1", "'-2*3", "'--", "'-A1", "'00012345678901234", "|calc"} <= set(bill.column("out_trade_no"))
    assert bill.answer.content.count(b"\xef\xbb\xbf") == 1
    assert bill.answer.content.count(b"\n") == bill.answer.content.count(b"\r\n")
    assert bill.answer.headers["Content-Type"] == "text/csv; charset=utf-8"


async def test_the_file_is_named_by_its_hash(site: Site) -> None:
    """SHA-256 of exactly these bytes in `Bill-SHA256` and `Content-Digest`, and as a file to keep."""
    await _a_busy_day(site)
    answer = (await _bill(site, MONDAY)).answer
    digest = hashlib.sha256(answer.content)
    assert answer.headers["Bill-SHA256"] == digest.hexdigest()
    assert answer.headers["Content-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert MONDAY in answer.headers["Content-Disposition"]


async def test_a_closed_day_never_changes(site: Site) -> None:
    """Closed, it is the same bytes after refunds, returns, new names and a year; a late refund is on its own day."""
    await _a_busy_day(site)
    site.clock.now = MIDNIGHT
    await paid(site, "T-1", 5)
    closed = await _bill(site, MONDAY)
    assert (closed.answer.headers["Bill-State"], closed.totals) == ("closed", BUSY)
    told(await refund(site, "A-1", "R-9", 99), 201)
    await run_sql(site, "UPDATE stores SET name = name || '（新）'")
    await run_sql(site, "UPDATE merchants SET name = name || '（新）'")
    tuesday = await _bill(site, TUESDAY)
    assert tuesday.totals["REFUND"] == (1, -99, -297)
    [late] = [line for line in tuesday.lines if line["type"] == "REFUND"]
    assert (late["out_trade_no"], late["out_refund_no"]) == ("A-1", "R-9")
    for later in (timedelta(), timedelta(days=365)):
        site.clock.move(later)
        again = (await _bill(site, MONDAY)).answer
        assert again.content == closed.answer.content
        assert again.headers["Bill-SHA256"] == closed.answer.headers["Bill-SHA256"]
    points = closed.totals["ALL"][1] + tuesday.totals["ALL"][1]
    assert points == await fetch_total(site.database, AccountKind.REDEEMED, site.city.tills[0].merchant)


async def test_a_day_ends_at_24_00_in_shanghai(site: Site) -> None:
    """A sale at 23:59:59.999999 is on Monday's bill, at 00:00:00 on Tuesday's, whatever day it is in London."""
    site.clock.now = MIDNIGHT - timedelta(microseconds=1)
    await paid(site, "A-1", 1)
    assert (await _totals(site))["date"] == MONDAY
    site.clock.now = MIDNIGHT
    assert (await _totals(site))["date"] == TUESDAY
    await paid(site, "A-2", 2)
    assert (await _bill(site, MONDAY)).column("out_trade_no") == ["A-1"]
    assert (await _bill(site, TUESDAY)).column("out_trade_no") == ["A-2"]


async def test_what_waited_is_on_the_day_of_the_yes(site: Site) -> None:
    """Held before midnight, confirmed after: on the bill of the day on which the merchant got it."""
    await run_sql(site, "UPDATE programmes SET confirm_points = 100")
    site.clock.now = MIDNIGHT - timedelta(seconds=20)
    asked = await wait_for(site, "A-1", 300)
    site.clock.now = MIDNIGHT + timedelta(seconds=20)
    told(await confirm(site, asked), 200)
    assert (await _bill(site, MONDAY)).lines == []
    assert (await _bill(site, TUESDAY)).column("out_trade_no") == ["A-1"]


async def test_a_quiet_day_closes_too(site: Site) -> None:
    """Open until no batch of it can be under way, then closed, although nothing was written since."""
    await paid(site, "A-1", 1)
    site.clock.now = MIDNIGHT + timedelta(minutes=2) - timedelta(microseconds=1)
    still = await _bill(site, MONDAY)
    site.clock.move(timedelta(microseconds=1))
    closed = await _bill(site, MONDAY)
    states = [found.answer.headers["Bill-State"] for found in (still, closed)]
    assert states == ["open", "closed"]
    assert still.answer.content == closed.answer.content
    assert (await _totals(site, f"?date={MONDAY}"))["state"] == "closed"


async def test_a_merchant_sees_its_own_day_only(site: Site) -> None:
    """Another merchant's bill has its own lines alone; an accountant gets the same bytes as the till."""
    await _a_busy_day(site)
    [till, elsewhere] = site.city.tills
    assert (await _bill(site, MONDAY, elsewhere)).totals["ALL"] == (1, 7, 21)
    assert _as_tuples((await _totals(site, till=elsewhere))["total"]) == {"REDEMPTION": (1, 7, 21)}
    own = format_terminal(site.city.programme, till.terminal)
    assert (await _totals(site, f"?terminal={own}", elsewhere))["terminals"] == []
    accountant = await staff_of(site, till.merchant, StaffRole.ACCOUNTANT).headers()
    target = f"/v1/merchants/{format_id('mer', till.merchant)}/bills/{MONDAY}"
    fetched = await site.client.get(target, headers=accountant)
    assert fetched.content == (await _bill(site, MONDAY)).answer.content


@pytest.mark.parametrize("day", ["2026-03-03", "9999-12-31", "1999-12-31", "2026-02-30", "2026-3-2", "today", "0"])
async def test_a_day_that_cannot_be_is_refused(site: Site, day: str) -> None:
    """To come, before there was a ledger, on no calendar, in no form of a day: PARAM_ERROR at /date."""
    for target in (f"/v1/pos/bills/{day}", f"/v1/pos/totals?date={day}"):
        problem = refused(await call(site, "GET", target), 400, "PARAM_ERROR")
        assert [error["pointer"] for error in problem["errors"]] == ["/date"]


async def test_an_empty_day_is_a_bill_of_nothing(site: Site) -> None:
    """No lines, all totals zero, the same bytes each time."""
    first, second = await _bill(site, "2026-03-01"), await _bill(site, "2026-03-01")
    assert first.lines == []
    assert set(first.totals.values()) == {(0, 0, 0)}
    assert first.answer.content == second.answer.content
