"""What an accrual policy says on the wire, with its limits; conditions are checked when they are saved."""

import json
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from app.api.bodies import Body
from app.api.fields import Name, RegionCode
from app.api.problems import FieldProblem
from app.core.conditions import CONDITION_MAX, VARIABLES, check_condition
from app.core.policies import AccrualPolicy, ExpiryKind, Rounding, ScalePeriod
from app.store.policy_bodies import decode_policy, encode_policy

BasisPoints = Annotated[int, Field(ge=0, le=100_000, description="10000 = 1.0", examples=[12_000])]
MinuteCount = Annotated[int, Field(ge=0, le=10_000_000)]
PointCount = Annotated[int, Field(ge=0, le=1_000_000_000)]
Few = Annotated[int, Field(ge=0, le=100_000)]
Version = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$", examples=["2026-1"])]


class Coefficients(Body):
    """Coefficients in basis points (10000 = 1.0) by the level of the activity."""

    level_1: BasisPoints = 10_000
    level_2: BasisPoints = 12_000
    level_3: BasisPoints = 15_000


class BandFields(Body):
    """Up to so many minutes in all (null: without end), one minute counts for every `per` that are given."""

    until_minutes: Annotated[int, Field(ge=1, le=10_000_000)] | None
    per: Annotated[int, Field(ge=1, le=100)]


class ScaleFields(Body):
    """A diminishing scale (递减): bands from the first minute on, the last one without end."""

    period: ScalePeriod
    bands: Annotated[list[BandFields], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _follow_each_other(self) -> Self:
        ends = [band.until_minutes for band in self.bands]
        if ends[-1] is not None or None in ends[:-1]:
            raise ValueError("the last band, and only the last, has no end")
        known = [end for end in ends if end is not None]
        if any(first >= second for first, second in pairwise(known)):
            raise ValueError("each band ends after the one before")
        return self


class CapFields(Body):
    """The most that counts; what is above is recorded as hours and earns nothing. null: no cap."""

    activity_minutes: MinuteCount | None = None
    day_minutes: MinuteCount | None = None
    year_minutes: MinuteCount | None = None
    day_points: PointCount | None = None
    year_points: PointCount | None = None
    balance_points: PointCount | None = None


class WindowFields(Body):
    """Days on which service counts more; of several that fit the highest counts. No category: all of them."""

    name: Name
    starts_on: date
    ends_on: date
    coefficient_bp: BasisPoints
    categories: Annotated[tuple[Name, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _end_after_start(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends before it starts")
        return self


class RuleFields(Body):
    """A condition in CEL and what follows where it holds. One that fails at run time does not apply."""

    name: Name
    when: Annotated[
        str,
        Field(
            max_length=CONDITION_MAX,
            description="CEL over " + ", ".join(f"`{name}` ({kind})" for name, kind in VARIABLES.items()),
            examples=["weekday >= 6 && total_minutes >= 6000"],
        ),
    ]
    coefficient_bp: BasisPoints = 10_000
    points: Few = 0


class OverlayFields(Body):
    """What a town adds to the points of service in its region, while its budget of the year lasts."""

    region_code: RegionCode
    extra_bp: Annotated[int, Field(ge=1, le=100_000)]
    year_budget: PointCount


class HonourBonusFields(Body):
    """Points for an honour, by the level of the body that gave it."""

    national: Few = 0
    provincial: Few = 0
    city: Few = 0
    county: Few = 0
    other: Few = 0


class BonusFields(Body):
    """Points beside the hours (奖励积分). Each cause brings them once; a withdrawn honour loses them."""

    first_service: Few = 0
    start_grant: Annotated[Few, Field(description="At registration, on or after `effective_from`")] = 0
    referral: Annotated[Few, Field(description="For bringing somebody in whose first service is verified")] = 0
    referrals_a_year: Annotated[int, Field(ge=0, le=10_000, description="So many are rewarded")] | None = None
    honour: HonourBonusFields = HonourBonusFields()


class PenaltyFields(Body):
    """What an offence costs, from the `counts_from`-th of a calendar year on; those before it are warnings."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$", examples=["no-show"])]
    name: Annotated[Name, Field(examples=["无故缺席"])]
    name_en: Annotated[Name, Field(examples=["unexcused absence"])]
    points: Annotated[int, Field(ge=1, le=100_000)]
    counts_from: Annotated[int, Field(ge=1, le=100, examples=[5])] = 1


def _refuse_same_codes(rules: tuple[PenaltyFields, ...]) -> tuple[PenaltyFields, ...]:
    if len({rule.code for rule in rules}) < len(rules):
        raise ValueError("each code once")
    return rules


class ExpiryFields(Body):
    """How long points live: `years` goes with year_end, `months` with rolling_months, `on` with fixed_date."""

    kind: ExpiryKind
    years: Annotated[int, Field(ge=0, le=50)] = 0
    months: Annotated[int, Field(ge=0, le=600)] = 0
    on: date | None = None

    @model_validator(mode="after")
    def _say_what_it_takes(self) -> Self:
        if (self.kind is ExpiryKind.ROLLING_MONTHS) is not bool(self.months):
            raise ValueError("months go with rolling_months")
        if (self.kind is ExpiryKind.FIXED_DATE) is not bool(self.on):
            raise ValueError("a day goes with fixed_date")
        if self.years and self.kind is not ExpiryKind.YEAR_END:
            raise ValueError("years go with year_end")
        return self


class PolicyRequest(Body):
    """A version of the rule by which hours become points, for service that begins on `effective_from` or later.

    What is not said does not apply; notice and expiry that are not said are the programme's.
    """

    version: Version
    effective_from: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
    rate_per_hour: Annotated[int, Field(ge=0, le=10_000, examples=[10])]
    coefficients_bp: Coefficients = Coefficients()
    category_bp: dict[Name, BasisPoints] = Field(default_factory=dict, max_length=100)
    organiser_bp: BasisPoints = 10_000
    points_per_service: Few = 0
    unit_minutes: Annotated[int, Field(ge=1, le=480, description="Only whole units count (60: whole hours)")] = 1
    rounding: Annotated[Rounding, Field(description="Once per record")] = Rounding.DOWN
    scale: ScaleFields | None = None
    caps: CapFields = CapFields()
    windows: Annotated[tuple[WindowFields, ...], Field(max_length=50)] = ()
    rules: Annotated[tuple[RuleFields, ...], Field(max_length=20)] = ()
    overlays: Annotated[tuple[OverlayFields, ...], Field(max_length=100)] = ()
    bonuses: BonusFields = BonusFields()
    penalties: Annotated[
        tuple[PenaltyFields, ...], Field(max_length=50, description="扣分规则"), AfterValidator(_refuse_same_codes)
    ] = ()
    unlock_minutes: Annotated[MinuteCount, Field(description="Verified minutes before points can be spent")] = 0
    notice_days: Annotated[int, Field(ge=0, le=365)] | None = None
    expiry: ExpiryFields | None = None

    def to_policy(self) -> AccrualPolicy:
        """The policy that this body says."""
        said = self.model_dump(mode="json")
        levels = self.coefficients_bp
        said["coefficients_bp"] = {1: levels.level_1, 2: levels.level_2, 3: levels.level_3}
        said["bonuses"]["honour"] = {level: points for level, points in said["bonuses"]["honour"].items() if points}
        return decode_policy(json.dumps(said))

    def condition_problems(self) -> Sequence[FieldProblem]:
        """What is wrong with the conditions: which, and at which line and column of it."""
        return [
            FieldProblem(
                pointer=f"/rules/{number}/when", detail=f"line {error.line}, column {error.column}: {error.message}"
            )
            for number, rule in enumerate(self.rules)
            for error in check_condition(rule.when)
        ]


def policy_content(policy: AccrualPolicy) -> dict[str, object]:
    """A policy as the wire says it."""
    said: dict[str, object] = json.loads(encode_policy(policy))
    said["coefficients_bp"] = {f"level_{level}": bp for level, bp in policy.coefficients_bp.items()}
    return said
