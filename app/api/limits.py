"""Rate limits: how often an address, an actor and a till may call, and how often a till may scan what is no code.

All of it in the memory of this process (`app/security/buckets.py`); the till's way through here is two look-ups.
"""

import time
from dataclasses import dataclass

from app.api.problems import Problem
from app.core.codes import Code
from app.security.buckets import NO_LIMIT, Buckets, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What each kind of caller may do. `guesses`: of pay codes and vouchers that do not exist, by one terminal."""

    address: Rate = NO_LIMIT
    actor: Rate = NO_LIMIT
    till: Rate = NO_LIMIT
    guesses: Rate = NO_LIMIT


NO_RATES = Rates()


class Limits:
    """The buckets of this process."""

    def __init__(self, rates: Rates = NO_RATES) -> None:
        self._addresses = Buckets(rates.address)
        self._actors = Buckets(rates.actor)
        self._tills = Buckets(rates.till)
        self._guesses = Buckets(rates.guesses)

    def wait_of_address(self, address: str) -> int:
        """Count a call from an address; the seconds to wait when it is one too many."""
        return self._addresses.take(address, time.monotonic())

    def check_actor(self, reference: str) -> None:
        """Count a call of an actor whose token was good; raises FREQUENCY_LIMITED when it is one too many."""
        _check(self._actors.take(reference, time.monotonic()))

    def check_till(self, terminal: str) -> None:
        """Count a call of a till whose signature was good; raises SYSTEM_BUSY when it is one too many."""
        _hold_up(self._tills.take(terminal, time.monotonic()))

    def check_guesses(self, terminal: str) -> None:
        """Raise SYSTEM_BUSY for a till that has scanned too much that is no code. It still queries and reverses."""
        _hold_up(self._guesses.wait_s(terminal, time.monotonic()))

    def note_guess(self, terminal: str) -> None:
        """Count a code that does not exist."""
        self._guesses.take(terminal, time.monotonic())


def limit_problem(wait_s: int) -> Problem:
    """The refusal that tells how long to wait."""
    return Problem(Code.FREQUENCY_LIMITED, {"retry_after_s": wait_s})


def _check(wait_s: int) -> None:
    if wait_s:
        raise limit_problem(wait_s)


def _hold_up(wait_s: int) -> None:
    """A till is told to ask again with the same number: its order may have been taken before (till contract, "Codes").

    FREQUENCY_LIMITED would be a refusal of the order.
    """
    if wait_s:
        raise Problem(Code.SYSTEM_BUSY, {"retry_after_s": wait_s})
