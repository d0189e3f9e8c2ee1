"""What a volunteer holds of benefits, and which of them keep another one from them (互斥礼遇).

Held is a grant while it is valid, and a claim on a round while it is alive, until its event is over. Whoever waits or
has entered counts as holding, as with all limits: moving up can never be refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from app.core.ids import VolunteerId
from app.core.quantities import Instant


class Held(NamedTuple):
    """One grant or claim: of which benefit, and until when; None: until it ends."""

    benefit: str
    until: Instant | None

    def holds(self, at: Instant) -> bool:
        """Whether it is held at a moment."""
        return self.until is None or at < self.until


@dataclass(frozen=True, slots=True)
class HeldSought:
    """All that a volunteer holds."""

    volunteer: VolunteerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """The benefits that nobody holds together with one: those that it names, and those that name it.

    Those that it names count for its own limits too: who has had the one has had their share of both.
    """

    named: tuple[str, ...] = ()
    naming: tuple[str, ...] = ()

    def first_of(self, held: Iterable[Held], at: Instant) -> str | None:
        """The first of them that is held at a moment; None when none is."""
        codes = {each.benefit for each in held if each.holds(at)}
        return next((code for code in (*self.named, *self.naming) if code in codes), None)


NOTHING_APART = Apart()
