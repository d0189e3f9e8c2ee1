"""The property of case 20: a history leaves a sound ledger, the same one however it is cut into batches."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from app.core.book import Decision
from app.core.codes import Code, Rejected
from app.core.commands import Command
from app.core.programmes import LapsePolicy, Programme
from app.core.quantities import Points
from tests.core.builders import a_programme
from tests.core.gifting import FAMILY
from tests.core.histories import live_through
from tests.core.ledger import MemoryLedger
from tests.core.ledger_checks import check_ledger
from tests.core.ledger_seats import check_entries
from tests.core.moments import Moment, enter
from tests.core.steps import Step, a_city, draw_steps

PROGRAMMES = {
    f"{lapse.value}, {notice_days} days": replace(
        a_programme(
            lapse=lapse, notice_days=notice_days, expiry_years=1, rate=133, confirm_points=45, same_amount_s=60
        ),
        pool_grant_points=Points(60),
        pool_year_points=Points(80),
        family_use=True,
    )
    for lapse in LapsePolicy
    for notice_days in (0, 3)
}
FIXED_HISTORIES = [
    (PROGRAMMES[name], draw_steps(seed, 150)) for name in ("original, 0 days", "original, 3 days") for seed in range(20)
]


def live_one_by_one(programme: Programme, steps: Sequence[Step]) -> tuple[MemoryLedger, list[Moment], list[Decision]]:
    """A history with each command in a batch of its own; the moments can be lived again."""
    ledger = replace(a_city(programme), family=dict(FAMILY))
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
    ledger = replace(a_city(programme), family=dict(FAMILY))
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
    check_entries(one_by_one, [command for moment in moments for command in moment.commands], decisions)
    assert not any(isinstance(each, Rejected) and each.code is Code.NO_POLICY for each in decisions), "all is priced"
    for sizes in ((1000,), batch_sizes):
        batched, batched_decisions = live_again(programme, moments, sizes)
        assert batched_decisions == decisions
        assert batched.balances == one_by_one.balances
        assert [posted.canonical for posted in batched.journal] == [posted.canonical for posted in one_by_one.journal]
        assert batched == one_by_one
    return decisions


def check_fixed_histories() -> None:
    """The property on histories that are always the same."""
    for programme, steps in FIXED_HISTORIES:
        check_history(programme, steps, (2, 3))
