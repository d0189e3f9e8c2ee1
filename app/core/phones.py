"""Phone numbers: one spelling of each, so that the same number is found again (DOMAIN.md 4.2). Recycled ones exist."""

import re

_MAINLAND = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_ELSEWHERE = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_HOME = "+86"


def normalise_phone(text: str) -> str | None:
    """A mainland mobile as its 11 digits, any other in the international form; None for what is neither."""
    number = re.sub(r"[ \-]", "", text).removeprefix(_HOME)
    if _MAINLAND.fullmatch(number):
        return number
    return number if _ELSEWHERE.fullmatch(number) else None
