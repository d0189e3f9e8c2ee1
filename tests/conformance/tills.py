"""Tills for the kit to try, as programs: a good one, and ones with a single fault each. Exit code 0: done as asked."""

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from app.till import protocol
from app.till.client import Answered, Refused, Till, open_till
from app.till.journal import Journal, Kind, OpenCall

READ_S = 0.5
PAUSE_S = 0.2
REVERSE_AFTER_S = 1.5
PACE = protocol.Pace(
    query_every_s=PAUSE_S, query_for_s=REVERSE_AFTER_S, reverse_after_s=REVERSE_AFTER_S, repeat_after_s=(PAUSE_S,) * 4
)


def sell_well(till: Till, numbers: Iterator[str], code: str, points: int, refund_points: int) -> bool:
    """The reference till's own way."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal")
        desk = protocol.Desk(till=till, journal=journal, report=lambda _step, _what: None, pace=PACE)
        sale = protocol.Sale(number=next(numbers), code=code, points=points)
        done = isinstance(protocol.pay(desk, sale), protocol.Paid)
        if done and refund_points:
            call = OpenCall(
                kind=Kind.REFUND,
                number=next(numbers),
                opened_at=till.now(),
                trade_no=sale.number,
                points=refund_points,
            )
            done = isinstance(protocol.give_back(desk, call), Answered)
        journal.release()
    return done


def pay(till: Till, number: str, code: str, points: int, habit: str, numbers: Iterator[str]) -> bool:
    """Take points: query while the outcome is unknown, reverse when it stays so; but for the habit."""
    began = time.monotonic()
    outcome = till.redeem(number, code, points)
    if not isinstance(outcome, Answered | Refused):
        if habit == "orders-again":
            return pay(till, next(numbers), code, points, habit, numbers)
        if habit == "changes-body":
            outcome = till.redeem(number, code, points + 1)
        wait_s = 0.1 if habit == "hasty" else REVERSE_AFTER_S
        return ask(till, number, began + wait_s, habit)
    return isinstance(outcome, Answered)


def ask(till: Till, number: str, until: float, habit: str) -> bool:
    """What became of it; reversed when nobody knows by then."""
    while time.monotonic() < until:
        found = till.query(number)
        if isinstance(found, Answered) and found.body["state"] == "SUCCESS":
            return True
        time.sleep(PAUSE_S)
    if habit == "never-reverses":
        return False
    while not isinstance(till.reverse(number), Answered | Refused):
        time.sleep(PAUSE_S)
    return False


def give_back(till: Till, number: str, points: int, habit: str, numbers: Iterator[str]) -> bool:
    """Refund until it is answered."""
    refund_number = next(numbers)
    while not isinstance(till.refund(number, refund_number, points), Answered):
        if habit == "orders-again":
            refund_number = next(numbers)
        time.sleep(PAUSE_S)
    return True


def main() -> int:
    """Make one sale."""
    words = argparse.ArgumentParser()
    for name in ("habit", "base_url", "terminal", "secret", "code"):
        words.add_argument(name)
    words.add_argument("points", type=int)
    words.add_argument("refund_points", type=int)
    asked = words.parse_args()
    numbers = (f"T|{time.time_ns()}-{place}" for place in itertools.count())
    with open_till(asked.base_url, asked.terminal, asked.secret, read_s=READ_S) as till:
        if asked.habit == "good":
            return 0 if sell_well(till, numbers, asked.code, asked.points, asked.refund_points) else 1
        number = next(numbers)
        done = pay(till, number, asked.code, asked.points, asked.habit, numbers)
        if done and asked.refund_points:
            done = give_back(till, number, asked.refund_points, asked.habit, numbers)
    return 0 if done or asked.habit == "always-paid" else 1


if __name__ == "__main__":
    sys.exit(main())
