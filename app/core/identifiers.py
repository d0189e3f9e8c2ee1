"""Identifiers that others issue: unified social credit codes, and codes of regions. Their form only."""

import re
from enum import StrEnum

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_VALUES = {character: value for value, character in enumerate(_CREDIT_ALPHABET)}
_CREDIT_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
_CREDIT_LENGTH = 18
_REGISTRAR = slice(2, 8)

_ORGANISATION = slice(8, 17)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CHECKS = "0123456789X"

# A county may be 00: a city without districts (Dongguan, 441900) has its towns there. No other part is zeros.
_REGION = re.compile(r"[1-9][0-9]((?!00)[0-9]{2}([0-9]{2}((?!000)[0-9]{3}((?!000)[0-9]{3})?)?)?)?")
_PARENT_LENGTHS = {4: 2, 6: 4, 9: 6, 12: 9}


class CodeProblem(StrEnum):
    """What is wrong with a unified social credit code: the first of these, in this order."""

    LENGTH = "a unified social credit code has 18 characters"
    CHARACTER = "only digits and capital letters without I, O, S, V, Z"
    REGION = "characters 3 to 8 are the digits of a region"
    CHECK_CHARACTER = "the check character does not match"


def check_credit_code(text: str) -> CodeProblem | None:
    """What is wrong with a unified social credit code (统一社会信用代码); None when nothing is.

    GB 32100-2015 (DOMAIN.md 4.2): 31 characters valued 0 to 30, weights 3^i mod 31, and a check character
    that brings the sum to a multiple of 31. It notices one changed character, and two swapped neighbours.
    """
    if len(text) != _CREDIT_LENGTH:
        return CodeProblem.LENGTH
    if any(character not in _CREDIT_VALUES for character in text):
        return CodeProblem.CHARACTER
    if not text[_REGISTRAR].isdigit():
        return CodeProblem.REGION
    return None if credit_check_character(text[:-1]) == text[-1] else CodeProblem.CHECK_CHARACTER


def credit_check_character(body: str) -> str:
    """The check character that belongs to the first 17 characters of a credit code."""
    total = sum(weight * _CREDIT_VALUES[character] for weight, character in zip(_CREDIT_WEIGHTS, body, strict=True))
    return _CREDIT_ALPHABET[-total % 31]


def warn_organisation_code(text: str) -> bool:
    """Whether the organisation code (组织机构代码) inside a credit code fails its own check.

    GB 11714-1997 (DOMAIN.md 4.2). Never a refusal: codes of sole traders (个体工商户) fail it in reality.
    Letters count A = 10 to Z = 35 with none left out, so from J on they differ from those of GB 32100.
    """
    if check_credit_code(text) in (CodeProblem.LENGTH, CodeProblem.CHARACTER):
        return True
    organisation = text[_ORGANISATION]
    body, check = organisation[:-1], organisation[-1]
    total = sum(weight * int(character, 36) for weight, character in zip(_ORGANISATION_WEIGHTS, body, strict=True))
    return _ORGANISATION_CHECKS[-total % 11] != check


def is_region_code(code: str) -> bool:
    """Whether a text has the form of a region's code, written without padding (33, not 330000).

    2, 4 or 6 digits of GB/T 2260 for a province, city or county; 9 or 12 digits of the statistical codes
    (统计用区划代码) for a town or village (DOMAIN.md 4.2). Whether it exists, the programme's list says.
    """
    return _REGION.fullmatch(code) is not None


def parent_region(code: str) -> str | None:
    """The code of the region above; None for a province, and for a text that is no region's code."""
    length = _PARENT_LENGTHS.get(len(code))
    return code[:length] if length and is_region_code(code) else None
