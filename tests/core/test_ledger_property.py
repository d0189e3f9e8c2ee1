"""Case 20: whatever happens in whatever order, points and fen are conserved, and batching is invisible."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import pytest
from hypothesis import event, given, settings, target
from hypothesis import strategies as st

from app.core.book import Accepted, Decision
from app.core.codes import Code
from app.core.commands import Command
from app.core.programmes import LapsePolicy, Programme
from tests.core.builders import a_programme
from tests.core.histories import Moment, enter, live_through
from tests.core.ledger import MemoryLedger
from tests.core.ledger_checks import check_ledger
from tests.core.planted_bugs import BUGS, Bug
from tests.core.steps import Step, a_city, draw_steps, step_lists

PROGRAMMES = {
    f"{lapse.value}, {notice_days} days": a_programme(lapse=lapse, notice_days=notice_days, expiry_years=1, rate=133)
    for lapse in LapsePolicy
    for notice_days in (0, 3)
}
under_each_programme = pytest.mark.parametrize("programme", PROGRAMMES.values(), ids=PROGRAMMES)


def live_one_by_one(programme: Programme, steps: Sequence[Step]) -> tuple[MemoryLedger, list[Moment], list[Decision]]:
    """A history with each command in a batch of its own; the moments can be lived again."""
    ledger = a_city(programme)
    moments, decisions = [], []
    for moment in live_through(ledger, steps):
        enter(ledger, moment)
        moments.append(moment)
        decisions += ledger.run(moment.commands)
    return ledger, moments, decisions


def live_again(
    programme: Programme, moments: Sequence[Moment], batch_sizes: Sequence[int]
) -> tuple[MemoryLedger, list[Decision]]:
    """The same history on another ledger: what happens at one time goes into batches of these sizes."""
    ledger = a_city(programme)
    decisions: list[Decision] = []
    ends = [sum(bool(moment.wait) for moment in moments[: number + 1]) for number in range(len(moments))]
    for _, together in groupby(zip(ends, moments, strict=True), key=lambda pair: pair[0]):
        commands: list[Command] = []
        for _, moment in together:
            enter(ledger, moment)
            commands += moment.commands
        decisions += ledger.run(commands, batch_sizes)
    return ledger, decisions


def check_history(programme: Programme, steps: Sequence[Step], batch_sizes: Sequence[int]) -> list[Decision]:
    """The property: a sound ledger, and the same one however the commands are cut into batches."""
    one_by_one, moments, decisions = live_one_by_one(programme, steps)
    check_ledger(one_by_one)
    for sizes in ((1000,), batch_sizes):
        batched, batched_decisions = live_again(programme, moments, sizes)
        assert batched_decisions == decisions
        assert batched.balances == one_by_one.balances
        assert [posted.canonical for posted in batched.journal] == [posted.canonical for posted in one_by_one.journal]
        assert batched == one_by_one
    return decisions


def accepted_in(decisions: Sequence[Decision]) -> int:
    """How many were accepted, in percent."""
    return 100 * sum(isinstance(each, Accepted) for each in decisions) // max(1, len(decisions))


@under_each_programme
@given(steps=step_lists, batch_sizes=st.lists(st.integers(1, 7), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_every_history_conserves(programme: Programme, steps: list[Step], batch_sizes: list[int]) -> None:
    """Every asset sums to zero, no floor is broken, replay equals stored, one batch decides as many of one."""
    decisions = check_history(programme, steps, batch_sizes)
    event(f"accepted {accepted_in(decisions) // 10}0 %")
    target(float(sum(isinstance(each, Accepted) for each in decisions)), label="accepted")


@under_each_programme
def test_histories_are_mostly_accepted(programme: Programme) -> None:
    """More than 60 % of the commands go through; each kind of transaction occurs, and the refusals that matter."""
    decisions: list[Decision] = []
    kinds: Counter[str] = Counter()
    commands: Counter[type] = Counter()
    for seed in range(5):
        ledger, moments, made = live_one_by_one(programme, draw_steps(seed, 200))
        check_ledger(ledger)
        decisions += made
        kinds.update(posted.transaction.kind.value for posted in ledger.journal)
        lived = [command for moment in moments for command in moment.commands]
        commands.update(type(each) for each, said in zip(lived, made, strict=True) if isinstance(said, Accepted))
    assert accepted_in(decisions) > 60
    assert len(kinds) == 12 if programme.notice_days else 11
    assert len(commands) == 14 if programme.notice_days else 13
    refusals = {decision.code for decision in decisions if not isinstance(decision, Accepted)}
    assert refusals >= {
        Code.NOT_ENOUGH,
        Code.FUND_EXHAUSTED,
        Code.CODE_USED,
        Code.ACCOUNT_FROZEN,
        Code.REFUND_TOO_MUCH,
        Code.SELF_REVIEW,
        Code.STATE_CONFLICT,
    }


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_property_catches_a_planted_bug(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug planted in the core fails the property on fixed histories which pass without it."""
    histories = [draw_steps(seed, 120) for seed in range(6)]
    programme = PROGRAMMES["original, 3 days"]
    for steps in histories:
        check_history(programme, steps, (2, 3))
    bug.plant(monkeypatch)
    with pytest.raises(bug.caught_as):
        for steps in histories:
            check_history(programme, steps, (2, 3))
