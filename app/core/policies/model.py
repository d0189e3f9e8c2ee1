"""What an accrual policy holds. Every number of it is configuration with a source in some city (DOMAIN.md 2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from app.core.honours import HonourLevel
from app.core.policies.expiry import Expiry
from app.core.policies.scales import Scale
from app.core.policies.service import Service

BASIS = 10_000
"""Basis points of a coefficient of 1.0."""


class Rounding(StrEnum):
    """Which way the one rounding of a record goes."""

    DOWN = "down"
    HALF_UP = "half_up"
    UP = "up"

    def divide(self, numerator: int, denominator: int) -> int:
        """Divide whole numbers, both positive or zero on top, and round in this direction."""
        match self:
            case Rounding.DOWN:
                return numerator // denominator
            case Rounding.HALF_UP:
                return (2 * numerator + denominator) // (2 * denominator)
            case Rounding.UP:
                return -(-numerator // denominator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that counts, by what it is counted. What is above a cap is still recorded as hours; it earns nothing.

    `activity_minutes` is per activity and day (海林: 2 h), `balance_points` what may be stored (广州: 1500).
    """

    activity_minutes: int | None = None
    day_minutes: int | None = None
    year_minutes: int | None = None
    day_points: int | None = None
    year_points: int | None = None
    balance_points: int | None = None


_NO_CAPS = Caps()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days on which service counts more (an emergency, a big event), for some categories or for all.

    Of several windows that fit only the highest counts.
    """

    name: str
    starts_on: date
    ends_on: date
    coefficient_bp: int
    categories: tuple[str, ...] = ()

    def covers(self, service: Service) -> bool:
        """Whether the service falls into it; both days are in it."""
        return self.starts_on <= service.day <= self.ends_on and (
            not self.categories or service.category in self.categories
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A condition in CEL, and what follows where it holds: a coefficient, or points on top. Rules multiply."""

    name: str
    when: str
    coefficient_bp: int = BASIS
    points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What a town adds to the city's rule for service in its region, as long as its budget of the year lasts."""

    region_code: str
    extra_bp: int
    year_budget: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bonuses:
    """Points beside the hours: with the first service that earns, and by commands of their own (`bonus_grants`).

    `honour` by the level of the body that gave it; `referral` for bringing somebody in who then serves, so many a year
    at most; `start_grant` at registration (杭州西湖: 5).
    """

    first_service: int = 0
    start_grant: int = 0
    referral: int = 0
    referrals_a_year: int | None = None
    honour: Mapping[HonourLevel, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyRule:
    """What an offence costs (DOMAIN.md 2.3): `points` each time, from the `counts_from`-th of a calendar year on.

    Offences before that are warnings: on record, and without points.
    """

    code: str
    name: str
    name_en: str
    points: int
    counts_from: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrualPolicy:
    """One version of the accrual rule, in force for service that begins on `effective_from` or later.

    What is not said does not apply; `notice_days` and `expiry` that are not said are the programme's.
    """

    version: str
    effective_from: date
    rate_per_hour: int
    coefficients_bp: Mapping[int, int]
    """Basis points by the level of the activity (1 simple, 2 skilled, 3 professional or risky)."""
    category_bp: Mapping[str, int] = field(default_factory=dict)
    organiser_bp: int = BASIS
    points_per_service: int = 0
    unit_minutes: int = 1
    """Only whole units count (60: whole hours). This is counting, not rounding: points are rounded once, later."""
    rounding: Rounding = Rounding.DOWN
    scale: Scale | None = None
    caps: Caps = Caps()
    windows: tuple[Window, ...] = ()
    rules: tuple[Rule, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    bonuses: Bonuses = Bonuses()
    penalties: tuple[PenaltyRule, ...] = ()
    unlock_minutes: int = 0
    """Points can be spent from so many verified minutes on (广州: 100 h)."""
    notice_days: int | None = None
    expiry: Expiry | None = None

    @property
    def needs_standing(self) -> bool:
        """Whether a price depends on what the volunteer has served before."""
        return bool(self.caps != _NO_CAPS or self.scale or self.rules or self.bonuses.first_service)

    def overlay_for(self, region_code: str) -> Overlay | None:
        """The overlay of the smallest region that holds this one."""
        if not self.overlays:
            return None
        fitting = [overlay for overlay in self.overlays if region_code.startswith(overlay.region_code)]
        return max(fitting, key=lambda overlay: len(overlay.region_code), default=None)


def policy_on(policies: tuple[AccrualPolicy, ...], day: date, level: int) -> AccrualPolicy | None:
    """The policy in force on a day for a level of activity; None when there is none yet."""
    in_force = [policy for policy in policies if policy.effective_from <= day and level in policy.coefficients_bp]
    return max(in_force, key=lambda policy: (policy.effective_from, policy.version), default=None)
