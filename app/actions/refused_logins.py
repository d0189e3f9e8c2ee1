"""Counting refused log-ins in this process; `app/jobs/seen.py` writes them down every few seconds.

Counting costs the one who is refused nothing, whether the name exists or not, and a flood of guesses no write each.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from app.core.ids import ProgrammeId
from app.core.refused_logins import Door, Knock, Refusals, gathered, window_of

Window = tuple[ProgrammeId, datetime]
Counted = Mapping[Knock, Refusals]
_PROGRAMMES_MAX = 100
"""Codes of programmes that are not here come from guessers too: so many are counted at a time, the rest is not."""


class RefusedLogins:
    """What this process has refused since it was last written down."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._counted: dict[Window, dict[Knock, Refusals]] = {}

    def note(
        self,
        programme: ProgrammeId,
        door: Door,
        known: str | None,
        shown: str,
        at: datetime,
        *,
        turned_away: bool = False,
    ) -> None:
        """Count one. `known`: the id of whose name was shown; None: it is nobody's, and only its keyed hash is kept."""
        window = (programme, window_of(at))
        if window not in self._counted and len(self._counted) >= _PROGRAMMES_MAX:
            return
        counted = self._counted.setdefault(window, {})
        knock = gathered(Knock(door, known or self._hash(programme, shown), known is not None), counted)
        counted[knock] = counted.get(knock, Refusals()).and_one(turned_away=turned_away)

    def _hash(self, programme: ProgrammeId, shown: str) -> str:
        hashed = hmac.digest(self._key, f"{programme}|refused|{shown}".encode(errors="replace"), hashlib.sha256)
        return f"name:{hashed[:16].hex()}"

    def windows(self) -> Sequence[Window]:
        """Where anything was counted."""
        return list(self._counted)

    def take(self, window: Window) -> Counted:
        """What was counted in a programme's window since this was asked last. It is forgotten here."""
        return self._counted.pop(window, {})

    def keep(self, window: Window, counted: Counted) -> None:
        """Put back what was taken and could not be written down."""
        since = self._counted.setdefault(window, {})
        for knock, refusals in counted.items():
            since[knock] = since.get(knock, Refusals()).and_these(refusals)
