"""Stars (星级): read off a volunteer's verified minutes whenever somebody asks, so they fall when hours are withdrawn.

A programme may ask for quality too (order 67, Art. 10; Zhejiang Art. 29; Ningbo Art. 38): with an average below its
minimum there are no stars. Whoever was never evaluated is not kept from any.

Nothing keeps them. Catalogue, wallet and explanation all ask `StarScale` (DOMAIN.md 1.3: thresholds are a table).
"""

from bisect import bisect_right
from dataclasses import dataclass

from app.core.quantities import Minutes

STARS_MAX = 10
HUNDREDTHS = 100
"""An average is told in hundredths of a point of the score."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What evaluations say of a volunteer: how many count, and their scores together."""

    count: int = 0
    total: int = 0

    @property
    def average(self) -> int | None:
        """The average in hundredths, rounded down; None without any."""
        return self.total * HUNDREDTHS // self.count if self.count else None

    def reaches(self, least: int | None) -> bool:
        """Whether the average is at least so many hundredths; without a minimum or evaluations it is."""
        return least is None or self.total * HUNDREDTHS >= least * self.count


NOT_EVALUATED = Quality()


@dataclass(frozen=True, slots=True)
class StarScale:
    """From how many verified minutes on there are one, two, … stars: rising thresholds, at least one of them."""

    thresholds: tuple[int, ...]
    quality_min: int | None = None
    """The least average of evaluations, in hundredths (350: 3.5); None: quality is not asked for."""

    def __post_init__(self) -> None:
        """Refuse what is no scale: an error of whoever made it."""
        if not is_scale(self.thresholds):
            raise ValueError(f"no scale of stars: {self.thresholds}")

    def stars(self, minutes: int, quality: Quality = NOT_EVALUATED) -> int:
        """The stars of so many verified minutes of such a quality; the threshold itself is enough."""
        return bisect_right(self.thresholds, minutes) if quality.reaches(self.quality_min) else 0

    def missing(self, minutes: int) -> Minutes | None:
        """The minutes that are missing to the next star, whatever the quality; None with the highest."""
        stars = bisect_right(self.thresholds, minutes)
        return Minutes(self.thresholds[stars] - minutes) if stars < len(self.thresholds) else None


def is_scale(thresholds: tuple[int, ...]) -> bool:
    """Whether these are a scale: 1 to 10 thresholds of at least a minute, each above the one before."""
    rising = all(low < high for low, high in zip((0, *thresholds), thresholds, strict=False))
    return 1 <= len(thresholds) <= STARS_MAX and rising


DEFAULT_STARS = StarScale(tuple(hours * 60 for hours in (100, 300, 600, 1000, 1500)))
"""One to five stars as civil affairs count them (中国社区志愿者注册管理办法, Art. 18)."""
