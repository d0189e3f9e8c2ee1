"""Running the scenarios: hand out a code, let the till sell, ask the ledger, judge."""

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from app.conformance.findings import REVERSE_AFTER_S
from app.conformance.judging import Verdict, judge
from app.conformance.proxy import RecordingProxy
from app.conformance.records import Booked, Recording, Said
from app.conformance.scenarios import Scenario, Verb
from app.conformance.service import Service

POINTS = 5
REFUND_POINTS = 2
COMMAND_TIMEOUT_S = 300.0
PLACEHOLDERS = ("base_url", "terminal", "secret", "code", "points", "refund_points", "scenario")


class BadCommand(Exception):
    """The till's command cannot be run; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one run of the till is to do."""

    scenario: Scenario
    base_url: str
    code: str
    points: int
    refund_points: int
    points_available: int


Cashier = Callable[[Task], Said]
"""Has the till make one sale, and tells what it said in the end."""


@dataclass(frozen=True, slots=True)
class CommandCashier:
    """Runs the vendor's program for each sale: it exits with 0 when the sale is done as asked, otherwise not."""

    command: str
    terminal: str
    secret: str = field(repr=False)
    timeout_s: float = COMMAND_TIMEOUT_S

    def __call__(self, task: Task) -> Said:
        """Run it to its end. One that does not end says nothing."""
        words = self.words(task)
        process = self._start(words)
        try:
            code = process.wait(self.timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return Said.NOTHING
        return Said.DONE if code == 0 else Said.NOT_DONE

    def _start(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(words, env=os.environ, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise BadCommand(f"{words[0]}: {error.strerror}") from error

    def words(self, task: Task) -> Sequence[str]:
        """The program and its arguments, without a shell."""
        values = {
            "base_url": task.base_url,
            "terminal": self.terminal,
            "secret": self.secret,
            "code": task.code,
            "points": task.points,
            "refund_points": task.refund_points,
            "scenario": task.scenario.name,
        }
        try:
            words = [word.format_map(values) for word in shlex.split(self.command)]
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise BadCommand(f"--till-command knows {', '.join(PLACEHOLDERS)}; not {error}") from error
        if not words:
            raise BadCommand("--till-command is empty")
        return words


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scenario, recorded and judged."""

    recording: Recording
    verdicts: Sequence[Verdict]


def run_scenarios(
    scenarios: Sequence[Scenario],
    service: Service,
    proxy: RecordingProxy,
    cashier: Cashier,
    *,
    reverse_after_s: float = REVERSE_AFTER_S,
    tell: Callable[[Outcome], None] = lambda _outcome: None,
) -> Sequence[Outcome]:
    """Run scenarios one after the other; `tell` hears of each as it ends.

    Raises ServiceUnreachable, NotASandbox or BadCommand.
    """
    outcomes = []
    for place, scenario in enumerate(scenarios):
        # Another amount each time: the same one again within a minute would wait for the volunteer.
        recording = _record(scenario, POINTS + place, service, proxy, cashier)
        outcome = Outcome(recording, judge(recording, reverse_after_s=reverse_after_s))
        outcomes.append(outcome)
        tell(outcome)
    return outcomes


def _record(scenario: Scenario, points: int, service: Service, proxy: RecordingProxy, cashier: Cashier) -> Recording:
    issued = service.hand_out_code(points)
    task = Task(
        scenario=scenario,
        base_url=proxy.base_url,
        code=issued.code,
        points=points,
        refund_points=REFUND_POINTS if scenario.refunds else 0,
        points_available=issued.points_available,
    )
    proxy.begin(scenario)
    said = cashier(task)
    recording = Recording(
        scenario=scenario,
        code=task.code,
        points=points,
        refund_points=task.refund_points,
        said=said,
    )
    elapsed = proxy.elapsed_s()
    recording = replace(recording, exchanges=proxy.end())
    _let_late_calls_arrive(recording, elapsed)
    ledger = _read_ledger(recording, service)
    for number, booked in ledger.items():
        if booked.paid:
            service.give_back(number, booked)
    return replace(recording, ledger=ledger)


def _let_late_calls_arrive(recording: Recording, elapsed: float) -> None:
    """Before the ledger is asked, a slow call that the till did not wait for must have arrived."""
    given_up = [call.sent_s for call in recording.calls(Verb.PAY) if call.fault and call.status is None]
    if given_up and recording.scenario.late_s:
        time.sleep(max(0.0, max(given_up) + recording.scenario.late_s - elapsed))


def _read_ledger(recording: Recording, service: Service) -> Mapping[str, Booked]:
    numbers = dict.fromkeys(call.number for call in recording.exchanges if call.number)
    found = {number: service.look_up(number) for number in numbers}
    return {number: booked for number, booked in found.items() if booked}


def write_report(path: Path, outcomes: Sequence[Outcome], summary: Sequence[Verdict]) -> None:
    """Write everything that was seen and found out, as JSON. The till's secret is not in it."""
    report = {
        "rules": [asdict(verdict) for verdict in summary],
        "scenarios": [
            {
                "scenario": outcome.recording.scenario.name,
                "points": outcome.recording.points,
                "refund_points": outcome.recording.refund_points,
                "said": outcome.recording.said,
                "ledger": {number: asdict(booked) for number, booked in outcome.recording.ledger.items()},
                "verdicts": [asdict(verdict) for verdict in outcome.verdicts],
                "exchanges": [asdict(exchange) for exchange in outcome.recording.exchanges],
            }
            for outcome in outcomes
        ],
    }
    path.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
