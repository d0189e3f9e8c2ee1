"""A programme (a city's scheme): its business day, its rate, and how long points live."""

from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

from app.core.accounts import NEVER
from app.core.ids import FundId, ProgrammeId
from app.core.quantities import Instant, Minutes, Points
from app.core.stars import DEFAULT_STARS, StarScale


@lru_cache(maxsize=1024)
def _day_in(zone: tzinfo, at: Instant) -> date:
    """The calendar day of a moment. All decisions of a batch share their moment and ask several times each."""
    return at.astimezone(zone).date()


class LapsePolicy(StrEnum):
    """What a refund does for a lot that has expired meanwhile (POS.md, "Giving back")."""

    FORFEIT = "forfeit"
    ORIGINAL = "original"
    GRACE = "grace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """The settings of one programme that decisions depend on."""

    id: ProgrammeId
    zone: tzinfo
    fen_per_hundred_points: int = 300
    settlement_fund: FundId | None = None
    lapse_policy: LapsePolicy = LapsePolicy.GRACE
    grace_days: int = 30
    notice_days: int = 0
    expiry_years: int | None = 2
    points_max: Points = Points(100_000)
    confirm_points: Points | None = None
    """A redemption of more than this waits for the volunteer; None: the amount alone never makes it wait."""
    confirm_count: int | None = None
    """After so many a day, each further one waits."""
    same_amount_s: int = 60
    """The same amount at the same merchant within so many seconds waits (POS.md, "Pay by code")."""
    redemptions_a_day: int | None = None
    """So many a day and volunteer at most."""
    pool_grant_points: Points = Points(500)
    """The most that one grant from the pool may give."""
    pool_year_points: Points = Points(1_000)
    """The most that the pool may give one volunteer in a calendar year."""
    family_use: bool = False
    """Whether members of a volunteer's family may spend the volunteer's points."""
    family_members: int = 3
    """So many members a volunteer at most."""
    sandbox: bool = False
    """A programme for trying tills out: it honours faults on demand."""
    unlocks: tuple[tuple[date, Minutes], ...] = ()
    """From which day on points can be spent from so many verified minutes on: what the policies say, in order."""
    stars: StarScale = DEFAULT_STARS
    """From how many verified minutes on there are how many stars."""

    def business_day(self, at: Instant) -> date:
        """The programme's calendar day of a moment."""
        return _day_in(self.zone, at)

    def expiry_of(self, earned_at: Instant) -> date:
        """The last day of points earned at a moment: the end of the natural year, N years later (DOMAIN.md 2.6)."""
        if self.expiry_years is None:
            return NEVER
        return date(self.business_day(earned_at).year + self.expiry_years, 12, 31)

    def unlock_on(self, day: date) -> Minutes:
        """How many verified minutes open spending on a day, by the policy in force then; 0: none are asked for."""
        return next((minutes for begins, minutes in reversed(self.unlocks) if begins <= day), Minutes(0))

    def grace_expiry(self, at: Instant) -> date:
        """The last day of a lot of grace made today."""
        return self.business_day(at) + timedelta(days=self.grace_days)
