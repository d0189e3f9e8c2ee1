"""Eligibility explains itself, and what it tells is true: exactly what is missing is what makes a criterion met."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.benefits.criteria import VOCABULARY, check_criterion, is_met, render_requirement, render_when
from app.core.benefits.eligibility import evaluate, is_eligible
from app.core.benefits.facts import VARIABLES, Facts, Sources
from app.core.benefits.model import Criterion, Exclusion, Operator, Requirement, Value
from app.core.benefits.results import CriterionResult
from app.core.benefits.sentences import tell_minutes
from app.core.stars import StarScale
from tests.support.benefits import HOUR, SOME_FACTS, a_benefit, a_criterion, requires, some_facts

NUMBERS = sorted(name for name, variable in VARIABLES.items() if variable.kind == "int")
OPERATORS = {
    "int": [Operator.AT_LEAST, Operator.AT_MOST, Operator.IS],
    "bool": [Operator.IS],
    "string": [Operator.IS, Operator.WITHIN],
}
COUNTS = st.integers(0, 200)
VALUES: dict[str, st.SearchStrategy[Value]] = {
    "int": COUNTS,
    "bool": st.booleans(),
    "string": st.sampled_from(["330282", "330282002", "330282002001", "330281", "33"]),
}


@st.composite
def requirements(draw: st.DrawFn) -> Requirement:
    """Anything that can be required."""
    fact = draw(st.sampled_from(sorted(VARIABLES)))
    kind = VARIABLES[fact].kind
    return requires(fact, draw(st.sampled_from(OPERATORS[kind])), draw(VALUES[kind]))


CRITERIA = st.lists(requirements(), min_size=1, max_size=3, unique_by=lambda one: one.fact).map(
    lambda required: a_criterion(*required)
)
FACTS = st.fixed_dictionaries({name: VALUES[variable.kind] for name, variable in VARIABLES.items()}).map(
    lambda drawn: {name: value for name, value in drawn.items() if name != "age" or value != 0}
)
"""Facts as criteria name them; an age of 0 stands for one that nobody knows."""


def _facts(drawn: dict[str, Value]) -> Facts:
    named = {name: value for name, value in drawn.items() if name != "free_minutes"}
    known = {"age": None, **named, "consumed": 0}
    return some_facts(**known)


def _one(result: tuple[CriterionResult, ...]) -> CriterionResult:
    [only] = result
    return only


def judge(criterion: Criterion, facts: Facts) -> CriterionResult:
    """What becomes of one criterion."""
    return _one(evaluate(a_benefit(criteria=(criterion,)), facts))


@given(CRITERIA, FACTS)
def test_what_is_missing_is_exactly_what_meets_the_criterion(criterion: Criterion, drawn: dict[str, Value]) -> None:
    """Each way that is told is enough by itself, a step less is not, and whoever misses nothing has met it."""
    facts = _facts(drawn)
    variables = dict(facts.variables())
    result = judge(criterion, facts)
    assert result.met is not bool(result.missing)
    assert bool(result.missing_zh) is bool(result.missing_en) is not result.met
    for missing in result.missing:
        if missing.amount is None:
            continue
        fact, actual = missing.required.fact, missing.actual
        assert isinstance(actual, int)
        assert missing.amount != 0
        assert is_met(criterion, variables | {fact: actual + missing.amount})
        short = missing.amount - (1 if missing.amount > 0 else -1)
        assert not is_met(criterion, variables | {fact: actual + short})


@given(CRITERIA, FACTS)
def test_condition_and_requirement_say_the_same(criterion: Criterion, drawn: dict[str, Value]) -> None:
    """CEL on the one side, plain comparisons on the other: the same answer for whatever facts there are."""
    variables = dict(_facts(drawn).variables())
    assert not check_criterion(criterion)
    assert (is_met(criterion, variables) is True) is any(_compare(one, variables) for one in criterion.required)


def _compare(required: Requirement, variables: dict[str, Value]) -> bool:
    actual, value = variables.get(required.fact), required.value
    if actual is None:
        return False
    match required.operator:
        case Operator.AT_LEAST:
            return int(actual) >= int(value)
        case Operator.AT_MOST:
            return int(actual) <= int(value)
        case Operator.WITHIN:
            return str(actual)[: len(str(value))] == value
        case Operator.IS:
            return actual == value


@pytest.mark.parametrize(
    "fact, operator, value, actual, zh, en",
    [
        ("window_minutes", Operator.AT_LEAST, 100 * HOUR, 63 * HOUR, "核定期内服务时长还差 37 小时", "37 hours short"),
        ("minutes", Operator.AT_LEAST, 100 * HOUR, 99 * HOUR + 59, "累计服务时长还差 1 分钟", "1 minute short"),
        ("minutes", Operator.AT_LEAST, 100 * HOUR, 97 * HOUR + 30, "还差 2 小时 30 分钟", "2 hours 30 minutes short"),
        (
            "stars",
            Operator.AT_LEAST,
            3,
            2,
            "星级还差 1 星（服务评价未达到要求）",
            "1 star short (evaluations are below what is asked for)",
        ),
        ("adverse", Operator.AT_MOST, 0, 2, "近3年不良记录超出 2 次", "2 times too many"),
        ("age", Operator.AT_MOST, 60, 63, "年龄超出 3 岁", "3 years too many"),
        ("age", Operator.AT_LEAST, 18, None, "年龄未登记", "age: not on record"),
        ("registered_months", Operator.AT_LEAST, 12, 5, "注册月数还差 7 个月", "7 months short"),
        ("honour_level", Operator.AT_LEAST, 2, 0, "最高表彰级别须为县级及以上", "county or higher is required"),
        ("active", Operator.IS, True, False, "在册有效：须为“是”", "must be yes"),
        ("region", Operator.WITHIN, "330282", "330281", "所在地区须在 330282 范围内", "must lie within 330282"),
        ("region", Operator.IS, "330282", "330281", "所在地区须为 330282", "must be 330282"),
    ],
)
def test_what_is_missing_is_told_in_both_languages(
    fact: str, operator: Operator, value: Value, actual: Value | None, zh: str, en: str
) -> None:
    """To the minute, in units that people count in."""
    result = judge(a_criterion(requires(fact, operator, value)), some_facts(**{fact: actual}))
    assert not result.met
    assert result.missing_zh.endswith(zh)
    assert result.missing_en.endswith(en)


@given(st.integers(0, 40_000), st.integers(1, 5))
def test_the_hours_to_a_star_are_exactly_those(minutes: int, wanted: int) -> None:
    """So much more service gives the stars, a minute less does not; a star beyond the table has none."""
    scale = StarScale(SOME_FACTS.star_minutes)
    facts = some_facts(minutes=minutes, stars=scale.stars(minutes))
    result = judge(a_criterion(requires("stars", Operator.AT_LEAST, wanted)), facts)
    if result.met:
        return
    [missing] = result.missing
    if wanted > len(scale.thresholds):
        assert missing.minutes is None
        return
    assert missing.minutes is not None
    assert scale.stars(minutes + missing.minutes) == wanted
    assert scale.stars(minutes + missing.minutes - 1) < wanted
    assert f"服务时长还差 {tell_minutes(missing.minutes).zh}" in result.missing_zh


def test_hours_are_not_promised_where_quality_is_missing() -> None:
    """With the minutes of three stars and the evaluations of none, more hours would not help."""
    result = judge(a_criterion(requires("stars", Operator.AT_LEAST, 1)), some_facts(minutes=36_000, stars=0))
    assert (result.missing[0].minutes, result.missing[0].by_quality) == (None, True)
    assert result.missing_zh == "星级还差 1 星（服务评价未达到要求）"


def test_any_one_of_several_is_enough_and_all_are_told() -> None:
    """300 hours or an honour of the county: both ways are told, and either meets it."""
    criterion = a_criterion(
        requires("minutes", Operator.AT_LEAST, 300 * HOUR), requires("honour_level", Operator.AT_LEAST, 2)
    )
    result = judge(criterion, some_facts(minutes=250 * HOUR, honour_level=1))
    assert result.missing_zh == "累计服务时长还差 50 小时；或最高表彰级别须为县级及以上"
    assert result.missing_en.startswith("service hours in all: 50 hours short; or ")
    assert judge(criterion, some_facts(minutes=300 * HOUR)).met
    assert judge(criterion, some_facts(minutes=0, honour_level=5)).met


def test_a_condition_without_requirement_tells_its_remedy() -> None:
    """And first which of its facts nobody knows."""
    when = "stars * 12 >= registered_months && age >= 18"
    criterion = Criterion(code="own", name="条件", name_en="condition", when=when, remedy="请咨询", remedy_en="Ask us")
    assert not check_criterion(criterion)
    assert judge(criterion, some_facts(registered_months=30)).met
    result = judge(criterion, some_facts(registered_months=30, age=None))
    assert (result.missing_zh, result.missing_en) == ("年龄未登记；请咨询", "age: not on record; Ask us")
    assert judge(criterion, some_facts(stars=0)).missing_en == "Ask us"


@pytest.mark.parametrize(
    "criterion, pointer",
    [
        (a_criterion(requires("shoe_size", Operator.AT_LEAST, 40)), "/required/0/fact"),
        (a_criterion(requires("region", Operator.AT_LEAST, "33")), "/required/0/operator"),
        (a_criterion(requires("stars", Operator.WITHIN, 3)), "/required/0/operator"),
        (a_criterion(requires("stars", Operator.AT_LEAST, "3")), "/required/0/value"),
        (a_criterion(requires("stars", Operator.AT_LEAST, True)), "/required/0/value"),
        (a_criterion(requires("active", Operator.IS, 1)), "/required/0/value"),
        (a_criterion(requires("region", Operator.WITHIN, '") || true || ("')), "/required/0/value"),
        (a_criterion(requires("stars", Operator.AT_LEAST, 3), requires("stars", Operator.AT_LEAST, 2)), "/required"),
        (replace(a_criterion(requires("stars", Operator.AT_LEAST, 3)), when="stars >= 2"), "/when"),
        (replace(a_criterion(requires("stars", Operator.AT_LEAST, 3)), when="stars >= 3 || true"), "/when"),
        (Criterion(code="a", name="a", name_en="a", when="stars >= 3"), "/remedy"),
        (Criterion(code="a", name="a", name_en="a", when="stars >= 3", remedy="只有中文"), "/remedy"),
        (Criterion(code="a", name="a", name_en="a", when="stars", remedy="a", remedy_en="a"), "/when"),
        (Criterion(code="a", name="a", name_en="a", when="category == ''", remedy="a", remedy_en="a"), "/when"),
    ],
)
def test_a_criterion_that_would_tell_something_else_is_refused(criterion: Criterion, pointer: str) -> None:
    """Another fact, operator or value than there is, a fact twice, a condition beside its requirement."""
    [error, *_] = check_criterion(criterion)
    assert error.pointer == pointer
    assert error.detail


def test_whoever_holds_an_excluding_benefit_is_not_eligible() -> None:
    """The exclusion is told like a criterion; one that a reviewer attests is not judged here."""
    exclusions = (
        Exclusion(code="twice", name="不得兼得", name_en="not both", benefit="hardship"),
        Exclusion(code="crime", name="有犯罪记录", name_en="criminal record"),
    )
    benefit = a_benefit(exclusions=exclusions)
    assert is_eligible(evaluate(benefit, some_facts(held=("other",))))
    results = evaluate(benefit, some_facts(held=("hardship", "other")))
    assert not is_eligible(results)
    assert [result.code for result in results] == ["stars", "hours", "twice"]
    assert (results[-1].met, results[-1].missing_zh) == (False, "已享受不可同时享受的礼遇：hardship")


def test_hours_that_were_consumed_do_not_qualify_again() -> None:
    """The programme adds the criterion: what is left of the window must cover what a grant consumes."""
    benefit = a_benefit(consumes_minutes=60 * HOUR)
    assert is_eligible(evaluate(benefit, some_facts(consumed=40 * HOUR)))
    results = evaluate(benefit, some_facts(consumed=40 * HOUR + 1))
    assert [(result.code, result.met) for result in results] == [
        ("stars", True),
        ("hours", True),
        ("consumption", False),
    ]
    assert results[-1].missing_en == "unused service hours in the qualifying window: 1 minute short"


def test_sources_stand_beside_what_they_prove() -> None:
    """Records beside hours and stars, honours beside honours, nothing beside a region."""
    facts = some_facts(
        records=Sources(ids=("rec_1",), count=70), honour_sources=Sources(ids=("hon_1",), count=1), honour_level=2
    )
    hours = a_criterion(requires("window_minutes", Operator.AT_LEAST, 1), requires("stars", Operator.AT_LEAST, 1))
    assert judge(hours, facts).sources == facts.records
    both = a_criterion(requires("stars", Operator.AT_LEAST, 1), requires("honour_level", Operator.AT_LEAST, 1))
    assert judge(both, facts).sources == Sources(ids=("rec_1", "hon_1"), count=71)
    assert judge(a_criterion(requires("region", Operator.WITHIN, "33")), facts).sources == Sources()


def test_the_version_of_the_day_judges() -> None:
    """`when`, actual and required are told of each criterion, met or not, in the benefit's order."""
    results = evaluate(a_benefit(), some_facts(stars=2))
    assert [(result.code, result.met) for result in results] == [("stars", False), ("hours", True)]
    assert (results[0].when, results[0].actual) == ("stars >= 3", (("stars", 2),))
    assert results[1].missing_zh == ""


def test_the_vocabulary_is_that_of_the_facts() -> None:
    """Each variable is a fact, and rendering a requirement of it compiles."""
    facts = some_facts()
    assert set(VOCABULARY.variables) == set(facts.variables()) == set(VARIABLES)
    assert "age" not in some_facts(age=None).variables()
    assert render_when((requires("active", Operator.IS, False),)) == "active == false"
    assert render_requirement(requires("region", Operator.WITHIN, "3302")) == 'region.startsWith("3302")'


def test_numbers_have_units_that_can_be_told() -> None:
    """No number of the vocabulary is without words, in either direction."""
    for name in NUMBERS:
        for operator, value, actual in ((Operator.AT_LEAST, 5, 3), (Operator.AT_MOST, 1, 3)):
            changed = {"window_minutes" if name == "free_minutes" else name: actual}
            result = judge(a_criterion(requires(name, operator, value)), some_facts(**changed))
            assert result.missing_zh
            assert result.missing_en
