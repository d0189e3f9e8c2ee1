"""What was open when the till stopped is repeated when it is back, until somebody answers."""

import json
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from app.till.client import Answered, Refused
from app.till.journal import Journal, JournalInUse, Kind, OpenCall
from app.till.protocol import Queued, Reversed, Sale, give_back, pay
from app.till.repeating import Repetitions
from tests.support.scripted_service import SALE, START_S, a_redemption, a_service, refuses, says
from tests.till.conftest import StartDesk

REVERSED = says(200, {"out_trade_no": SALE, "state": "REVERSED", "redemption": None})
REFUND = OpenCall(kind=Kind.REFUND, number="R-1", opened_at=START_S, trade_no=SALE, points=5, reason="退货")


def ends(repetitions: Repetitions) -> Sequence[object]:
    """What came of all that was due."""
    return [end for _, end in repetitions.repeat_due()]


def test_an_open_reversal_survives_a_restart(start_desk: StartDesk) -> None:
    """The new program reverses it at once, and then forgets it for good."""
    service = a_service(
        redeem=httpx.ReadTimeout, query=httpx.ConnectError, reverse=[httpx.ConnectError] * 5 + [REVERSED]
    )
    desk = start_desk(service)
    assert pay(desk, Sale(number=SALE, code="961234567890123456", points=12)) == Queued(SALE)
    repetitions = Repetitions(start_desk(service))
    assert repetitions.wait_s() == 0
    assert ends(repetitions) == [Reversed(SALE, None)]
    assert repetitions.wait_s() is None
    repetitions = Repetitions(start_desk(service))
    assert ends(repetitions) == []


def test_a_till_that_died_while_selling_reverses_when_it_is_back(start_desk: StartDesk) -> None:
    """Also then not within 15 s of the sale: it may still be on its way."""
    service = a_service(redeem=[], reverse=REVERSED)

    def power_cut(_request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    service.lines["redeem"] = [power_cut]
    desk = start_desk(service)
    with pytest.raises(KeyboardInterrupt):
        pay(desk, Sale(number=SALE, code="961234567890123456", points=12))
    service.sleep(4)
    repetitions = Repetitions(start_desk(service))
    assert repetitions.wait_s() == 11
    assert ends(repetitions) == []
    service.sleep(11)
    assert ends(repetitions) == [Reversed(SALE, None)]


def test_a_reversal_nobody_answers_is_tried_ever_more_rarely(start_desk: StartDesk) -> None:
    """10 s, 30 s, … and every five minutes in the end, for as long as it takes."""
    service = a_service(reverse=httpx.ConnectError)
    desk = start_desk(service)
    desk.journal.open(OpenCall(kind=Kind.REVERSE, number=SALE, opened_at=START_S - 3600))
    repetitions = Repetitions(start_desk(service))
    for _ in range(7):
        assert ends(repetitions) == [Queued(SALE)]
        service.sleep(repetitions.wait_s() or 0)
    assert [at for _, at in service.calls] == [0, 10, 40, 100, 220, 520, 820]


def test_a_refund_is_repeated_under_its_own_number(start_desk: StartDesk) -> None:
    """At the counter and after a restart: the same refund number and points, never a second refund."""
    given = {"out_refund_no": "R-1", "out_trade_no": SALE, "points": 5}
    service = a_service(refund=[httpx.ReadTimeout] * 5 + [says(201, given)])
    desk = start_desk(service)
    assert give_back(desk, REFUND) == Queued("R-1")
    service.sleep(60)
    repetitions = Repetitions(start_desk(service))
    assert ends(repetitions) == [Answered(201, given)]
    assert service.bodies("refund") == [{"out_refund_no": "R-1", "points": 5, "reason": "退货"}] * 6
    assert repetitions.wait_s() is None


def test_a_refused_refund_is_over(start_desk: StartDesk) -> None:
    """A refusal is an answer: nothing stays open."""
    service = a_service(refund=[httpx.ReadTimeout, refuses(409, "REFUND_TOO_MUCH")])
    desk = start_desk(service)
    end = give_back(desk, REFUND)
    assert isinstance(end, Refused)
    assert desk.journal.calls() == []


def test_one_journal_has_one_till(tmp_path: Path) -> None:
    """A second program would reverse what the first is about to sell."""
    first = Journal(tmp_path / "till.jsonl")
    with pytest.raises(JournalInUse):
        Journal(tmp_path / "till.jsonl")
    first.release()
    Journal(tmp_path / "till.jsonl").release()


@pytest.mark.parametrize(
    "torn", ['{"kind": "rever', '{"closed": "S-', "null\n", '{"kind": "dance", "number": "S-2"}\n']
)
def test_a_torn_line_costs_nothing(tmp_path: Path, torn: str) -> None:
    """A power cut while writing: what was written before is there, what is written after is read again."""
    path = tmp_path / "till.jsonl"
    journal = Journal(path)
    journal.open(REFUND)
    journal.release()
    with path.open("a", encoding="utf-8") as file:
        file.write(torn)
    journal = Journal(path)
    assert journal.calls() == [REFUND]
    journal.close("R-1")
    journal.release()
    journal = Journal(path)
    assert journal.calls() == []
    journal.release()
    assert path.read_text("utf-8") == ""


def test_a_journal_is_private_and_holds_no_secret(start_desk: StartDesk, tmp_path: Path) -> None:
    """Readable by its owner only; neither codes nor the till's secret are in it."""
    service = a_service(redeem=says(201, a_redemption()))
    desk = start_desk(service)
    pay(desk, Sale(number=SALE, code="961234567890123456", points=12))
    path = tmp_path / "till.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    noted, struck_out = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert noted == {"kind": "reverse", "number": SALE, "opened_at": START_S, "trade_no": "", "points": 0, "reason": ""}
    assert struck_out == {"closed": SALE}
