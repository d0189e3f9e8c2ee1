"""Documents by which a person proves who they are (身份证件), and the numbers on them: their form, never who it is.

GB 11643-1999 (DOMAIN.md 4.2): 6 digits of a region, 8 of the birthday, 3 of an order (odd: male), a check character.
The region may be one that was abolished, so it is never a reason to refuse.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FORM = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_BODY = 17
_BIRTHDAY = slice(6, 14)
_OLDEST_YEAR = 1875
"""Nobody alive is older; the oldest ever known was 122."""


class IdType(StrEnum):
    """The kinds of document. Those with a check character are held to it."""

    RESIDENT_ID = "resident_id"
    """居民身份证, GB 11643."""
    HK_MACAU_RESIDENCE = "hk_macau_residence"
    """港澳居民居住证: 81 or 82, then as a resident's card."""
    TAIWAN_RESIDENCE = "taiwan_residence"
    """台湾居民居住证: 83, then as a resident's card."""
    FOREIGN_PERMANENT_RESIDENT = "foreign_permanent_resident"
    """外国人永久居留身份证: since 2023 18 digits beginning with 9; the older one has 15 characters."""
    PASSPORT = "passport"
    """护照: a country's own form."""


class NumberProblem(StrEnum):
    """What is wrong with a document's number: the first of these, in this order."""

    FORM = "not the form of this document's number"
    KIND = "the first digits belong to another kind of document"
    BIRTHDAY = "characters 7 to 14 are no possible birthday"
    CHECK_CHARACTER = "the check character does not match"


_HEADS = {
    IdType.RESIDENT_ID: ("1", "2", "3", "4", "5", "6", "7"),
    IdType.HK_MACAU_RESIDENCE: ("81", "82"),
    IdType.TAIWAN_RESIDENCE: ("83",),
    IdType.FOREIGN_PERMANENT_RESIDENT: ("9",),
}
_OLD_FOREIGN = re.compile(r"[A-Z]{3}[0-9]{12}", re.ASCII)
_PASSPORT = re.compile(r"[0-9A-Z]{5,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Document:
    """A document: its kind and its number, in the one spelling that is stored and looked up."""

    type: IdType
    number: str = field(repr=False)

    @property
    def born_on(self) -> date | None:
        """The birthday that the number tells, if it tells one."""
        return birthday_of(self.number) if _FORM.fullmatch(self.number) and self.type in _HEADS else None


def normalise_number(text: str) -> str:
    """The one spelling of a number: capital letters, no spaces around."""
    return text.strip().upper()


def check_document(document: Document, today: date) -> NumberProblem | None:
    """What is wrong with a document's number; None when nothing is. Expects the number in its one spelling."""
    number = document.number
    if document.type is IdType.PASSPORT:
        return None if _PASSPORT.fullmatch(number) else NumberProblem.FORM
    if document.type is IdType.FOREIGN_PERMANENT_RESIDENT and _OLD_FOREIGN.fullmatch(number):
        return None
    if not _FORM.fullmatch(number):
        return NumberProblem.FORM
    if not number.startswith(_HEADS[document.type]):
        return NumberProblem.KIND
    born_on = birthday_of(number)
    if born_on is None or not date(_OLDEST_YEAR, 1, 1) <= born_on <= today:
        return NumberProblem.BIRTHDAY
    return None if id_check_character(number[:_BODY]) == number[_BODY] else NumberProblem.CHECK_CHARACTER


def id_check_character(body: str) -> str:
    """The check character that belongs to the first 17 digits of a number."""
    return _CHECKS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11]


def birthday_of(number: str) -> date | None:
    """The birthday inside an 18-character number; None when it is no day of the calendar."""
    digits = number[_BIRTHDAY]
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
