"""The unknown outcome, branch by branch: never a second number; query, then reverse, not too early, till answered."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from app.till.client import Refused
from app.till.protocol import Closed, NotReversed, Paid, Queued, Reversed, Sale, Step, cancel, pay
from tests.support.scripted_service import SALE, ScriptedService, a_redemption, a_service, refuses, says
from tests.till.conftest import StartDesk

A_SALE = Sale(number=SALE, code="961234567890123456", points=12)
REVERSAL: dict[str, Any] = {"out_trade_no": SALE, "state": "REVERSED", "redemption": None}
NOT_THERE = refuses(404, "ORDER_NOT_EXIST")


def sell(service: ScriptedService, start_desk: StartDesk) -> tuple[object, list[str]]:
    """How one sale ends, and which numbers the till's journal still holds open."""
    desk = start_desk(service)
    end = pay(desk, A_SALE)
    still_open = [call.number for call in desk.journal.calls()]
    redeemed = service.bodies("redeem")
    assert all(body == redeemed[0] for body in redeemed), "never another number, never another body"
    return end, still_open


def test_the_answer_comes(start_desk: StartDesk) -> None:
    """An answered sale needs one call."""
    service = a_service(redeem=says(201, a_redemption()))
    assert sell(service, start_desk) == (Paid(a_redemption()), [])
    assert service.verbs() == ["redeem"]


def test_a_refusal_is_an_answer(start_desk: StartDesk) -> None:
    """A refused sale is neither asked for nor reversed."""
    service = a_service(redeem=refuses(409, "NOT_ENOUGH"))
    end, still_open = sell(service, start_desk)
    assert isinstance(end, Refused)
    assert (end.code, still_open, service.verbs()) == ("NOT_ENOUGH", [], ["redeem"])


@pytest.mark.parametrize(
    "lost", [httpx.ReadTimeout, httpx.ConnectTimeout, httpx.RemoteProtocolError, refuses(500, "SYSTEM_ERROR")]
)
def test_a_lost_answer_is_found_by_the_query(start_desk: StartDesk, lost: Any) -> None:  # noqa: ANN401 - a line of the script
    """Time-out, broken connection or 500: the query finds that it was paid."""
    service = a_service(redeem=lost, query=says(200, a_redemption()), takes_s=12)
    assert sell(service, start_desk) == (Paid(a_redemption()), [])
    assert service.verbs() == ["redeem", "query"]


def test_the_query_is_repeated(start_desk: StartDesk) -> None:
    """While nobody answers the query it is repeated every five seconds."""
    service = a_service(
        redeem=httpx.ReadTimeout, query=[httpx.ConnectError, refuses(503, "SYSTEM_BUSY"), says(200, a_redemption())]
    )
    assert sell(service, start_desk) == (Paid(a_redemption()), [])
    assert service.calls == [("redeem", 0), ("query", 0), ("query", 5), ("query", 10)]


def test_a_sale_that_never_arrived_is_reversed(start_desk: StartDesk) -> None:
    """404: the number is buried, so that a late original is refused; not within 15 s of the sale."""
    service = a_service(redeem=httpx.ConnectTimeout, query=NOT_THERE, reverse=says(200, REVERSAL), takes_s=5)
    assert sell(service, start_desk) == (Reversed(SALE, None), [])
    assert service.calls == [("redeem", 0), ("query", 5), ("query", 10), ("query", 15), ("reverse", 15)]


def test_a_late_sale_is_still_a_sale(start_desk: StartDesk) -> None:
    """What was 404 at first and has arrived before the 15 s are over is paid, not reversed."""
    service = a_service(redeem=httpx.ReadTimeout, query=[NOT_THERE, says(200, a_redemption())])
    assert sell(service, start_desk) == (Paid(a_redemption()), [])


def test_an_outcome_that_stays_unknown_is_reversed(start_desk: StartDesk) -> None:
    """A minute of queries without an answer, then the reversal, whatever the sale had become."""
    paid_back = {**REVERSAL, "redemption": a_redemption("REVERSED")}
    service = a_service(redeem=httpx.ReadTimeout, query=httpx.ConnectError, reverse=says(200, paid_back))
    assert sell(service, start_desk) == (Reversed(SALE, a_redemption("REVERSED")), [])
    assert [at for verb, at in service.calls if verb == "query"] == [5.0 * count for count in range(13)]
    assert service.calls[-1] == ("reverse", 60)


def test_a_reversal_is_repeated(start_desk: StartDesk) -> None:
    """Until it is acknowledged, ever more slowly."""
    service = a_service(
        redeem=httpx.ReadTimeout,
        query=NOT_THERE,
        reverse=[httpx.ReadTimeout, refuses(503, "SYSTEM_BUSY"), refuses(401, "SIGN_ERROR"), says(200, REVERSAL)],
    )
    assert sell(service, start_desk) == (Reversed(SALE, None), [])
    assert [at for verb, at in service.calls if verb == "reverse"] == [15, 16, 18, 22]


def test_a_reversal_that_nobody_acknowledges_is_kept(start_desk: StartDesk) -> None:
    """The cashier goes on; the journal holds the number."""
    service = a_service(redeem=httpx.ReadTimeout, query=httpx.ConnectError, reverse=httpx.ConnectError)
    assert sell(service, start_desk) == (Queued(SALE), [SALE])
    assert service.steps[-1] is Step.REPEATING


def test_what_cannot_be_reversed_is_told(start_desk: StartDesk) -> None:
    """A sale that was refunded in part meanwhile can only be refunded further: that is an answer."""
    service = a_service(redeem=httpx.ReadTimeout, query=NOT_THERE, reverse=refuses(409, "ORDER_CLOSED"))
    end, still_open = sell(service, start_desk)
    assert isinstance(end, NotReversed)
    assert (end.refused.code, still_open) == ("ORDER_CLOSED", [])


@pytest.mark.parametrize("state, end", [("SUCCESS", Paid), ("CLOSED", Closed), ("REVERSED", Closed)])
def test_the_volunteer_decides(start_desk: StartDesk, state: str, end: type) -> None:
    """202: the till asks every few seconds until the volunteer has confirmed or declined."""
    waits = a_redemption("AWAITING_CONFIRMATION")
    service = a_service(
        redeem=says(202, waits), query=[says(200, waits), httpx.ReadTimeout, says(200, a_redemption(state))]
    )
    assert sell(service, start_desk) == (end(a_redemption(state)), [])
    assert service.calls == [("redeem", 0), ("query", 3), ("query", 6), ("query", 9)]


def test_a_lost_answer_that_waits_for_the_volunteer(start_desk: StartDesk) -> None:
    """The query may find a sale that waits: then the volunteer decides."""
    waits = says(200, a_redemption("AWAITING_CONFIRMATION"))
    service = a_service(redeem=httpx.ReadTimeout, query=[waits, waits, says(200, a_redemption())])
    assert sell(service, start_desk) == (Paid(a_redemption()), [])


def test_a_confirmation_that_never_ends_is_reversed(start_desk: StartDesk) -> None:
    """Longer than the service itself would wait, the till does not: it reverses."""
    waits = a_redemption("AWAITING_CONFIRMATION")
    service = a_service(redeem=says(202, waits), query=says(200, waits), reverse=says(200, REVERSAL))
    assert sell(service, start_desk) == (Reversed(SALE, None), [])
    assert service.calls[-1] == ("reverse", 75)


def test_a_busy_service_is_asked_again_under_the_same_number(start_desk: StartDesk) -> None:
    """503 says how long to wait; the same number and body go out again."""
    busy = refuses(503, "SYSTEM_BUSY", Retry_After="4")
    service = a_service(redeem=[busy, busy, says(201, a_redemption())])
    assert sell(service, start_desk) == (Paid(a_redemption()), [])
    assert service.calls == [("redeem", 0), ("redeem", 4), ("redeem", 8)]


def test_a_service_that_stays_busy(start_desk: StartDesk) -> None:
    """After a minute the sale is given up: asked for, reversed, under the same number."""
    service = a_service(redeem=refuses(503, "SYSTEM_BUSY"), query=NOT_THERE, reverse=says(200, REVERSAL))
    assert sell(service, start_desk) == (Reversed(SALE, None), [])
    last_sent = max(at for verb, at in service.calls if verb == "redeem")
    assert service.calls[-1] == ("reverse", last_sent + 15)


def test_a_signature_refused_after_doubt_settles_nothing(start_desk: StartDesk) -> None:
    """A till disabled between two tries may have sold with the first: it is reversed, not forgotten."""
    service = a_service(
        redeem=[refuses(503, "SYSTEM_BUSY"), refuses(401, "SIGN_ERROR")],
        query=refuses(401, "SIGN_ERROR"),
        reverse=refuses(401, "SIGN_ERROR"),
    )
    assert sell(service, start_desk) == (Queued(SALE), [SALE])


def test_a_clock_that_is_off_costs_one_more_call(start_desk: StartDesk) -> None:
    """The refused signature is corrected by the service's Date; the number stays the same."""
    service = a_service(redeem=[])
    service.lines["redeem"] = [refuses(401, "SIGN_ERROR", Date=service.date(-900)), says(201, a_redemption())]
    assert sell(service, start_desk) == (Paid(a_redemption()), [])


def test_the_journal_knows_before_the_service(start_desk: StartDesk, tmp_path: Path) -> None:
    """The number is on disk when the sale goes out: a till that dies then will reverse it."""
    journal = tmp_path / "till.jsonl"

    def look(_request: httpx.Request) -> httpx.Response:
        assert SALE in journal.read_text("utf-8")
        return says(201, a_redemption())

    assert sell(a_service(redeem=look), start_desk) == (Paid(a_redemption()), [])


def test_a_cancelled_sale_is_reversed_at_once(start_desk: StartDesk) -> None:
    """The cashier's own reversal does not wait 15 s."""
    service = a_service(reverse=says(200, {**REVERSAL, "redemption": a_redemption("REVERSED")}))
    assert cancel(start_desk(service), SALE) == Reversed(SALE, a_redemption("REVERSED"))
    assert service.calls == [("reverse", 0)]
