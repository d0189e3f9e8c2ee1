"""Eligibility that explains itself (PIPL Art. 24): each criterion met or not, what is, what is required, what lacks.

It grants nothing and refuses nothing: it gathers what a person decides by (DOMAIN.md 0.8). No side effects.
"""

from app.core.benefits.criteria import criteria_of, facts_named, is_met
from app.core.benefits.facts import VARIABLES, Facts, Sources
from app.core.benefits.model import Benefit, Criterion, Exclusion, Operator, Requirement, Value
from app.core.benefits.results import Actual, CriterionResult, Missing
from app.core.benefits.sentences import tell_missing, tell_remedy


def evaluate(benefit: Benefit, facts: Facts) -> tuple[CriterionResult, ...]:
    """Judge a volunteer's facts by one version of a benefit: its criteria in order, then who is excluded."""
    variables = dict(facts.variables())
    criteria = (_judge(criterion, variables, facts) for criterion in criteria_of(benefit))
    exclusions = (_exclude(one, one.benefit, facts) for one in benefit.exclusions if one.benefit is not None)
    return (*criteria, *exclusions)


def is_eligible(results: tuple[CriterionResult, ...]) -> bool:
    """Whether every criterion is met."""
    return all(result.met for result in results)


def _judge(criterion: Criterion, variables: dict[str, Value], facts: Facts) -> CriterionResult:
    met = is_met(criterion, variables) is True
    missing = () if met else tuple(_miss(one, variables.get(one.fact), facts) for one in criterion.required)
    named = facts_named(criterion)
    told = ("", "")
    if not met:
        told = tell_missing(missing) if missing else tell_remedy(criterion, named, variables)
    return CriterionResult(
        code=criterion.code,
        name=criterion.name,
        name_en=criterion.name_en,
        when=criterion.when,
        met=met,
        actual=tuple(Actual(name, variables.get(name)) for name in named),
        required=criterion.required,
        missing=missing,
        missing_zh=told[0],
        missing_en=told[1],
        sources=_join_sources(tuple(dict.fromkeys(facts.sources_of(name) for name in named))),
    )


def _miss(required: Requirement, actual: Value | None, facts: Facts) -> Missing:
    if VARIABLES[required.fact].kind != "int" or actual is None:
        return Missing(required, actual, None)
    amount = int(required.value) - int(actual)
    if required.fact != "stars" or amount < 0:
        return Missing(required, actual, amount)
    if facts.lacks_quality:
        return Missing(required, actual, amount, by_quality=True)
    return Missing(required, actual, amount, _minutes_to(int(required.value), facts))


def _minutes_to(stars: int, facts: Facts) -> int | None:
    """The service that is missing to so many stars; None where the programme has not so many."""
    return facts.star_minutes[stars - 1] - facts.minutes if stars <= len(facts.star_minutes) else None


def _join_sources(sources: tuple[Sources, ...]) -> Sources:
    return Sources(
        ids=tuple(reference for one in sources for reference in one.ids), count=sum(one.count for one in sources)
    )


def _exclude(exclusion: Exclusion, other: str, facts: Facts) -> CriterionResult:
    """An exclusion as a criterion: that the other benefit is not held."""
    held = other in facts.held
    return CriterionResult(
        code=exclusion.code,
        name=exclusion.name,
        name_en=exclusion.name_en,
        when="",
        met=not held,
        actual=(Actual("held", other if held else ""),),
        required=(Requirement(fact="held", operator=Operator.IS, value=""),),
        missing=(),
        missing_zh=f"已享受不可同时享受的礼遇：{other}" if held else "",
        missing_en=f"already holds a benefit that excludes this one: {other}" if held else "",
        sources=Sources(),
    )
