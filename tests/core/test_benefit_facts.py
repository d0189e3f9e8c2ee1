"""Facts are frozen: one form in bytes, one hash, read back as they were, compared fact by fact."""

from dataclasses import fields
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.benefit_grants import Window
from app.core.benefits.facts import FactChange, Facts, Sources, compare_facts, decode_facts, encode_facts, hash_facts
from app.core.benefits.windows import consumed_in, full_months, months_before, window_start
from app.core.ids import VolunteerId
from tests.core.builders import VOLUNTEER
from tests.support.benefits import SOME_FACTS, some_facts

DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))
SOURCES = st.lists(st.text("0123456789abcdef", min_size=1, max_size=8), max_size=4).map(
    lambda ids: Sources(ids=tuple(ids), count=len(ids) + 3)
)
FACTS = st.builds(
    Facts,
    volunteer=st.just("vol_1"),
    benefit=st.just("a@1"),
    as_of=DAYS,
    active=st.booleans(),
    stars=st.integers(0, 10),
    star_minutes=st.lists(st.integers(1, 10**6), min_size=1, max_size=5).map(tuple),
    minutes=st.integers(0, 10**7),
    region=st.just("330282"),
    registered_on=DAYS,
    registered_months=st.integers(0, 900),
    window_from=st.none() | DAYS,
    age=st.none() | st.integers(0, 110),
    held=st.lists(st.sampled_from(["concert", "hardship"]), unique=True).map(tuple),
    records=SOURCES,
    honour_sources=SOURCES,
    adverse_sources=SOURCES,
)


@given(FACTS)
def test_facts_are_read_back_as_they_were(facts: Facts) -> None:
    """And written again they are the same bytes, so the same hash."""
    written = encode_facts(facts)
    assert decode_facts(written) == facts
    assert encode_facts(decode_facts(written)) == written
    assert hash_facts(decode_facts(written)) == hash_facts(facts)


def test_the_form_is_fixed() -> None:
    """A golden vector: applications and grants name their facts by this hash for ever."""
    assert encode_facts(SOME_FACTS) == (
        b'{"active":true,"adverse":0,"adverse_sources":{"count":0,"ids":[]},"age":34,"as_of":"2026-11-27",'
        b'"benefit":"concert@2026-1","consumed":0,"four_tens":0,"held":[],"honour_level":0,'
        b'"honour_sources":{"count":0,"ids":[]},"honours":0,"minutes":36000,"records":{"count":0,"ids":[]},'
        b'"region":"330282002","registered_months":80,"registered_on":"2020-03-05","star_minutes":[6000,18000,36000],'
        b'"stars":3,"v":1,"volunteer":"vol_0190c6f0a1b27c3d8e9f00112233aabb","window_from":"2025-11-28",'
        b'"window_minutes":6000}'
    )
    assert hash_facts(SOME_FACTS).hex() == "6fee7f236bef4d430c1a071aabd70dcb12dbdb191282f68d9df070eb4db424f8"


def test_each_fact_is_in_the_hash() -> None:
    """Whatever is changed, the hash is another."""
    changed = {
        "volunteer": "vol_2",
        "benefit": "b@1",
        "as_of": date(2026, 1, 1),
        "active": False,
        "stars": 1,
        "star_minutes": (1,),
        "minutes": 1,
        "region": "3",
        "registered_on": date(2021, 1, 1),
        "registered_months": 1,
        "window_from": None,
        "window_minutes": 1,
        "consumed": 1,
        "honours": 1,
        "honour_level": 1,
        "four_tens": 1,
        "age": None,
        "adverse": 1,
        "held": ("a",),
        "records": Sources(count=1),
        "honour_sources": Sources(count=1),
        "adverse_sources": Sources(count=1),
    }
    assert set(changed) == {field.name for field in fields(Facts)}
    hashes = {hash_facts(some_facts(**{name: value})) for name, value in changed.items()}
    assert len(hashes | {hash_facts(SOME_FACTS)}) == len(changed) + 1


def test_facts_of_another_version_are_not_read() -> None:
    """Rather an error than facts that mean something else."""
    with pytest.raises(ValueError, match="version"):
        decode_facts(encode_facts(SOME_FACTS).replace(b'"v":1', b'"v":2'))


def test_differences_are_told_fact_by_fact() -> None:
    """Of what criteria can ask for, and of what is held; another day alone is no difference."""
    assert compare_facts(SOME_FACTS, some_facts(as_of=date(2026, 12, 1), benefit="b@2")) == ()
    later = some_facts(stars=2, window_minutes=10, age=None, held=("concert",))
    assert compare_facts(SOME_FACTS, later) == (
        FactChange("stars", 3, 2),
        FactChange("window_minutes", 6000, 10),
        FactChange("free_minutes", 6000, 10),
        FactChange("age", 34, None),
        FactChange("held", "", "concert"),
    )


@pytest.mark.parametrize(
    "day, months, start",
    [
        (date(2026, 11, 27), 12, date(2025, 11, 28)),
        (date(2026, 3, 31), 1, date(2026, 3, 1)),
        (date(2024, 2, 29), 12, date(2023, 3, 1)),
        (date(2026, 1, 1), 1, date(2025, 12, 2)),
    ],
)
def test_a_window_is_so_many_months_to_the_day(day: date, months: int, start: date) -> None:
    """The last day is in it; the day so many months before is not."""
    assert window_start(months, day) == start


@given(DAYS, st.integers(0, 240))
def test_full_months_count_back(until: date, months: int) -> None:
    """From the day so many months before on it is so many months, from the next day on one less."""
    since = months_before(until, months)
    assert full_months(since, until) == months
    assert full_months(until, since) == 0
    assert full_months(window_start(months + 1, until), until) == months


def test_what_was_consumed_of_an_overlapping_window_is_taken() -> None:
    """One day in common is enough; a window beside it takes nothing."""
    window = Window(VolunteerId(VOLUNTEER), date(2025, 11, 28), date(2026, 11, 27))
    consumed = {"2025-01-01_2025-11-27": 1, "2025-01-01_2025-11-28": 10, "2026-11-27_2027-01-01": 100}
    assert consumed_in(window, consumed) == 110
