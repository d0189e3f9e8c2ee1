"""Diminishing scales: the more hours there are already, the less the next one counts (威海 海贝分)."""

from dataclasses import dataclass
from enum import StrEnum
from math import lcm


class ScalePeriod(StrEnum):
    """Over which time the hours before are counted."""

    YEAR = "year"
    EVER = "ever"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Up to so many minutes (None: without end), one minute counts for every `per` that are given."""

    until_minutes: int | None
    per: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Bands from the first minute on, each beginning where the one before ends; the last one has no end."""

    period: ScalePeriod
    bands: tuple[Band, ...]

    def weigh(self, before: int, minutes: int) -> tuple[int, int]:
        """What minutes count for after so many before: an exact fraction, never rounded.

        Splitting does not change it: the parts weigh together what the whole weighs.
        """
        denominator = lcm(*(band.per for band in self.bands))
        weight, start = 0, 0
        for band in self.bands:
            end = before + minutes if band.until_minutes is None else band.until_minutes
            inside = min(end, before + minutes) - max(start, before)
            weight += max(0, inside) * (denominator // band.per)
            start = end
        return weight, denominator
