"""Material (申请材料) of an application that lies elsewhere: what it is, its hash, and where. Files are in `files`.

Nobody is asked for what data sharing gives (最低生活保障审核确认办法; DOMAIN.md 3.2), and nobody may hand it in either.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.core.benefits.model import Benefit, Evidence, EvidenceSource
from app.core.codes import Code, Rejected

MATERIAL_MAX = 40
"""Pieces an application can come with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One piece. `reference`: where the sealed file is kept, outside; `sha256`: of its bytes, so none is swapped."""

    code: str
    sha256: str
    reference: str
    note: str = ""


def refuse_material(benefit: Benefit, given: Sequence[Material]) -> Rejected | None:
    """Why material may not be handed in: the benefit does not ask the applicant for it."""
    if len(given) > MATERIAL_MAX:
        return Rejected(Code.PARAM_ERROR, {"material": "too-many", "max": MATERIAL_MAX})
    asked = {evidence.code for evidence in asked_of_applicant(benefit)}
    for piece in given:
        if piece.code not in asked:
            return Rejected(Code.PARAM_ERROR, {"material": piece.code, "why": "not-asked-for"})
    return None


def asked_of_applicant(benefit: Benefit) -> tuple[Evidence, ...]:
    """The material that the applicant brings: nothing that data sharing gives."""
    return tuple(evidence for evidence in benefit.evidence if evidence.source is EvidenceSource.APPLICANT)


def missing_material(benefit: Benefit, brought: Collection[str]) -> tuple[Evidence, ...]:
    """What the applicant still has to bring, of the papers by code: named as lying elsewhere, or uploaded.

    It hinders nobody from submitting: it is asked for once, completely.
    """
    return tuple(each for each in asked_of_applicant(benefit) if not each.optional and each.code not in brought)
