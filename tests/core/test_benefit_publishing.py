"""What the law fixes cannot be published otherwise, and what does not fit together cannot be saved."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.benefits.model import (
    Benefit,
    BenefitKind,
    BenefitLevel,
    Decides,
    Evidence,
    Exclusion,
    Operator,
    RevocationCause,
    RevocationRule,
    StartupScheme,
    benefit_on,
)
from app.core.benefits.publishing import obstacles_of
from app.core.benefits.shape import check_shape
from app.core.codes import Code
from tests.support.benefits import HOURS, STARS, a_benefit, a_criterion, requires

ALL_LEVELS = tuple(BenefitLevel)
TOWN_AND_CITY = (BenefitLevel.TOWN, BenefitLevel.CITY)


def an_enrolment(**changes: Any) -> Benefit:  # noqa: ANN401 - any field
    """An enrolment reference that may be published, with changes."""
    lawful = {"kind": BenefitKind.ENROLMENT_REFERENCE, "external_decision": True, "name": "子女入学佐证函"}
    return a_benefit(**{**lawful, "name_en": "Enrolment reference letter", **changes})


def codes_of(benefit: Benefit) -> list[Code]:
    """Why a benefit may not be published."""
    return [obstacle.code for obstacle in obstacles_of(benefit)]


@pytest.mark.parametrize(
    "benefit, codes",
    [
        (a_benefit(), []),
        (an_enrolment(), []),
        (an_enrolment(external_decision=False), [Code.REFERRAL_REQUIRED]),
        (an_enrolment(name="慈溪市实验小学入学佐证"), [Code.ADMISSION_PROMISED]),
        (an_enrolment(description="凭此函优先入学"), [Code.ADMISSION_PROMISED]),
        (an_enrolment(description_en="Guaranteed"), [Code.ADMISSION_PROMISED]),
        (an_enrolment(name_en="A letter to Hill School"), [Code.ADMISSION_PROMISED]),
        (an_enrolment(evidence=(Evidence(code="a", name="录取通知书", name_en="x"),)), [Code.ADMISSION_PROMISED]),
        (an_enrolment(exclusions=(Exclusion(code="a", name="已在小学就读", name_en="x"),)), [Code.ADMISSION_PROMISED]),
        (a_benefit(name="文艺小学生专场"), []),
        (a_benefit(kind=BenefitKind.STARTUP_REFERRAL, scheme=StartupScheme.RENT), [Code.REFERRAL_REQUIRED]),
        (a_benefit(kind=BenefitKind.HARDSHIP_AID, publicity_days=7, levels=ALL_LEVELS), []),
        (a_benefit(kind=BenefitKind.HARDSHIP_AID, publicity_days=7, levels=TOWN_AND_CITY), []),
        (a_benefit(kind=BenefitKind.HARDSHIP_AID, publicity_days=6, levels=ALL_LEVELS), [Code.PUBLICITY_TOO_SHORT]),
        (a_benefit(kind=BenefitKind.HARDSHIP_AID, publicity_days=7), [Code.LEVEL_MISSING]),
        (a_benefit(publicity_days=7), [Code.LEVEL_MISSING]),
        (a_benefit(levels=()), [Code.LEVEL_MISSING]),
        (a_benefit(levels=(BenefitLevel.TOWN,)), [Code.LEVEL_MISSING]),
        (a_benefit(kind=BenefitKind.EVENT_TICKET, decides=Decides.AUTOMATIC, levels=()), []),
        (a_benefit(kind=BenefitKind.DISCOUNT, decides=Decides.AUTOMATIC, levels=()), []),
    ],
)
def test_the_law_is_built_in(benefit: Benefit, codes: list[Code]) -> None:
    """Each limit by itself, and what lies just inside of it."""
    assert codes_of(benefit) == codes


@pytest.mark.parametrize("kind", [kind for kind in BenefitKind if kind not in {"event_ticket", "discount"}])
def test_a_person_decides_all_but_tickets_and_discounts(kind: BenefitKind) -> None:
    """PIPL Art. 24, whatever the kind."""
    benefit = a_benefit(
        kind=kind, decides=Decides.AUTOMATIC, external_decision=True, publicity_days=7, levels=ALL_LEVELS
    )
    assert Code.PERSON_MUST_DECIDE in codes_of(benefit)


@given(
    st.sampled_from(BenefitKind),
    st.booleans(),
    st.integers(0, 20),
    st.sampled_from(Decides),
    st.sets(st.sampled_from(ALL_LEVELS)),
)
def test_nothing_unlawful_gets_through(
    kind: BenefitKind,
    external: bool,  # noqa: FBT001 - drawn
    days: int,
    decides: Decides,
    levels: set[BenefitLevel],
) -> None:
    """Whatever is put together: what has no obstacle is lawful."""
    ordered = tuple(level for level in ALL_LEVELS if level in levels)
    benefit = a_benefit(
        kind=kind, external_decision=external, publicity_days=days, decides=decides, levels=ordered, name="佐证"
    )
    if codes_of(benefit):
        return
    if kind in {BenefitKind.ENROLMENT_REFERENCE, BenefitKind.STARTUP_REFERRAL}:
        assert external
    if kind is BenefitKind.HARDSHIP_AID:
        assert days >= 7
    if kind not in {BenefitKind.EVENT_TICKET, BenefitKind.DISCOUNT}:
        assert decides is Decides.PERSON
    if decides is Decides.PERSON or days:
        assert BenefitLevel.CITY in levels


@pytest.mark.parametrize(
    "benefit, pointer",
    [
        (a_benefit(criteria=()), "/criteria"),
        (a_benefit(criteria=(STARS, STARS)), "/criteria"),
        (a_benefit(criteria=(a_criterion(requires("stars", Operator.AT_LEAST, 1), code="consumption"),)), "/criteria"),
        (a_benefit(exclusions=(Exclusion(code="stars", name="a", name_en="a"),)), "/criteria"),
        (a_benefit(criteria=(a_criterion(requires("shoes", Operator.AT_LEAST, 1)),)), "/criteria/0/required/0/fact"),
        (a_benefit(window_months=None, criteria=(STARS, HOURS)), "/criteria/1/when"),
        (a_benefit(window_months=None, criteria=(STARS,), consumes_minutes=1), "/consumes_minutes"),
        (a_benefit(evidence=(Evidence(code="a", name="a", name_en="a"),) * 2), "/evidence"),
        (a_benefit(revocation=(RevocationRule(cause=RevocationCause.FRAUD),) * 2), "/revocation"),
        (a_benefit(scheme=StartupScheme.RENT), "/scheme"),
        (a_benefit(kind=BenefitKind.STARTUP_REFERRAL), "/scheme"),
        (a_benefit(levels=(BenefitLevel.CITY, BenefitLevel.TOWN)), "/levels"),
        (a_benefit(levels=(BenefitLevel.CITY, BenefitLevel.CITY)), "/levels"),
        (a_benefit(exclusions=(Exclusion(code="a", name="a", name_en="a", benefit="concert"),)), "/exclusions"),
    ],
)
def test_what_does_not_fit_together_is_told_with_its_place(benefit: Benefit, pointer: str) -> None:
    """One error each, where it is."""
    [error] = check_shape(benefit)
    assert error.pointer == pointer
    assert re.search(r"\w", error.detail)


def test_a_sound_benefit_has_no_errors() -> None:
    """The builder's."""
    assert check_shape(a_benefit()) == ()


def test_the_version_in_force_is_the_last_that_began() -> None:
    """On its first day already; before the first of them there is none."""
    first = a_benefit(version="1", effective_from=date(2026, 1, 1))
    second = a_benefit(version="2", effective_from=date(2026, 7, 1))
    assert benefit_on((second, first), date(2025, 12, 31)) is None
    assert benefit_on((second, first), date(2026, 6, 30)) == first
    assert benefit_on((second, first), date(2026, 7, 1)) == second
