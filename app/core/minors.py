"""Minors (未成年人): what a young volunteer's service needs, by the age on the day of service.

Under 18 the guardian consents or comes along, under 10 the guardian comes along (DOMAIN.md 1.6; Zhejiang 2018 Art. 9,
Ningbo 2021 Art. 10); who is 16 and lives on own labour decides alone (DOMAIN.md 1.3); no minor does what is
hazardous, whoever consents.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.core.codes import Code, Rejected

ADULT_AGE = 18
LABOUR_AGE = 16
CONSENT_AGE = 14
"""Below it the consent of the guardian is asked for separately (PIPL Art. 31): it is always needed."""
ALONE_AGE = 10


class Guardian(StrEnum):
    """What the guardian of a minor did. One who is present consents."""

    NONE = "none"
    CONSENTED = "consented"
    PRESENT = "present"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a minor's service is judged by."""

    guardian: Guardian = Guardian.NONE
    hazardous: bool = False
    own_labour: bool = False
    """Lives on own labour: from 16 on as good as grown up."""


def refuse_minor(age: int | None, given: Circumstances) -> Rejected | None:
    """Why someone of this age may not have served so; None for grown-ups and for an age nobody knows."""
    if age is None or age >= ADULT_AGE:
        return None
    if given.hazardous:
        return Rejected(Code.NOT_FOR_MINORS, {"age": age})
    if age < ALONE_AGE and given.guardian is not Guardian.PRESENT:
        return Rejected(Code.GUARDIAN_REQUIRED, {"age": age, "needed": Guardian.PRESENT.value})
    if given.guardian is Guardian.NONE and not (given.own_labour and age >= LABOUR_AGE):
        return Rejected(Code.GUARDIAN_REQUIRED, {"age": age, "needed": Guardian.CONSENTED.value})
    return None
