"""`liyu conformance`: a vendor's till against a sandbox, scenario by scenario, with a report of what it did."""

import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.conformance.judging import Grade, Verdict, is_good, summarise
from app.conformance.proxy import RecordingProxy, ServiceUnreachable
from app.conformance.records import Said
from app.conformance.running import (
    PLACEHOLDERS,
    BadCommand,
    CommandCashier,
    Outcome,
    Task,
    run_scenarios,
    write_report,
)
from app.conformance.scenarios import BY_NAME, SCENARIOS
from app.conformance.service import NotASandbox, open_service

_COLOURS = {Grade.PASS: "green", Grade.FAIL: "bold red", Grade.NOT_SEEN: "dim"}
_ANSWERS = {"y": Said.DONE, "n": Said.NOT_DONE, "?": Said.NOTHING}
_console = Console()


def _ask_cashier(task: Task) -> Said:
    """Tell a person at the till what to do, wait, and ask what the till says."""
    _console.print(f"\n[bold]{task.scenario.name}[/bold]\n  {task.scenario.zh}\n  {task.scenario.en}")
    _console.print(f"  付款码 code    [bold]{task.code}[/bold]  (60 秒内有效 good for 60 s)", highlight=False)
    _console.print(f"  积分 points    {task.points}  (余 available {task.points_available})", highlight=False)
    if task.refund_points:
        _console.print(f"  退款 refund    {task.refund_points}", highlight=False)
    while True:
        said = typer.prompt("  完成后：收银机显示成功吗？ When it is over: does the till say it is done? [y/n/?]")
        if said.strip().lower() in _ANSWERS:
            return _ANSWERS[said.strip().lower()]


def _tell(outcome: Outcome) -> None:
    name = outcome.recording.scenario.name
    failed = [verdict for verdict in outcome.verdicts if verdict.grade is Grade.FAIL]
    seen = sum(verdict.grade is not Grade.NOT_SEEN for verdict in outcome.verdicts)
    calls = len(outcome.recording.exchanges)
    result = "[bold red]FAIL[/bold red]" if failed else "[green]PASS[/green]"
    _console.print(f"{result}  {name}: {calls} calls, {seen} rules seen, {len(failed)} broken", highlight=False)


def _print_summary(summary: list[Verdict]) -> None:
    table = Table(title="Liyu conformance 一致性报告", show_lines=True)
    table.add_column("rule 规则", no_wrap=True)
    table.add_column("result 结果", no_wrap=True)
    table.add_column("what a till does 要求", overflow="fold")
    for verdict in summary:
        told = Text(f"{verdict.zh}\n{verdict.en}")
        if verdict.grade is Grade.FAIL:
            told.append(f"\n{', '.join(verdict.scenarios)}: {verdict.broken_by}", "red")
        table.add_row(verdict.rule, Text(verdict.grade.value, _COLOURS[verdict.grade]), told)
    _console.print(table)


def _check_base_url(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise typer.BadParameter("http://host:port, without a path: the path is under the signature")
    return f"{parts.scheme}://{parts.netloc}"


def conformance(
    base_url: Annotated[str | None, typer.Option(help="The service, for example http://127.0.0.1:8000.")] = None,
    terminal: Annotated[str | None, typer.Option(help="A terminal of a sandbox programme.")] = None,
    secret: Annotated[str | None, typer.Option(envvar="LIYU_TERMINAL_SECRET", help="Its secret.")] = None,
    till_command: Annotated[
        str | None,
        typer.Option(
            help="Run this for each sale instead of asking a cashier; it exits with 0 when the sale is done. "
            f"Placeholders: {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}."
        ),
    ] = None,
    scenario: Annotated[list[str] | None, typer.Option(help="Only these; all by default.")] = None,
    report: Annotated[Path | None, typer.Option(dir_okay=False, help="Write what was seen as JSON.")] = None,
    host: Annotated[str, typer.Option(help="Where the till calls the kit.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 0,
    vectors: Annotated[bool, typer.Option("--vectors", help="Print the golden vectors and leave.")] = False,
) -> None:
    """Let a vendor's till sell through the kit, with faults, and report what it did right and wrong.

    The till is pointed at the kit's own address, which forwards every call as it was sent and adds the scenario's
    fault. Exit code: 0 no rule was broken, 1 one was, 2 it could not be tried.
    """
    if vectors:
        typer.echo((files("app.till") / "vectors.json").read_text(encoding="utf-8"), nl=False)
        return
    if not (base_url and terminal and secret):
        raise typer.BadParameter("--base-url, --terminal and --secret are needed")
    unknown = [name for name in scenario or () if name not in BY_NAME]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(BY_NAME)}", param_hint="--scenario")
    chosen = [BY_NAME[name] for name in scenario] if scenario else list(SCENARIOS)
    cashier = CommandCashier(till_command, terminal, secret) if till_command is not None else _ask_cashier
    try:
        address = _check_base_url(base_url)
        with open_service(address, terminal, secret) as service, RecordingProxy(address, host=host, port=port) as proxy:
            _console.print(f"point the till at [bold]{proxy.base_url}[/bold]  收银机请指向该地址", highlight=False)
            outcomes = run_scenarios(chosen, service, proxy, cashier, tell=_tell)
        summary = list(summarise(verdict for outcome in outcomes for verdict in outcome.verdicts))
        _print_summary(summary)
        if report:
            write_report(report, outcomes, summary)
    except (ServiceUnreachable, NotASandbox, BadCommand, OSError) as error:
        typer.echo(f"liyu: {error}", err=True)
        sys.exit(2)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("liyu: broken off", err=True)
        sys.exit(2)
    sys.exit(0 if is_good(summary) else 1)
