"""Stars (星级): read off a volunteer's verified minutes whenever somebody asks, so they fall when hours are withdrawn.

Nothing keeps them. Catalogue, wallet and explanation all ask `StarScale` (DOMAIN.md 1.3: thresholds are a table).
"""

from bisect import bisect_right
from dataclasses import dataclass

from app.core.quantities import Minutes

STARS_MAX = 10


@dataclass(frozen=True, slots=True)
class StarScale:
    """From how many verified minutes on there are one, two, … stars: rising thresholds, at least one of them."""

    thresholds: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what is no scale: an error of whoever made it."""
        if not is_scale(self.thresholds):
            raise ValueError(f"no scale of stars: {self.thresholds}")

    def stars(self, minutes: int) -> int:
        """The stars of so many verified minutes; the threshold itself is enough."""
        return bisect_right(self.thresholds, minutes)

    def missing(self, minutes: int) -> Minutes | None:
        """The minutes that are missing to the next star; None with the highest."""
        stars = self.stars(minutes)
        return Minutes(self.thresholds[stars] - minutes) if stars < len(self.thresholds) else None


def is_scale(thresholds: tuple[int, ...]) -> bool:
    """Whether these are a scale: 1 to 10 thresholds of at least a minute, each above the one before."""
    rising = all(low < high for low, high in zip((0, *thresholds), thresholds, strict=False))
    return 1 <= len(thresholds) <= STARS_MAX and rising


DEFAULT_STARS = StarScale(tuple(hours * 60 for hours in (100, 300, 600, 1000, 1500)))
"""One to five stars as civil affairs count them (中国社区志愿者注册管理办法, Art. 18)."""
