"""The kit against a real server: a good till passes everything, each bad one breaks the rule that it should."""

import asyncio
import json
import shlex
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.conformance.judging import Grade, Verdict, is_good, summarise
from app.conformance.proxy import RecordingProxy
from app.conformance.running import BadCommand, CommandCashier, Outcome, Task, run_scenarios, write_report
from app.conformance.scenarios import BY_NAME, SCENARIOS
from app.conformance.service import NotASandbox, open_service
from app.core.ids import format_terminal
from app.store.database import Database
from tests.conformance.tills import REVERSE_AFTER_S
from tests.support.cities import a_city
from tests.support.processes import a_clock_of_today, server_processes
from tests.support.sites import SECRET, seal_secret

TILLS = Path(__file__).with_name("tills.py")
QUICK = "tests.conformance.quick_server:create_quick_app"


class _Bench:
    """A server with a sandbox, and the kit in front of it."""

    def __init__(self, base_url: str, terminal: str) -> None:
        self.base_url = base_url
        self.terminal = terminal

    def command(self, habit: str) -> str:
        words = (sys.executable, str(TILLS), habit)
        return f"{shlex.join(words)} {{base_url}} {{terminal}} {{secret}} {{code}} {{points}} {{refund_points}}"

    def _try(self, habit: str, names: Sequence[str]) -> Sequence[Outcome]:
        cashier = CommandCashier(self.command(habit), self.terminal, SECRET.decode(), timeout_s=60)
        chosen = [BY_NAME[name] for name in names]
        with (
            open_service(self.base_url, self.terminal, SECRET.decode()) as service,
            RecordingProxy(self.base_url) as proxy,
        ):
            return run_scenarios(chosen, service, proxy, cashier, reverse_after_s=REVERSE_AFTER_S)

    async def try_till(self, habit: str, *names: str) -> Sequence[Outcome]:
        """Run scenarios with one of the tills."""
        return await asyncio.to_thread(self._try, habit, names)

    async def run_kit(self, *words: str, typed: str = "") -> Result:
        """The command, in a thread of this process."""
        command = ["conformance", "--base-url", self.base_url, *words]
        return await asyncio.to_thread(CliRunner().invoke, cli, command, typed, catch_exceptions=False)


def _failed(outcomes: Sequence[Outcome]) -> set[str]:
    return {verdict.rule for verdict in _all(outcomes) if verdict.grade is Grade.FAIL}


def _all(outcomes: Sequence[Outcome]) -> list[Verdict]:
    return [verdict for outcome in outcomes for verdict in outcome.verdicts]


@pytest.fixture
async def bench(database: Database) -> AsyncIterator[_Bench]:
    """A sandbox with three volunteers on a server process with short faults."""
    city = await a_city(database, a_clock_of_today(), sandbox=True, sealed_secret=seal_secret)
    with server_processes(database, app=QUICK) as [server]:
        yield _Bench(server.base_url, format_terminal(city.programme, city.tills[0].terminal))


async def test_a_good_till_passes_every_scenario(bench: _Bench, tmp_path: Path) -> None:
    """No rule is broken, every rule is seen, the report tells it all, and every point is back in its wallet."""
    outcomes = await bench.try_till("good", *BY_NAME)
    summary = summarise(_all(outcomes))
    assert {verdict.rule: verdict.broken_by for verdict in summary if verdict.grade is not Grade.PASS} == {}
    assert is_good(summary)
    write_report(tmp_path / "report.json", outcomes, summary)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert [part["scenario"] for part in report["scenarios"]] == [scenario.name for scenario in SCENARIOS]
    assert SECRET.decode() not in json.dumps(report)
    with open_service(bench.base_url, bench.terminal, SECRET.decode()) as service:
        assert service.hand_out_code(500).points_available == 500


@pytest.mark.parametrize(
    "habit, scenario, broken",
    [
        ("orders-again", "timeout_after_commit", {"one-number", "queried", "settled", "says-what-is-booked"}),
        ("orders-again", "refund", {"refunded-once", "says-what-is-booked", "ends-done"}),
        ("never-reverses", "lost_answers", {"settled", "says-what-is-booked"}),
        ("hasty", "lost_answers", {"queried", "reversal-waits"}),
        ("changes-body", "timeout_after_commit", {"same-body"}),
        ("always-paid", "reversed_before_arrival", {"says-what-is-booked"}),
    ],
)
async def test_a_bad_till_breaks_its_rule(bench: _Bench, habit: str, scenario: str, broken: set[str]) -> None:
    """Ordering again, giving up, reversing too soon, another body, saying what is not so: each is found out."""
    assert _failed(await bench.try_till(habit, scenario)) == broken


async def test_the_command_tells_by_its_exit_code(bench: _Bench, tmp_path: Path) -> None:
    """0 when all is well, 1 when a rule was broken, 2 when nothing could be tried; the secret stays untold."""
    known = ("--terminal", bench.terminal, "--secret", SECRET.decode())
    report = tmp_path / "report.json"
    plain = (*known, "--scenario", "plain", "--till-command")
    good = await bench.run_kit(*plain, bench.command("good"), "--report", str(report))
    assert (good.exit_code, good.stderr) == (0, "")
    assert "one-number" in good.stdout
    assert SECRET.decode() not in good.stdout
    assert json.loads(report.read_text("utf-8"))["scenarios"][0]["scenario"] == "plain"
    assert (await bench.run_kit(*plain, "true {code}")).exit_code == 1
    asked = await bench.run_kit(*known, "--scenario", "plain", typed="what\nn\n")
    assert (asked.exit_code, "sale-made" in asked.stdout) == (1, True)
    assert (await bench.run_kit(*known, "--scenario", "plain")).exit_code == 2
    for wrong in (
        (*plain, "no-such-till"),
        (*plain, "till {nonsense}"),
        (*known, "--scenario", "earthquake"),
        ("--terminal", bench.terminal, "--secret", "wrong", "--till-command", "true"),
        ("--terminal", bench.terminal),
        (*plain, "true", "--base-url", "http://127.0.0.1:9"),
        (*plain, "true", "--base-url", "http://127.0.0.1/path"),
    ):
        outcome = await bench.run_kit(*wrong)
        assert outcome.exit_code == 2, (wrong, outcome.output)


async def test_a_real_programme_is_told_from_a_sandbox(database: Database) -> None:
    """Its terminals get no pay codes: the kit says so before anything is sold."""
    city = await a_city(database, a_clock_of_today(), sealed_secret=seal_secret)
    with server_processes(database) as [server]:
        terminal = format_terminal(city.programme, city.tills[0].terminal)
        with open_service(server.base_url, terminal, SECRET.decode()) as service, pytest.raises(NotASandbox):
            service.hand_out_code(1)


@pytest.mark.parametrize("command", ["", "till {nonsense}", "till {0}", "till {code.__class__.x}", "till '"])
def test_a_command_that_cannot_be_filled_in_is_refused(command: str) -> None:
    """Nothing runs that was not meant."""
    cashier = CommandCashier(command, "ter_1", "secret")
    task = Task(scenario=SCENARIOS[0], base_url="", code="96", points=1, refund_points=0, points_available=1)
    with pytest.raises(BadCommand):
        cashier.words(task)
