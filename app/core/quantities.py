"""What is counted, always as integers: points, minutes of service, fen of money."""

from datetime import datetime
from typing import NewType

Points = NewType("Points", int)
Minutes = NewType("Minutes", int)
Fen = NewType("Fen", int)

Instant = datetime
"""An aware moment in UTC. Time is an argument: nothing in the core asks for the clock."""

AMOUNT_MAX = 10**15
"""The largest amount one transfer may move: far above any programme, far below a 64-bit overflow of a balance."""


class BrokenInvariant(Exception):
    """The ledger would become wrong. Raised before anything is written, never caught to go on."""


def price_fen(points: Points, fen_per_hundred_points: int) -> Fen:
    """Price points in fen, rounded down once to the whole fen (the direction the contract states)."""
    return Fen(points * fen_per_hundred_points // 100)
