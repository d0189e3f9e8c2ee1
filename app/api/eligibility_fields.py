"""How eligibility reads on the wire: each criterion with what is, what is required, what is missing, the sources."""

from datetime import date
from typing import Annotated

from pydantic import Field

from app.api.benefit_fields import BenefitFields, RequirementFields
from app.api.bodies import Answer
from app.api.fields import VolunteerRef
from app.core.benefits.eligibility import evaluate, is_eligible
from app.core.benefits.facts import SOURCES_MAX, Facts, hash_facts
from app.core.benefits.model import Benefit, BenefitKind, Decides, Requirement, Value
from app.core.benefits.results import CriterionResult, Missing
from app.store.benefit_bodies import encode_benefit


class ActualField(Answer):
    """A fact as it is; null: not known."""

    fact: Annotated[str, Field(examples=["window_minutes"])]
    value: Annotated[Value | None, Field(examples=[3780])]


class MissingField(Answer):
    """One way to meet a criterion: by how much the fact must rise, below zero fall; null where no figure is missing.

    For stars: the minutes of service to them, or that it is the evaluations which keep from them.
    """

    required: RequirementFields
    amount: Annotated[int | None, Field(examples=[2220])]
    minutes: Annotated[int | None, Field(examples=[2220])]
    by_quality: bool


class SourcesField(Answer):
    """The records that a figure comes from, the newest first; `count` of them in all."""

    ids: Annotated[list[str], Field(description=f"{SOURCES_MAX} of a kind at most")]
    count: int


class CriterionAnswer(Answer):
    """One criterion: met or not, what is, what is required (any one of it), what is missing, and from which records."""

    code: str
    name: str
    name_en: str
    when: Annotated[str, Field(description="The condition in CEL; empty for an exclusion", examples=["stars >= 3"])]
    met: bool
    actual: list[ActualField]
    required: list[RequirementFields]
    missing: list[MissingField]
    missing_zh: Annotated[str, Field(examples=["核定期内服务时长还差 37 小时"])]
    missing_en: Annotated[str, Field(examples=["service hours in the qualifying window: 37 hours short"])]
    sources: SourcesField


class EligibilityAnswer(Answer):
    """Whether somebody fulfils the criteria of a benefit as of a day, criterion by criterion. It is no decision."""

    volunteer_id: VolunteerRef
    benefit: Annotated[str, Field(examples=["enrolment"])]
    version: Annotated[str, Field(description="The version whose criteria these are", examples=["2026-1"])]
    kind: BenefitKind
    name: str
    name_en: str
    as_of: date
    eligible: bool
    decides: Annotated[
        Decides, Field(description="Who decides an application: a person, but for tickets and discounts")
    ]
    external_decision: Annotated[bool, Field(description="Another authority decides; the programme refers to it")]
    criteria: list[CriterionAnswer]
    facts_hash: Annotated[
        str, Field(description="SHA-256 of the facts in their canonical form", pattern="^[0-9a-f]{64}$")
    ]


class OwnBenefitAnswer(EligibilityAnswer):
    """A benefit with all that it says, and how one stands."""

    content: BenefitFields


class OwnBenefitPage(Answer):
    """The benefits that can be applied for, each with whether one is eligible, or why not."""

    benefits: list[EligibilityAnswer]
    next: str | None


def _render_requirement(required: Requirement) -> RequirementFields:
    return RequirementFields(fact=required.fact, operator=required.operator, value=required.value)


def _render_missing(missing: Missing) -> MissingField:
    return MissingField(
        required=_render_requirement(missing.required),
        amount=missing.amount,
        minutes=missing.minutes,
        by_quality=missing.by_quality,
    )


def render_criterion(result: CriterionResult) -> CriterionAnswer:
    """What became of one criterion, as the wire says it."""
    return CriterionAnswer(
        code=result.code,
        name=result.name,
        name_en=result.name_en,
        when=result.when,
        met=result.met,
        actual=[ActualField(fact=one.fact, value=one.value) for one in result.actual],
        required=[_render_requirement(one) for one in result.required],
        missing=[_render_missing(one) for one in result.missing],
        missing_zh=result.missing_zh,
        missing_en=result.missing_en,
        sources=SourcesField(ids=list(result.sources.ids), count=result.sources.count),
    )


def _judged(benefit: Benefit, facts: Facts) -> dict[str, object]:
    results = evaluate(benefit, facts)
    return {
        "volunteer_id": facts.volunteer,
        "benefit": benefit.code,
        "version": benefit.version,
        "kind": benefit.kind,
        "name": benefit.name,
        "name_en": benefit.name_en,
        "as_of": facts.as_of,
        "eligible": is_eligible(results),
        "decides": benefit.decides,
        "external_decision": benefit.external_decision,
        "criteria": [render_criterion(result) for result in results],
        "facts_hash": hash_facts(facts).hex(),
    }


def render_eligibility(benefit: Benefit, facts: Facts) -> EligibilityAnswer:
    """How somebody stands with a benefit."""
    return EligibilityAnswer.model_validate(_judged(benefit, facts))


def render_own(benefit: Benefit, facts: Facts) -> OwnBenefitAnswer:
    """How one stands with a benefit, and all that it says."""
    content = BenefitFields.model_validate_json(encode_benefit(benefit))
    return OwnBenefitAnswer.model_validate({**_judged(benefit, facts), "content": content})
