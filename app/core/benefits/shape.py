"""Whether the parts of a benefit fit together, before anybody asks whether it may be published. None of it is law."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from app.core.benefits.criteria import check_criterion, needs_window
from app.core.benefits.model import LEVELS, Benefit, BenefitKind


class ShapeError(NamedTuple):
    """What does not fit: where, as a JSON pointer, and why."""

    pointer: str
    detail: str


def check_shape(benefit: Benefit) -> tuple[ShapeError, ...]:
    """All that keeps a benefit from being saved, in the order of its fields."""
    return (*_check_criteria(benefit), *_check_codes(benefit), *_check_rest(benefit))


def _check_criteria(benefit: Benefit) -> Iterator[ShapeError]:
    if not benefit.criteria:
        yield ShapeError("/criteria", "at least one")
    for number, criterion in enumerate(benefit.criteria):
        for error in check_criterion(criterion):
            yield ShapeError(f"/criteria/{number}{error.pointer}", error.detail)
        if benefit.window_months is None and needs_window(criterion):
            yield ShapeError(f"/criteria/{number}/when", "asks for a qualifying window: say `window_months`")


def _check_codes(benefit: Benefit) -> Iterator[ShapeError]:
    judged = [*(one.code for one in benefit.criteria), *(one.code for one in benefit.exclusions)]
    listed = {
        "/criteria": judged,
        "/evidence": [one.code for one in benefit.evidence],
        "/revocation": [one.cause.value for one in benefit.revocation],
    }
    for pointer, codes in listed.items():
        twice = [code for code, count in Counter(codes).items() if count > 1]
        if twice:
            yield ShapeError(pointer, f"each code once: {twice[0]}")
    if "consumption" in judged:
        yield ShapeError("/criteria", "`consumption` is the name of the criterion that the programme adds")


def _check_rest(benefit: Benefit) -> Iterator[ShapeError]:
    if (benefit.kind is BenefitKind.STARTUP_REFERRAL) is not (benefit.scheme is not None):
        yield ShapeError("/scheme", "goes with startup_referral, and only with it")
    ordered = tuple(level for level in LEVELS if level in benefit.levels)
    if benefit.levels != ordered:
        yield ShapeError("/levels", "from below, each once: village, town, city")
    if benefit.consumes_minutes and benefit.window_months is None:
        yield ShapeError("/consumes_minutes", "hours are consumed of a qualifying window: say `window_months`")
    if benefit.code in {one.benefit for one in benefit.exclusions}:
        yield ShapeError("/exclusions", "a benefit does not exclude itself: say `quota.per_person`")
