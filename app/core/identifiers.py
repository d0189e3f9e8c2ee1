"""Identifiers that others issue: unified social credit codes, and codes of regions."""

from enum import StrEnum

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_CREDIT_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT_LENGTH = 18
_ORGANISATION = slice(8, 17)
_PARENT_LENGTH = {4: 2, 6: 4, 9: 6, 12: 9}


class CodeProblem(StrEnum):
    """What is wrong with a unified social credit code."""

    LENGTH = "a unified social credit code has 18 characters"
    CHARACTER = "only digits and capital letters without I, O, S, V, Z"
    CHECK_CHARACTER = "the check character does not match"


def check_credit_code(text: str) -> CodeProblem | None:
    """What is wrong with a unified social credit code (统一社会信用代码, GB 32100-2015); None when nothing is.

    Weights 3^i mod 31, check character `(31 - sum mod 31) mod 31`.
    """
    if len(text) != _CREDIT_LENGTH:
        return CodeProblem.LENGTH
    if any(character not in _VALUES for character in text):
        return CodeProblem.CHARACTER
    total = sum(weight * _VALUES[character] for weight, character in zip(_CREDIT_WEIGHTS, text[:-1], strict=True))
    return None if _ALPHABET[-total % 31] == text[-1] else CodeProblem.CHECK_CHARACTER


def has_sound_organisation_code(text: str) -> bool:
    """Whether the organisation code inside a credit code has the check character of GB 11714.

    A warning only: codes of sole traders (个体工商户) fail it in reality.
    """
    body = text[_ORGANISATION]
    total = sum(weight * _VALUES[character] for weight, character in zip(_ORGANISATION_WEIGHTS, body[:-1], strict=True))
    return "0123456789X0"[11 - total % 11] == body[-1]


def is_region_code(code: str) -> bool:
    """Whether a text has the form of a region's code: 2, 4 or 6 digits (GB/T 2260), 9 or 12 (statistical)."""
    return code.isascii() and code.isdigit() and (len(code) == 2 or len(code) in _PARENT_LENGTH)  # noqa: PLR2004


def parent_region(code: str) -> str | None:
    """The code of the region above; None for a province."""
    length = _PARENT_LENGTH.get(len(code))
    return code[:length] if length else None
