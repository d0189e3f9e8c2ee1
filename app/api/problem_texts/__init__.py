"""Each refusal code's status, its text and its remedy in both languages. The list is closed and append-only."""

from collections.abc import Mapping
from types import MappingProxyType

from app.api.problem_texts.hours import HOURS
from app.api.problem_texts.requests import REQUESTS
from app.api.problem_texts.text import ProblemText
from app.api.problem_texts.trade import TRADE
from app.core.codes import Code

TEXTS: Mapping[Code, ProblemText] = MappingProxyType({**REQUESTS, **TRADE, **HOURS})
