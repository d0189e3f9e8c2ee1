"""The cashier's side without a terminal: whatever is typed, nothing is sent by mistake and nothing is left in doubt."""

import io
import os
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from app.cli import cli
from app.till.keyboard import Keyboard
from app.till.screen import Screen
from app.till.terminal import Terminal
from tests.support.scripted_service import (
    SECRET,
    TERMINAL,
    Line,
    ScriptedService,
    a_redemption,
    a_service,
    refuses,
    says,
)
from tests.till.conftest import StartDesk

CODE = "961234567890123456"
NEWER = "969999999999999999"
VOUCHER = "97123456789012345678"
TOTALS = says(200, {"date": "2027-01-15", "merchant_id": "mer_1", "total": {}})
Serve = Callable[..., str]


@pytest.fixture
def serve(start_desk: StartDesk) -> Serve:
    """Serves with these lines typed, then the end of input; what was shown comes back."""

    def run(service: ScriptedService, *typed: str) -> str:
        service.lines.setdefault("totals", [TOTALS])
        reading, writing = os.pipe()
        os.write(writing, "".join(f"{line}\n" for line in typed).encode())
        os.close(writing)
        shown = io.StringIO()
        screen = Screen(Console(file=shown, width=100))
        with os.fdopen(reading, "rb"):
            Terminal(start_desk(service), screen, Keyboard(reading), "横河咖啡馆").run()
        return shown.getvalue()

    return run


def a_voucher(state: str = "EFFECTIVE") -> dict[str, Any]:
    """What the service says about a voucher."""
    used_at = "2027-01-15T16:00:00+08:00" if state == "USED" else None
    return {
        "state": state,
        "offer": {"name_zh": "手冲咖啡一杯", "name_en": "A cup of coffee"},
        "quantity": 2,
        "points": 24,
        "volunteer": {"masked_name": "王*"},
        "valid_until": "2027-02-15T00:00:00+08:00",
        "used_at": used_at,
        "used_store_name": "总店" if used_at else None,
        "receipt": {"seq": 8, "leaf_hash": "6b" * 32},
    }


@pytest.mark.parametrize(
    "typed",
    ["", "hello", "12", "96123", CODE + "0", "97123", "0" * 5000, "\x1b[31m", "ｘｙ", "[bold]", "r", "b", "c", "q"],
)
def test_what_is_no_code_sends_nothing(serve: Serve, typed: str) -> None:
    """Anything but a code is explained, or leads to a question whose empty answer leads back."""
    service = a_service()
    shown = serve(service, typed, "", "x")
    assert service.verbs() == ["totals"]
    assert "再见 Goodbye" in shown
    assert "\x1b[31m" not in shown


@pytest.mark.parametrize("typed", ["abc", "0", "-5", "1.5", "1e3", "٣", "1000000001", "12345678901", VOUCHER])
def test_what_is_no_amount_is_asked_again(serve: Serve, typed: str) -> None:
    """Only a whole number of points is sent; after it was explained the cashier types another."""
    service = a_service(redeem=says(201, a_redemption()))
    shown = serve(service, CODE, typed, "12")
    assert [body["points"] for body in service.bodies("redeem")] == [12]
    assert "核销成功 PAID   12 分" in shown


def test_a_newer_code_replaces_the_older(serve: Serve) -> None:
    """The volunteer's code was refreshed while the cashier was typing."""
    service = a_service(redeem=says(201, a_redemption()))
    serve(service, CODE, NEWER, "１２")
    [body] = service.bodies("redeem")
    assert (body["auth_code"], body["points"]) == (NEWER, 12)


def test_an_offer_is_sold_by_its_id(serve: Serve) -> None:
    """An offer's id instead of points, with a quantity."""
    offer = f"off_{'0' * 32}"
    sold = {**a_redemption(), "offer": {"id": offer, "quantity": 2}}
    service = a_service(redeem=says(201, sold))
    shown = serve(service, CODE, f"{offer}*2")
    [body] = service.bodies("redeem")
    assert (body["offer_id"], body["quantity"], "points" in body) == (offer, 2, False)
    assert "商品 Item" in shown


def test_every_sale_has_a_number_of_its_own(serve: Serve) -> None:
    """Also a refused one: its number is used up."""
    service = a_service(redeem=refuses(409, "NOT_ENOUGH"))
    shown = serve(service, CODE, "12", CODE, "11")
    numbers = {body["out_trade_no"] for body in service.bodies("redeem")}
    assert len(numbers) == 2
    assert "未收款 NOT PAID  NOT_ENOUGH" in shown


@pytest.mark.parametrize("answer, used", [("y", True), ("n", False), ("", False), ("yep", False)])
def test_a_voucher_is_written_off_on_a_yes_only(serve: Serve, answer: str, used: bool) -> None:  # noqa: FBT001 - the case
    """It is shown first; anything but a y leaves it as it is."""
    service = a_service(vouchers=says(200, a_voucher()), use=says(200, a_voucher("USED")))
    shown = serve(service, VOUCHER, answer)
    assert ("use" in service.verbs()) is used
    assert ("券核销成功 VOUCHER USED" in shown) is used


def test_a_code_scanned_instead_of_a_yes_is_the_next_customer(serve: Serve) -> None:
    """It answers no question: it is sold to, after the voucher was left alone."""
    service = a_service(vouchers=says(200, a_voucher()), redeem=says(201, a_redemption()))
    serve(service, VOUCHER, CODE, "12")
    assert service.verbs() == ["totals", "vouchers", "redeem"]


def test_an_unanswered_write_off_keeps_its_number(serve: Serve) -> None:
    """Scanned again, the voucher is written off under the number it was first sent with."""
    service = a_service(vouchers=says(200, a_voucher()), use=[httpx.ReadTimeout] * 5 + [says(200, a_voucher("USED"))])
    shown = serve(service, VOUCHER, "y", VOUCHER)
    numbers = {body["use_request_no"] for body in service.bodies("use")}
    assert (len(numbers), service.verbs().count("use")) == (1, 6)
    assert shown.index("请勿交付") < shown.index("券核销成功")


def test_a_refund_is_for_what_is_left(serve: Serve) -> None:
    """Enter is the last sale; more than was paid is asked again; `a` is all that is left."""
    sold = {**a_redemption(), "refunded_points": 5}
    given = {"out_refund_no": "R-1", "out_trade_no": "S-1", "points": 7}
    refunded = {**given, "occurred_at": sold["occurred_at"], "receipt": sold["receipt"]}
    service = a_service(redeem=says(201, sold), query=says(200, sold), refund=says(201, refunded))
    shown = serve(service, CODE, "12", "r", "", "8", "a")
    assert [body["points"] for body in service.bodies("refund")] == [7]
    assert "退款成功 REFUNDED   7 分" in shown


@pytest.mark.parametrize("command, state", [("r", "REVERSED"), ("r", "REFUNDED"), ("c", "CLOSED"), ("c", "REFUNDED")])
def test_what_is_over_is_left_alone(serve: Serve, command: str, state: str) -> None:
    """A sale that cannot be given back is only shown."""
    service = a_service(query=says(200, a_redemption(state)))
    serve(service, command, "S-1", "y")
    assert service.verbs() == ["totals", "query"]


def test_a_whole_sale_is_cancelled(serve: Serve) -> None:
    """After it was shown and confirmed."""
    reversed_ = says(200, {"state": "REVERSED", "redemption": a_redemption("REVERSED")})
    service = a_service(query=says(200, a_redemption()), reverse=reversed_)
    assert "已撤销 CANCELLED   12 分" in serve(service, "c", "S-1", "y")


@pytest.mark.parametrize("line", [httpx.ConnectError, refuses(500, "SYSTEM_ERROR"), refuses(404, "ORDER_NOT_EXIST")])
def test_a_question_without_an_answer_is_told(serve: Serve, line: Line) -> None:
    """Nobody answers, or nothing is there: the cashier is told and goes on."""
    service = a_service(query=line, totals=[TOTALS, httpx.ConnectError])
    shown = serve(service, "q", "S-1", "z", "h")
    assert ("NO ANSWER" in shown, "付款码 pay code" in shown) == (True, True)


def test_a_till_that_is_not_accepted_does_not_open(serve: Serve) -> None:
    """A wrong secret is told before the first customer comes."""
    service = a_service(totals=refuses(401, "SIGN_ERROR"))
    assert "THIS TILL IS NOT ACCEPTED" in serve(service, CODE, "12")
    assert service.verbs() == ["totals"]


def test_the_service_may_be_away_in_the_morning(serve: Serve) -> None:
    """The till opens, and says that nobody answers."""
    shown = serve(a_service(totals=httpx.ConnectError), "x")
    assert ("NO CONNECTION" in shown, "再见 Goodbye" in shown) == (True, True)


def test_the_command_line_explains_what_it_misses(tmp_path: Any) -> None:  # noqa: ANN401 - a Path
    """Without a demo beside it the till says what it needs, and repeats no secret."""
    missing = ["till", "--demo", str(tmp_path / "demo.json"), "--terminal", TERMINAL]
    outcome = CliRunner().invoke(cli, missing, env={"LIYU_TILL_SECRET": SECRET, "COLUMNS": "200"})
    assert outcome.exit_code == 2
    assert "--base-url" in outcome.output
    assert SECRET not in outcome.output
