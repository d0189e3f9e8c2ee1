"""Criteria: a condition in CEL and the requirements that tell it, held together so that what is told is true.

A requirement has one way to be written in CEL. A criterion with requirements must say exactly that, joined by "or":
then what is missing follows from the requirement, and whether it is met from the condition, and the two agree.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, assert_never

from app.core.benefits.facts import VARIABLES
from app.core.benefits.model import Benefit, Criterion, Operator, Requirement, Value
from app.core.conditions import Vocabulary, check_condition, holds, names_in

VOCABULARY = Vocabulary({name: variable.kind for name, variable in VARIABLES.items()})
"""What criteria speak of, with its CEL types."""

VALUE_MAX = 1_000_000_000
_OPERATORS = {
    "int": frozenset((Operator.AT_LEAST, Operator.AT_MOST, Operator.IS)),
    "string": frozenset((Operator.IS, Operator.WITHIN)),
    "bool": frozenset((Operator.IS,)),
}
_TEXT = re.compile(r"[0-9A-Za-z_.-]{1,32}")
_WINDOW = frozenset(("window_minutes", "free_minutes"))


class CriterionError(NamedTuple):
    """What is wrong with a criterion: the part of it as a JSON pointer, and why."""

    pointer: str
    detail: str


def render_requirement(required: Requirement) -> str:
    """A requirement in CEL. What it compares must fit (`check_criterion`)."""
    match required.operator:
        case Operator.AT_LEAST:
            return f"{required.fact} >= {required.value}"
        case Operator.AT_MOST:
            return f"{required.fact} <= {required.value}"
        case Operator.WITHIN:
            return f'{required.fact}.startsWith("{required.value}")'
        case Operator.IS:
            return f"{required.fact} == {_literal(required.value)}"
        case unreachable:
            assert_never(unreachable)


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def render_when(required: tuple[Requirement, ...]) -> str:
    """The condition that any one of these is met."""
    return " || ".join(map(render_requirement, required))


def check_criterion(criterion: Criterion) -> tuple[CriterionError, ...]:
    """All that keeps a criterion from being saved; nothing for one that tells what it asks."""
    wrong = tuple(_check_required(criterion.required))
    if wrong:
        return wrong
    if not criterion.required and not (criterion.remedy and criterion.remedy_en):
        return (CriterionError("/remedy", "without `required` it says in both languages what would meet it"),)
    if criterion.required and criterion.when != render_when(criterion.required):
        return (CriterionError("/when", f"says something else than `required`: {render_when(criterion.required)}"),)
    return tuple(
        CriterionError("/when", f"line {error.line}, column {error.column}: {error.message}")
        for error in check_condition(criterion.when, VOCABULARY)
    )


def _check_required(required: tuple[Requirement, ...]) -> Iterator[CriterionError]:
    if len({one.fact for one in required}) < len(required):
        yield CriterionError("/required", "each fact once: of two the easier one would be all that is required")
    for number, one in enumerate(required):
        pointer = f"/required/{number}"
        variable = VARIABLES.get(one.fact)
        if variable is None:
            yield CriterionError(f"{pointer}/fact", "no such fact")
        elif one.operator not in _OPERATORS[variable.kind]:
            yield CriterionError(f"{pointer}/operator", f"does not compare with {variable.kind}")
        elif not _fits(variable.kind, one.value):
            yield CriterionError(f"{pointer}/value", f"no {variable.kind} that can be required")


def _fits(kind: str, value: Value) -> bool:
    if isinstance(value, bool):
        return kind == "bool"
    if isinstance(value, int):
        return kind == "int" and 0 <= value <= VALUE_MAX
    return kind == "string" and _TEXT.fullmatch(value) is not None


def is_met(criterion: Criterion, variables: dict[str, Value]) -> bool | None:
    """Whether the facts meet a criterion; None where it cannot be told, which is not met."""
    return holds(criterion.when, variables, VOCABULARY)


def facts_named(criterion: Criterion) -> tuple[str, ...]:
    """The facts that a criterion looks at, in the order of the vocabulary."""
    return names_in(criterion.when, VOCABULARY)


def needs_window(criterion: Criterion) -> bool:
    """Whether a criterion asks for service in the qualifying window."""
    return not _WINDOW.isdisjoint(facts_named(criterion))


def criteria_of(benefit: Benefit) -> tuple[Criterion, ...]:
    """All criteria of a benefit: its own, and that there are hours left which a grant can consume."""
    if not benefit.consumes_minutes:
        return benefit.criteria
    required = (Requirement(fact="free_minutes", operator=Operator.AT_LEAST, value=benefit.consumes_minutes),)
    consumed = Criterion(
        code="consumption",
        name="核定期内尚有足够的未使用时长",
        name_en="Enough unused hours in the qualifying window",
        when=render_when(required),
        required=required,
    )
    return (*benefit.criteria, consumed)
