"""What a benefit programme says on the wire, with its limits; what does not fit together is told with its place."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from app.api.bodies import Body
from app.api.fields import Name, refuse_control_characters
from app.api.policy_fields import Version
from app.api.problems import FieldProblem
from app.core.benefits.criteria import VALUE_MAX, render_when
from app.core.benefits.facts import VARIABLES
from app.core.benefits.model import (
    Benefit,
    BenefitKind,
    BenefitLevel,
    Decides,
    EvidenceSource,
    Operator,
    RevocationCause,
    StartupScheme,
)
from app.core.benefits.shape import check_shape
from app.core.conditions import CONDITION_MAX
from app.store.benefit_bodies import decode_benefit, encode_benefit

BenefitCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$", examples=["enrolment"])]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Minutes = Annotated[int, Field(ge=0, le=10_000_000)]


def _refuse_unprintable(text: str) -> str:
    if any(not character.isprintable() and character != "\n" for character in text):
        raise ValueError("no control characters but line breaks")
    return text


Paragraph = Annotated[str, Field(max_length=2000), AfterValidator(_refuse_unprintable)]
Remedy = Annotated[str, Field(max_length=200), AfterValidator(refuse_control_characters)]


class DepartmentFields(Body):
    """Who owns a benefit."""

    code: BenefitCode
    name: Annotated[Name, Field(examples=["市教育局"])]
    name_en: Annotated[Name, Field(examples=["Education Bureau"])]


class RequirementFields(Body):
    """One fact compared with one value."""

    fact: Annotated[
        str,
        Field(
            max_length=32,
            description=", ".join(f"`{name}` ({one.kind}, {one.name})" for name, one in VARIABLES.items()),
            examples=["stars"],
        ),
    ]
    operator: Operator
    value: Annotated[
        Annotated[int, Field(ge=0, le=VALUE_MAX)] | bool | Annotated[str, Field(max_length=32)], Field(examples=[3])
    ]


class CriterionFields(Body):
    """A condition that has to be met. Any one of `required` is enough, and `when` says exactly that in CEL.

    `when` may be left out where `required` is given. Without `required`, `remedy` tells what would meet the condition.
    """

    code: BenefitCode
    name: Annotated[Name, Field(examples=["三星级以上"])]
    name_en: Annotated[Name, Field(examples=["Three stars or more"])]
    when: Annotated[
        str, Field(max_length=CONDITION_MAX, examples=["stars >= 3"]), AfterValidator(_refuse_unprintable)
    ] = ""
    required: Annotated[tuple[RequirementFields, ...], Field(max_length=8)] = ()
    remedy: Remedy = ""
    remedy_en: Remedy = ""


class BenefitEvidenceFields(Body):
    """Material that an application comes with; `shared`: got by data sharing, never asked for."""

    code: BenefitCode
    name: Name
    name_en: Name
    source: EvidenceSource = EvidenceSource.APPLICANT
    optional: bool = False
    sensitive: Annotated[bool, Field(description="Only with a consent of its own (PIPL Art. 29)")] = False


class QuotaFields(Body):
    """How many are given at most (名额); null: without limit."""

    per_batch: Annotated[Count | None, Field(description="In one round")] = None
    batches_per_year: Annotated[Count | None, Field(description="Rounds in a calendar year")] = None
    per_person: Annotated[Count | None, Field(description="To one volunteer in a calendar year")] = None
    per_year: Annotated[Count | None, Field(description="In a calendar year")] = None
    share_bp: Annotated[
        Annotated[int, Field(ge=1, le=10_000)] | None,
        Field(description="Basis points of the registered volunteers who hold it at a time (500: 5 %)"),
    ] = None


class ExclusionFields(Body):
    """Who gets nothing (排除情形): holders of the named benefit; without one, whom a reviewer finds it to apply to."""

    code: BenefitCode
    name: Name
    name_en: Name
    benefit: BenefitCode | None = None


class RevocationFields(Body):
    """What a grant is revoked for (撤销), and whether what came with it is clawed back."""

    cause: RevocationCause
    claws_back: bool = False


class BenefitFields(Body):
    """A version of a benefit programme (礼遇项目), for applications made on `effective_from` or later."""

    code: BenefitCode
    version: Version
    effective_from: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
    kind: BenefitKind
    owner: DepartmentFields
    name: Annotated[Name, Field(examples=["子女入学佐证函"])]
    name_en: Annotated[Name, Field(examples=["Enrolment reference letter"])]
    criteria: Annotated[tuple[CriterionFields, ...], Field(max_length=20, json_schema_extra={"minItems": 1})]
    description: Paragraph = ""
    description_en: Paragraph = ""
    scheme: StartupScheme | None = None
    evidence: Annotated[tuple[BenefitEvidenceFields, ...], Field(max_length=20)] = ()
    levels: Annotated[tuple[BenefitLevel, ...], Field(max_length=3, description="From below")] = ()
    decides: Decides = Decides.PERSON
    publicity_days: Annotated[int, Field(ge=0, le=90, description="Calendar days of public notice (公示)")] = 0
    quota: QuotaFields = QuotaFields()
    validity_days: Annotated[Annotated[int, Field(ge=1, le=3660)] | None, Field(description="null: without end")] = None
    exclusions: Annotated[tuple[ExclusionFields, ...], Field(max_length=20)] = ()
    window_months: Annotated[
        Annotated[int, Field(ge=1, le=240)] | None, Field(description="The qualifying window (核定期)")
    ] = None
    consumes_minutes: Annotated[Minutes, Field(description="Of the window, used up by a grant")] = 0
    revocation: Annotated[tuple[RevocationFields, ...], Field(max_length=3)] = (
        RevocationFields(cause=RevocationCause.FRAUD, claws_back=True),
    )
    external_decision: Annotated[bool, Field(description="Another authority decides; the programme refers to it")] = (
        False
    )

    def to_benefit(self) -> Benefit:
        """The benefit that this body says, with the conditions that its requirements say."""
        return fill_conditions(decode_benefit(self.model_dump_json()))


def fill_conditions(benefit: Benefit) -> Benefit:
    """Write the conditions that were left to what is required."""
    criteria = tuple(
        criterion if criterion.when else replace(criterion, when=render_when(criterion.required))
        for criterion in benefit.criteria
    )
    return replace(benefit, criteria=criteria)


def shape_problems(benefit: Benefit) -> Sequence[FieldProblem]:
    """What does not fit together, field by field."""
    return [FieldProblem(pointer=error.pointer, detail=error.detail) for error in check_shape(benefit)]


def benefit_content(benefit: Benefit) -> dict[str, object]:
    """A benefit as the wire says it."""
    said: dict[str, object] = json.loads(encode_benefit(benefit))
    return said
