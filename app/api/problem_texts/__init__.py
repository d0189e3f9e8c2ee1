"""Each refusal code's status, its text and its remedy in both languages. The list is closed and append-only."""

from collections.abc import Mapping
from types import MappingProxyType

from app.api.problem_texts.applications import APPLICATIONS
from app.api.problem_texts.benefits import BENEFITS
from app.api.problem_texts.hours import HOURS
from app.api.problem_texts.logins import LOGINS
from app.api.problem_texts.personal import PERSONAL
from app.api.problem_texts.requests import REQUESTS
from app.api.problem_texts.rounds import ROUNDS
from app.api.problem_texts.text import ProblemText
from app.api.problem_texts.trade import TRADE
from app.core.codes import Code

TEXTS: Mapping[Code, ProblemText] = MappingProxyType(
    {**REQUESTS, **TRADE, **HOURS, **BENEFITS, **LOGINS, **APPLICATIONS, **PERSONAL, **ROUNDS}
)
