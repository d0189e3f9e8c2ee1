"""Certificates: records under the units that organised them, words told apart, and when they no longer hold."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.certificates import CertifiedRecord, Validity, certify, judge
from app.core.ids import RecordId, TeamId, VolunteerId
from app.core.quantities import Minutes
from app.core.rows import Evidence
from tests.core.builders import VOLUNTEER, named

DAY = date(2026, 3, 2)


def certified_record(number: int, team: int, minutes: int) -> CertifiedRecord:
    """A record of one of several teams."""
    return CertifiedRecord(
        id=RecordId(named("record", number)),
        team=TeamId(named("team", team)),
        team_name=f"队伍{team}",
        activity="文明劝导",
        content="",
        served_on=DAY - timedelta(days=number % 7),
        minutes=Minutes(minutes),
        evidence=Evidence.CHECKED_IN,
    )


RECORDS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 1440)), min_size=1, max_size=12).map(
    lambda drawn: [certified_record(number, team, minutes) for number, (team, minutes) in enumerate(drawn)]
)


@given(records=RECORDS)
def test_each_unit_certifies_its_own_records_and_no_other(records: list[CertifiedRecord]) -> None:
    """谁组织谁记录，谁记录谁证明: every record once, under the team that organised it; the minutes add up."""
    certified = certify(VOLUNTEER, None, None, records)
    for unit in certified.units:
        assert {(record.team, record.team_name) for record in unit.records} == {(unit.team, unit.name)}
        assert list(unit.records) == sorted(unit.records, key=lambda record: (record.served_on, record.id))
    assert len({unit.team for unit in certified.units}) == len(certified.units)
    assert certified.records == tuple(sorted((record.id, record.minutes) for record in records))
    assert certified.minutes == sum(unit.minutes for unit in certified.units) == sum(r.minutes for r in records)


@given(records=RECORDS, place=st.integers(0, 11))
def test_the_same_words_are_the_same_bytes_and_others_are_not(records: list[CertifiedRecord], place: int) -> None:
    """Order does not matter; a minute, a record, a day of the period, and the volunteer do."""
    said = certify(VOLUNTEER, None, None, records).encode()
    shuffled = sorted(records, key=lambda record: str(record.id)[::-1])
    assert certify(VOLUNTEER, None, None, shuffled).encode() == said
    place %= len(records)
    longer = replace(records[place], minutes=Minutes(records[place].minutes + 1))
    others = [
        certify(VOLUNTEER, DAY, None, records),
        certify(VOLUNTEER, None, DAY, records),
        certify(VOLUNTEER, None, None, [*records, certified_record(99, 0, 1)]),
        certify(
            VOLUNTEER,
            None,
            None,
            [*records[:place], longer, *records[place + 1 :]],
        ),
        replace(certify(VOLUNTEER, None, None, records), volunteer=VolunteerId(named("other"))),
    ]
    words = [other.encode() for other in others]
    assert said not in words
    assert len(set(words)) == len(words)


@given(certified=st.integers(1, 10**6), standing=st.integers(0, 10**6))
def test_it_is_superseded_by_the_first_minute_that_falls(certified: int, standing: int) -> None:
    """Valid while all minutes stand; never by more hours."""
    assert judge(certified, standing) is (Validity.SUPERSEDED if standing < certified else Validity.VALID)
