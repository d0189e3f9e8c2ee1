"""Minors: consent below 18, company below ten, nothing hazardous (DOMAIN.md 1.3, 1.4, 1.6)."""

from datetime import date
from itertools import product

import pytest

from app.core.codes import Code, Rejected
from app.core.minors import Circumstances, Guardian, refuse_minor
from tests.core.builders import VOLUNTEER, a_volunteer

AGES = (None, *range(20))


@pytest.mark.parametrize("age", AGES)
def test_every_age_and_circumstance(age: int | None) -> None:
    """All ages with all circumstances, against the rules said once more in other words."""
    for guardian, hazardous, labour in product(Guardian, (False, True), (False, True)):
        refused = refuse_minor(age, Circumstances(guardian=guardian, hazardous=hazardous, own_labour=labour))
        expected = None
        if age is not None and age < 18:
            company = guardian is Guardian.PRESENT or age >= 10
            consent = guardian is not Guardian.NONE or (labour and age >= 16)
            if hazardous:
                expected = Code.NOT_FOR_MINORS
            elif not (company and consent):
                expected = Code.GUARDIAN_REQUIRED
        assert (refused.code if refused else None) is expected


def test_the_refusal_says_what_is_needed() -> None:
    """The age, and whether consent is enough or the guardian has to come along."""
    assert refuse_minor(9, Circumstances(guardian=Guardian.CONSENTED)) == Rejected(
        Code.GUARDIAN_REQUIRED, {"age": 9, "needed": "present"}
    )
    assert refuse_minor(17, Circumstances()) == Rejected(Code.GUARDIAN_REQUIRED, {"age": 17, "needed": "consented"})


def test_the_age_is_that_of_the_day_of_service() -> None:
    """The day before the eighteenth birthday is a minor's; the birthday is not."""
    person = a_volunteer(VOLUNTEER)
    born = type(person)(person.id, person.status, born_on=date(2008, 3, 2))
    ages = [born.age_on(day) for day in (date(2026, 3, 1), date(2026, 3, 2))]
    assert [refuse_minor(age, Circumstances()) is None for age in ages] == [False, True]
