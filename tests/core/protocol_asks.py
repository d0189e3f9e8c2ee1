"""What is asked and what is said: the vocabulary that the model, the machine and each system share."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from app.core.codes import Code
from app.core.commands import Command
from app.core.rows import Sale, ServiceRecord
from tests.core.protocol_books import Account, State

Figures = Mapping[str, int | str | bool | None]


class Ask(NamedTuple):
    """A command as somebody sends it: under a number of their own, in a body."""

    command: Command
    scope: str
    number: str
    body: bytes
    conflict: Code = Code.IDEMPOTENCY_KEY_USED


class Said(NamedTuple):
    """An answer: the code of a refusal or none, the figures with it, and whether it was given before."""

    code: Code | None
    figures: Figures
    replayed: bool = False


class View(NamedTuple):
    """Everything that can be looked up: each compared with the model's after every step."""

    balances: dict[Account, int]
    redemptions: dict[UUID, tuple[State, int, int, int]]
    """As of now: state, points, refunded points, fen."""
    orders: dict[UUID, tuple[State, int]]
    """As of now: state, points."""
    stocks: dict[UUID, tuple[int | None, int]]
    """Total and taken of each offer."""
    counts: dict[tuple[UUID, str, str], int]
    """Of whom, of what, in which period: what is not zero."""


class System(Protocol):
    """What is tested: it runs commands and can be looked at. There is one in memory and one on PostgreSQL."""

    def run(self, asks: list[Ask], at: datetime) -> list[Said]:
        """Run these as one batch at a moment."""

    def enter(self, record: ServiceRecord) -> None:
        """Let a record of service wait for its verification."""

    def switch(self, what: UUID, *, on: bool) -> None:
        """Freeze a person, suspend a merchant, disable a terminal or pause an offer; or let it be again."""

    def query(self, sale: Sale, at: datetime) -> State | None:
        """What a till is told when it asks for a number."""

    def look(self, at: datetime) -> View:
        """Everything as of a moment."""

    def close(self) -> None:
        """Let it go."""
