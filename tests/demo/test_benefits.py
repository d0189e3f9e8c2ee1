"""The benefits that are shipped: those of the seed, sound, lawful, in both languages, and published by two people."""

import re

import pytest

from app.core.benefits.criteria import check_criterion, criteria_of
from app.core.benefits.model import Benefit, BenefitKind, BenefitLevel, Decides, StartupScheme
from app.core.benefits.publishing import obstacles_of
from app.core.benefits.shape import check_shape
from app.core.ids import UserId
from app.demo.benefits import REVIEWER, city_benefits, load_benefits
from app.demo.loaded import LoadedCity
from app.store.benefits import fetch_open_benefits, fetch_published
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import named
from tests.support.clocks import Clock

BENEFITS = {benefit.code: benefit for benefit in city_benefits()}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_they_are_those_of_the_seed() -> None:
    """Enrolment, hardship, four supports for founders, flowers for Lei Feng, concert, film festival."""
    kinds = [benefit.kind for benefit in BENEFITS.values()]
    assert kinds.count(BenefitKind.EVENT_TICKET) == 3
    assert {benefit.scheme for benefit in BENEFITS.values() if benefit.scheme} == set(StartupScheme)
    assert set(BENEFITS) == {
        *("enrolment", "hardship", "founder-loan", "founder-insurance", "founder-jobs", "founder-rent"),
        *("flowers", "concert", "film-festival"),
    }
    assert BENEFITS["film-festival"].quota.batches_per_year == 12
    assert BENEFITS["enrolment"].owner.name == "市教育局"


@pytest.mark.parametrize("benefit", BENEFITS.values(), ids=BENEFITS)
def test_each_is_sound_and_lawful(benefit: Benefit) -> None:
    """It can be saved and published, and each criterion tells what it asks, without a remedy in free words."""
    assert check_shape(benefit) == ()
    assert obstacles_of(benefit) == ()
    assert all(criterion.required and not check_criterion(criterion) for criterion in criteria_of(benefit))


@pytest.mark.parametrize("benefit", BENEFITS.values(), ids=BENEFITS)
def test_each_speaks_both_languages(benefit: Benefit) -> None:
    """What is Chinese has Chinese characters, what is English has none."""
    listed = [(benefit.name, benefit.name_en), (benefit.owner.name, benefit.owner.name_en)]
    listed += [(one.name, one.name_en) for one in benefit.criteria]
    listed += [(one.name, one.name_en) for one in benefit.evidence]
    listed += [(one.name, one.name_en) for one in benefit.exclusions]
    assert all(CHINESE.search(zh) and not CHINESE.search(en) for zh, en in listed)
    assert CHINESE.search(benefit.description)
    assert benefit.description_en
    assert not CHINESE.search(benefit.description_en)


def test_only_tickets_are_given_without_a_person() -> None:
    """And aid goes through all levels and seven days of notice."""
    automatic = {benefit.kind for benefit in BENEFITS.values() if benefit.decides is Decides.AUTOMATIC}
    assert automatic == {BenefitKind.EVENT_TICKET}
    assert BENEFITS["hardship"].levels == tuple(BenefitLevel)
    assert BENEFITS["hardship"].publicity_days == 7


async def test_the_demo_publishes_them_by_two_people(database: Database, clock: Clock) -> None:
    """Written by one administrator, reviewed and published by another; all of them are open at once."""
    city = await a_city(database, clock, volunteers=1)
    loaded = LoadedCity(
        programme=city.programme,
        admin=UserId(named("admin")),
        auditor=UserId(named("auditor")),
        organiser=UserId(named("organiser")),
        passwords={},
    )
    async with database.begin() as tx:
        reviewer = await load_benefits(tx, loaded, clock.now)
    assert loaded.passwords[REVIEWER]
    async with database.read() as reader:
        published = await fetch_published(reader, city.programme)
        opened = await fetch_open_benefits(reader, city.programme, clock.now.date())
    assert {one.benefit for one in published} == set(BENEFITS.values()) == set(opened)
    assert {(one.created_by, one.reviewed_by) for one in published} == {(loaded.admin, reviewer)}
