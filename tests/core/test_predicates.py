"""Predicates: each holds exactly from its figure on, and a question's hash is of all its words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from app.core.benefits.facts import Facts
from app.core.honours import HonourLevel
from app.core.ids import NOBODY, ClientId, PredicatePermitId, VolunteerId
from app.core.predicates import (
    Predicate,
    PredicateKind,
    PredicatePermit,
    Question,
    facts_wanted,
    holds,
    permit_for,
)
from app.core.quantities import Minutes

ON = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FACTS = Facts(
    volunteer="vol_1",
    benefit="predicate@12",
    as_of=ON,
    active=True,
    stars=3,
    star_minutes=(6_000, 18_000, 36_000),
    minutes=36_000,
    region="330282002",
    registered_on=date(2020, 1, 1),
    registered_months=74,
    window_minutes=1_200,
    honour_level=3,
    held=("startup-rent",),
)
"""Three stars, 600 hours of which 20 in the last year, an honour of the city, one benefit."""

STARS = Predicate(kind=PredicateKind.STARS, stars=3)
CLEAN = Predicate(kind=PredicateKind.CLEAN)


@pytest.mark.parametrize(
    "predicate, expected",
    [
        (STARS, True),
        (replace(STARS, stars=4), False),
        (Predicate(kind=PredicateKind.MINUTES, minutes=Minutes(36_000)), True),
        (Predicate(kind=PredicateKind.MINUTES, minutes=Minutes(36_001)), False),
        (Predicate(kind=PredicateKind.MINUTES, minutes=Minutes(1_200), months=12), True),
        (Predicate(kind=PredicateKind.MINUTES, minutes=Minutes(1_201), months=12), False),
        (Predicate(kind=PredicateKind.HONOUR, level=HonourLevel.CITY), True),
        (Predicate(kind=PredicateKind.HONOUR, level=HonourLevel.OTHER), True),
        (Predicate(kind=PredicateKind.HONOUR, level=HonourLevel.PROVINCIAL), False),
        (Predicate(kind=PredicateKind.BENEFIT, benefit="startup-rent"), True),
        (Predicate(kind=PredicateKind.BENEFIT, benefit="startup-loan"), False),
        (CLEAN, True),
    ],
)
def test_each_holds_from_its_figure_on(predicate: Predicate, expected: bool) -> None:  # noqa: FBT001 - the expectation
    """Neither one below nor one above; a higher honour stands for a lower one."""
    assert holds(predicate, FACTS) is expected


@pytest.mark.parametrize("facts", [replace(FACTS, adverse=1), replace(FACTS, active=False)])
def test_a_record_that_is_not_clean(facts: Facts) -> None:
    """One adverse record, or somebody who is frozen or has left."""
    assert not holds(CLEAN, facts)


def _question(*predicates: Predicate) -> Question:
    return Question(volunteer=VolunteerId(NOBODY), on=ON, predicates=predicates or (STARS,), nonce="n" * 16)


def test_the_hash_is_of_all_words() -> None:
    """Another person, day, figure, predicate or nonce is another question; the same words are the same."""
    question = _question()
    others = [
        replace(question, volunteer=VolunteerId(UUID(int=1))),
        replace(question, on=ON - timedelta(days=1)),
        replace(question, nonce="m" * 16),
        _question(replace(STARS, stars=2)),
        _question(STARS, CLEAN),
    ]
    assert len({each.hash for each in (question, *others)}) == 1 + len(others)
    assert question.hash == _question().hash


def test_the_golden_question() -> None:
    """What an asker hashes to find its question again."""
    assert _question().encode() == (
        b'{"nonce":"nnnnnnnnnnnnnnnn","on":"2026-03-02","predicates":[{"kind":"stars_at_least","stars":3}],'
        b'"volunteer_id":"vol_00000000000000000000000000000000"}'
    )


def test_facts_are_gathered_for_each_length_of_time() -> None:
    """All time and a year are two; what asks for no time asks for one that fits."""
    minutes = Predicate(kind=PredicateKind.MINUTES, minutes=Minutes(1))
    wanted = facts_wanted(_question(minutes, replace(minutes, months=12), STARS))
    assert {months: benefit.window_months for months, benefit in wanted.items()} == {None: None, 12: 12}
    assert len({benefit.reference for benefit in wanted.values()}) == 2
    assert list(facts_wanted(_question(STARS))) == [None]


PERMIT = PredicatePermit(
    id=PredicatePermitId(NOBODY),
    client=ClientId(NOBODY),
    kinds=frozenset((PredicateKind.STARS,)),
    given_at=AT,
    until=AT + timedelta(days=30),
)


@pytest.mark.parametrize(
    "permit, at, expected",
    [
        (PERMIT, AT, True),
        (PERMIT, AT - timedelta(seconds=1), False),
        (PERMIT, AT + timedelta(days=30), False),
        (replace(PERMIT, revoked_at=AT + timedelta(days=1)), AT + timedelta(days=1), False),
        (replace(PERMIT, kinds=frozenset((PredicateKind.CLEAN,))), AT, False),
    ],
)
def test_a_permit_covers_kinds_and_time(permit: PredicatePermit, at: datetime, expected: bool) -> None:  # noqa: FBT001 - the expectation
    """From when it was given, before it ends or is revoked, and only what it names."""
    assert (permit_for([permit], _question(), at) is not None) is expected


def test_one_permit_covers_the_whole_question() -> None:
    """Two permits of a kind each are not one of both: a question of two is asked under one that names both."""
    other = replace(PERMIT, kinds=frozenset((PredicateKind.CLEAN,)))
    both = replace(PERMIT, kinds=PERMIT.kinds | other.kinds)
    assert permit_for([PERMIT, other], _question(STARS, CLEAN), AT) is None
    assert permit_for([PERMIT, other, both], _question(STARS, CLEAN), AT) == both
