"""Files of benefits: the bodies that the API takes, many in one JSON file, all of them sound or none."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from app.api.benefit_fields import BenefitFields, shape_problems
from app.api.bodies import Body, parse_body
from app.api.problems import FieldProblem, Problem
from app.core.benefits.model import Benefit
from app.core.codes import Code


class BenefitFile(Body):
    """The contents of such a file."""

    benefits: Annotated[tuple[BenefitFields, ...], Field(max_length=1000)]


def read_benefits(raw: bytes) -> Sequence[Benefit]:
    """The benefits of a file. Raises a problem that points to each field that is wrong."""
    benefits = [body.to_benefit() for body in parse_body(BenefitFile, raw).body.benefits]
    wrong = [
        FieldProblem(pointer=f"/benefits/{number}{error.pointer}", detail=error.detail)
        for number, benefit in enumerate(benefits)
        for error in shape_problems(benefit)
    ]
    if wrong:
        raise Problem(Code.PARAM_ERROR, errors=wrong)
    return benefits
