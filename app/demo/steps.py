"""What a check expects, and how it tells: each step is printed, the first that fails ends it."""

from typing import Any

import httpx
from rich.console import Console

from app.till.client import Answered, Outcome, Refused

_console = Console(highlight=False, width=160)


class CheckFailed(Exception):
    """A step did not turn out as it must; the message says what came instead."""


def expect(answer: httpx.Response, status: int) -> Any:  # noqa: ANN401 - JSON from the wire
    """The JSON of an answer that must have this status."""
    if answer.status_code != status:
        raise CheckFailed(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:400]}"
        )
    return answer.json()


def expect_answer(outcome: Outcome, status: int) -> dict[str, Any]:
    """The body of a till's call that must have been answered with this status."""
    if isinstance(outcome, Answered) and outcome.status == status:
        return outcome.body
    raise CheckFailed(f"{outcome} instead of {status}")


def expect_refusal(outcome: Outcome, status: int, code: str) -> Refused:
    """The refusal of a till's call that must have this status and code."""
    if isinstance(outcome, Refused) and (outcome.status, outcome.code) == (status, code):
        return outcome
    raise CheckFailed(f"{outcome} instead of {status} {code}")


def equal(found: object, wanted: object, what: str) -> None:
    """Both must be the same."""
    if found != wanted:
        raise CheckFailed(f"{what}: {found!r} instead of {wanted!r}")


class Steps:
    """Counts and prints steps."""

    def __init__(self) -> None:
        self._number = 0

    def done(self, told: str) -> None:
        """One more step went as it must."""
        self._number += 1
        _console.print(f"[green]✓[/green] {self._number:2}. {told}")


def tell_end(failed: CheckFailed | None) -> int:
    """Print how it ended; the exit code."""
    if failed:
        _console.print(f"[red]✗[/red] {failed}")
        return 1
    _console.print("[bold green]The main job works.[/bold green]")
    return 0
