"""When what the journal holds open is tried again: at the start, then ever more rarely, until it is answered."""

from collections.abc import Iterator

from app.till.client import Answered, Refused
from app.till.journal import OpenCall
from app.till.protocol import Desk, NotReversed, Queued, Reversed, repeat_open

AGAIN_AFTER_S = (10, 30, 60, 120, 300)
"""Between tries in the background; the last for ever after."""


class Repetitions:
    """What is open at this desk, and when each is due."""

    def __init__(self, desk: Desk) -> None:
        """Whatever an earlier run has left is due at once, or when its sale may have arrived."""
        self._desk = desk
        self._due: dict[str, float] = {}
        self._tries: dict[str, int] = {}
        for call in desk.journal.calls():
            age_s = desk.till.now() - call.opened_at
            wait_s = min(max(desk.pace.reverse_after_s - age_s, 0), desk.pace.reverse_after_s)
            self._due[call.number] = desk.now() + wait_s

    def wait_s(self) -> float | None:
        """How long nothing is due; None while nothing is open."""
        calls = self._desk.journal.calls()
        return max(0.0, min(self._due_at(call) for call in calls) - self._desk.now()) if calls else None

    def _due_at(self, call: OpenCall) -> float:
        first_s = max(AGAIN_AFTER_S[0], self._desk.pace.reverse_after_s)
        return self._due.setdefault(call.number, self._desk.now() + first_s)

    def repeat_due(self) -> Iterator[tuple[OpenCall, Reversed | NotReversed | Answered | Refused | Queued]]:
        """Try what is due, each once."""
        for call in self._desk.journal.calls():
            if self._due_at(call) > self._desk.now():
                continue
            end = repeat_open(self._desk, call)
            tries = self._tries[call.number] = self._tries.get(call.number, 0) + 1
            self._due[call.number] = self._desk.now() + AGAIN_AFTER_S[min(tries, len(AGAIN_AFTER_S)) - 1]
            yield call, end
