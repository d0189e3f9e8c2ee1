"""Refused log-ins (登录失败): what the audit trail is told of guessing, without letting a guesser fill it.

One row for each door and each name in a quarter of an hour, with a count. Names that are nobody's are gathered under
one word once there are many of them, so the rows of a quarter are as few as the users, however many names are tried.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.core.quantities import Instant

WINDOW = timedelta(minutes=15)
UNKNOWN_MAX = 20
"""So many names that are nobody's are told apart at one door in one window; the rest is `OTHERS`."""
OTHERS = "others"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Door(StrEnum):
    """Where somebody was refused."""

    PASSWORD = "password"  # noqa: S105 - a word, not a secret
    SECOND_FACTOR = "second_factor"
    CLIENT_SECRET = "client_secret"  # noqa: S105 - a word, not a secret
    API_KEY = "api_key"
    BINDING = "binding"
    """A WeChat account that is not bound: the phone or the one-time code was nobody's."""


@dataclass(frozen=True, slots=True)
class Knock:
    """Who came to which door. `subject`: an id, or of a name that is nobody's the keyed hash (`known` is False)."""

    door: Door
    subject: str
    known: bool


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often: looked at and refused, and turned away unseen because the name or the address was closed."""

    refused: int = 0
    turned_away: int = 0

    def and_one(self, *, turned_away: bool) -> "Refusals":
        """One more."""
        if turned_away:
            return Refusals(self.refused, self.turned_away + 1)
        return Refusals(self.refused + 1, self.turned_away)

    def and_these(self, others: "Refusals") -> "Refusals":
        """Both together."""
        return Refusals(self.refused + others.refused, self.turned_away + others.turned_away)


def window_of(at: Instant) -> Instant:
    """When the quarter of an hour began in which this moment lies."""
    return at - (at - _EPOCH) % WINDOW


def gathered(knock: Knock, so_far: Mapping[Knock, Refusals]) -> Knock:
    """Under whom to count: itself, or the others once too many unknown names came to this door."""
    if knock.known or knock in so_far:
        return knock
    unknown = sum(1 for each in so_far if each.door is knock.door and not each.known)
    return knock if unknown < UNKNOWN_MAX else Knock(knock.door, OTHERS, known=False)
