"""Case 20: whatever happens in whatever order, points and fen are conserved, and batching is invisible."""

from collections.abc import Sequence
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
from tests.core.conservation import PROGRAMMES, check_history, live_one_by_one
from tests.core.ledger import Posted
from tests.core.ledger_checks import check_ledger
from tests.core.steps import Step, draw_steps, step_lists

REFUSALS = {
    Code.NOT_ENOUGH,
    Code.FUND_EXHAUSTED,
    Code.CODE_USED,
    Code.ACCOUNT_FROZEN,
    Code.REFUND_TOO_MUCH,
    Code.SELF_REVIEW,
    Code.STATE_CONFLICT,
    Code.ALREADY_EXISTS,
}
under_each_programme = pytest.mark.parametrize("programme", PROGRAMMES.values(), ids=PROGRAMMES)


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
    for seed in range(20):
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
