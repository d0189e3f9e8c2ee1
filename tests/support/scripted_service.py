"""A service that answers tills as a script says, and a time that passes only when somebody sleeps."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx

from app.till.client import Till
from app.till.journal import Journal
from app.till.protocol import Desk, Step

START_S = 1_800_000_000.0
TERMINAL = "ter_cixi_0190c6f0a1b27c3d8e9f00112233aabb"
SECRET = "the secret of a till in a test"
SALE = "S-1"

Line = httpx.Response | type[httpx.TransportError] | Callable[[httpx.Request], httpx.Response]


def a_redemption(state: str = "SUCCESS", number: str = SALE, points: int = 12) -> dict[str, Any]:
    """What the service says about a sale."""
    return {
        "out_trade_no": number,
        "state": state,
        "points": points,
        "refunded_points": 0,
        "volunteer": {"masked_name": "王*"},
        "terminal_id": TERMINAL,
        "occurred_at": "2027-01-15T16:00:00+08:00",
        "offer": None,
        "receipt": {"seq": 7, "leaf_hash": "6b" * 32},
    }


def says(status: int, body: dict[str, Any], **headers: str) -> httpx.Response:
    """An answer."""
    return httpx.Response(status, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def refuses(status: int, code: str, **headers: str) -> httpx.Response:
    """A problem document."""
    problem = {"code": code, "detail": "中文", "title": "English", "remedy": "办法", "figures": {}, "request_id": "r-1"}
    return says(status, problem, **headers)


def verb_of(request: httpx.Request) -> str:
    """Which verb of the contract a request is."""
    path = request.url.path.removeprefix("/v1/pos/")
    match request.method, path.split("/"):
        case "POST", ["redemptions"]:
            return "redeem"
        case "GET", ["redemptions", _]:
            return "query"
        case "POST", ["redemptions", _, "reverse"]:
            return "reverse"
        case "POST", ["redemptions", _, "refunds"]:
            return "refund"
        case "POST", ["vouchers", _, what]:
            return what
        case _, [what, *_]:
            return what
        case _:
            raise AssertionError(path)


@dataclass(slots=True)
class ScriptedService:
    """Plays its lines, by verb; the last line of a verb is played for ever. Who called what, and when, is kept."""

    lines: dict[str, list[Line]]
    now_s: float = START_S
    calls: list[tuple[str, float]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    answer_takes_s: float = 0
    """How long a call lasts that ends without an answer."""

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Play the next line of this verb."""
        verb = verb_of(request)
        self.calls.append((verb, self.now_s - START_S))
        self.requests.append(request)
        script = self.lines[verb]
        line = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(line, httpx.Response):
            return httpx.Response(line.status_code, headers=line.headers, content=line.content)
        if isinstance(line, type):
            self.now_s += self.answer_takes_s
            raise line("nothing came", request=request)
        return line(request)

    def verbs(self) -> list[str]:
        """What was called, in order."""
        return [verb for verb, _ in self.calls]

    def bodies(self, verb: str) -> list[dict[str, Any]]:
        """The bodies of all calls of a verb."""
        return [json.loads(request.content) for request in self.requests if verb_of(request) == verb]

    def date(self, ahead_s: float = 0) -> str:
        """The Date header of a service whose clock is ahead."""
        return formatdate(self.now_s + ahead_s, usegmt=True)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds

    def till(self) -> Till:
        """A till of this service."""
        http = httpx.Client(base_url="http://service", transport=httpx.MockTransport(self.answer))
        return Till(http, TERMINAL, SECRET, clock=lambda: self.now_s)

    def desk(self, folder: Path) -> Desk:
        """A desk whose journal is in this folder."""
        return Desk(
            till=self.till(),
            journal=Journal(folder / "till.jsonl"),
            report=lambda step, _about: self.steps.append(step),
            now=lambda: self.now_s,
            sleep=self.sleep,
        )


def a_service(*, takes_s: float = 0, **lines: Line | Sequence[Line]) -> ScriptedService:
    """A service with these lines for each verb; without an answer a call lasts `takes_s`."""
    script = {verb: list(line) if isinstance(line, Sequence) else [line] for verb, line in lines.items()}
    return ScriptedService(script, answer_takes_s=takes_s)
