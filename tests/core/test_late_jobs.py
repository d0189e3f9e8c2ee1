"""Correctness never waits for a job: expiry booked at once, late or never changes nothing that anybody may do."""

from collections import Counter
from copy import copy
from dataclasses import fields

import pytest
from hypothesis import given, settings

from app.core.accounts import AccountKey
from app.core.book import Decision
from app.core.codes import Rejected
from app.core.ids import TransactionId
from app.core.lot_life import ExpireLots
from app.core.programmes import LapsePolicy
from tests.core.builders import a_programme, named
from tests.core.histories import live_through
from tests.core.ledger import MemoryLedger
from tests.core.moments import enter
from tests.core.steps import PEOPLE, Step, a_city, step_lists

JOBS = ("expire", "close", "expire order")


def book_expiry(ledger: MemoryLedger, run: object) -> None:
    """What the job does, for everybody."""
    for person in PEOPLE:
        ledger.run([ExpireLots(volunteer=person, transaction=TransactionId(named("job", run, person)))])


def settled_balances(ledger: MemoryLedger) -> Counter[AccountKey]:
    """All balances once the job has run everywhere. The ledger itself stays as it is."""
    copies = {each.name: copy(getattr(ledger, each.name)) for each in fields(ledger)}
    settled = MemoryLedger(**copies)
    book_expiry(settled, "settled")
    return +Counter(settled.balances)


def outcome(decision: Decision) -> Rejected | None:
    """How a command fared: the refusal, or nothing."""
    return decision if isinstance(decision, Rejected) else None


@pytest.mark.parametrize("lapse", LapsePolicy)
@given(steps=step_lists)
@settings(max_examples=40, deadline=None)
def test_nothing_depends_on_when_expiry_is_booked(lapse: LapsePolicy, steps: list[Step]) -> None:
    """A city whose expiry job runs whenever time passes decides as one whose job never runs."""
    programme = a_programme(lapse=lapse, notice_days=3, expiry_years=1, rate=133)
    never, always = a_city(programme), a_city(programme)
    for number, moment in enumerate(live_through(never, [step for step in steps if step.verb not in JOBS])):
        enter(never, moment)
        enter(always, moment)
        if moment.wait:
            book_expiry(always, number)
        assert [*map(outcome, never.run(moment.commands))] == [*map(outcome, always.run(moment.commands))]
        assert settled_balances(never) == settled_balances(always)
