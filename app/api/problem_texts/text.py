"""How one refusal is told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemText:
    """How one code is told: HTTP status, what is wrong, and what to do about it."""

    status: int
    zh: str
    en: str
    zh_remedy: str
    en_remedy: str
