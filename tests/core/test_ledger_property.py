"""Case 20: whatever happens in whatever order, points and fen are conserved, and batching is invisible."""

from collections.abc import Sequence
from itertools import groupby
from typing import get_args

import pytest
from hypothesis import event, given, settings, target
from hypothesis import strategies as st

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted, Decision
from app.core.codes import Code, Rejected
from app.core.commands import Command
from app.core.lot_life import MatureRecord
from app.core.programmes import LapsePolicy, Programme
from app.core.transactions import TransactionKind
from tests.core.builders import a_programme
from tests.core.histories import Moment, enter, live_through
from tests.core.ledger import MemoryLedger, Posted
from tests.core.ledger_checks import check_ledger
from tests.core.planted_bugs import BUGS, Bug
from tests.core.steps import Step, a_city, draw_steps, step_lists

PROGRAMMES = {
    f"{lapse.value}, {notice_days} days": a_programme(lapse=lapse, notice_days=notice_days, expiry_years=1, rate=133)
    for lapse in LapsePolicy
    for notice_days in (0, 3)
}
REFUSALS = {
    Code.NOT_ENOUGH,
    Code.FUND_EXHAUSTED,
    Code.CODE_USED,
    Code.ACCOUNT_FROZEN,
    Code.REFUND_TOO_MUCH,
    Code.SELF_REVIEW,
    Code.STATE_CONFLICT,
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
    journal: list[Posted] = []
    accepted: set[type[Command]] = set()
    for seed in range(12):
        ledger, moments, made = live_one_by_one(programme, draw_steps(seed, 200))
        check_ledger(ledger)
        decisions += made
        journal += ledger.journal
        lived = [command for moment in moments for command in moment.commands]
        accepted.update(type(each) for each, said in zip(lived, made, strict=True) if isinstance(said, Accepted))
    assert accepted_in(decisions) > 60
    assert accepted == set(get_args(Command)) - (set() if programme.notice_days else {MatureRecord})
    refusals = {decision.code for decision in decisions if isinstance(decision, Rejected)}
    assert refusals >= REFUSALS
    moves = {(each.debit.kind, each.credit.kind) for posted in journal for each in posted.transaction.transfers}
    assert {(AccountKind.DEBT, AccountKind.ISSUANCE), (AccountKind.ISSUANCE, AccountKind.DEBT)} <= moves
    assert any(meets_a_lapsed_lot(posted, programme) for posted in journal)


def meets_a_lapsed_lot(posted: Posted, programme: Programme) -> bool:
    """Whether something was given back to a lot that had expired meanwhile, and the policy was asked."""
    if posted.transaction.kind not in (TransactionKind.REFUND, TransactionKind.REVERSE):
        return False
    credited = {transfer.credit for transfer in posted.transaction.transfers}
    if programme.lapse_policy is LapsePolicy.GRACE:
        return programme.grace_expiry(posted.recorded_at).isoformat() in {key.part for key in credited}
    return AccountKey(AccountKind.BREAKAGE) in credited


FIXED_HISTORIES = [
    (PROGRAMMES[name], draw_steps(seed, 150)) for name in ("original, 0 days", "original, 3 days") for seed in range(6)
]


def check_fixed_histories() -> None:
    """The property on histories that are always the same."""
    for programme, steps in FIXED_HISTORIES:
        check_history(programme, steps, (2, 3))


def test_the_fixed_histories_conserve() -> None:
    """The histories that find the planted bugs find nothing in the core as it is."""
    check_fixed_histories()


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_property_catches_a_planted_bug(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug planted in the core fails the property on the fixed histories."""
    bug.plant(monkeypatch)
    with pytest.raises(bug.caught_as):
        check_fixed_histories()
