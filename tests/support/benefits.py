"""Benefits and facts for tests: sound ones, of which a test changes what it is about."""

from dataclasses import replace
from datetime import date
from typing import Any

from app.core.benefits.criteria import render_when
from app.core.benefits.facts import Facts
from app.core.benefits.model import (
    Benefit,
    BenefitKind,
    BenefitLevel,
    Criterion,
    Department,
    Operator,
    Requirement,
    Value,
)

HOUR = 60


def requires(fact: str, operator: Operator, value: Value) -> Requirement:
    """One thing that is required."""
    return Requirement(fact=fact, operator=operator, value=value)


def a_criterion(*required: Requirement, code: str = "one") -> Criterion:
    """A criterion that any one of these meets."""
    return Criterion(code=code, name="条件", name_en="condition", when=render_when(required), required=required)


STARS = a_criterion(requires("stars", Operator.AT_LEAST, 3), code="stars")
HOURS = a_criterion(requires("window_minutes", Operator.AT_LEAST, 100 * HOUR), code="hours")

A_BENEFIT = Benefit(
    code="concert",
    version="2026-1",
    effective_from=date(2026, 1, 1),
    kind=BenefitKind.PRIORITY,
    owner=Department(code="culture", name="文联", name_en="Literary Federation"),
    name="优先",
    name_en="Priority",
    criteria=(STARS, HOURS),
    levels=(BenefitLevel.CITY,),
    window_months=12,
)


def a_benefit(**changes: Any) -> Benefit:  # noqa: ANN401 - any field
    """A benefit that may be published, with changes."""
    return replace(A_BENEFIT, **changes)


SOME_FACTS = Facts(
    volunteer="vol_0190c6f0a1b27c3d8e9f00112233aabb",
    benefit="concert@2026-1",
    as_of=date(2026, 11, 27),
    active=True,
    stars=3,
    star_minutes=(6_000, 18_000, 36_000),
    minutes=36_000,
    region="330282002",
    registered_on=date(2020, 3, 5),
    registered_months=80,
    window_from=date(2025, 11, 28),
    window_minutes=100 * HOUR,
    age=34,
)


def some_facts(**changes: Any) -> Facts:  # noqa: ANN401 - any field
    """Facts that meet the benefit above, with changes."""
    return replace(SOME_FACTS, **changes)
