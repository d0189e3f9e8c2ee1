"""What a judgement of eligibility says of each criterion: `eligibility` makes it, `sentences` words it. Values only."""

from dataclasses import dataclass
from typing import NamedTuple

from app.core.benefits.facts import Sources
from app.core.benefits.model import Requirement, Value


class Actual(NamedTuple):
    """A fact as it is; None: not known."""

    fact: str
    value: Value | None


class Missing(NamedTuple):
    """One way to meet a criterion, and how far it is.

    `amount` is what the fact must rise by (AT_LEAST, IS) or, below zero, fall by: exactly so much and no more. None
    where no figure is missing: the fact is not known, or it is no number.

    For stars `minutes` says how much service is missing to them, by the programme's table; None where it is not hours
    that are missing, and `by_quality` where it is the evaluations of those that there are.
    """

    required: Requirement
    actual: Value | None
    amount: int | None
    minutes: int | None = None
    by_quality: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionResult:
    """What became of one criterion. Any one of `missing` would meet it; all sentences are empty where it is met."""

    code: str
    name: str
    name_en: str
    when: str
    met: bool
    actual: tuple[Actual, ...]
    required: tuple[Requirement, ...]
    missing: tuple[Missing, ...]
    missing_zh: str
    missing_en: str
    sources: Sources
