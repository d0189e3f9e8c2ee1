"""The public notice (公示) of an application: surname masked, village, category, amount, and nothing else.

A minor is never named, nor listed with anything that identifies: only the category is left. Somebody whose age nobody
knows is treated as one (Zhejiang's social-assistance regulation Art. 55; DOMAIN.md 3.2, 3.3, 7.7).
"""

from dataclasses import dataclass
from datetime import date

from app.core.minors import ADULT_AGE
from app.core.quantities import Fen
from app.core.volunteers import Volunteer


@dataclass(frozen=True, slots=True)
class Notice:
    """What the public reads of an application."""

    name: str | None
    village: str | None
    amount_fen: Fen | None


def notice_of(applicant: Volunteer, village: str, amount_fen: Fen | None, on: date) -> Notice:
    """The notice of an application, by the applicant's age on the day it is read: 张* however long the name is."""
    age = applicant.age_on(on)
    if age is None or age < ADULT_AGE:
        return Notice(None, None, None)
    surname, _, _ = applicant.masked_name.partition("*")
    return Notice(f"{surname}*", village, amount_fen)
