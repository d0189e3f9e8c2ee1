"""Conditions in CEL, the Common Expression Language: checked when saved, evaluated without side effects.

The only module that knows the library. A condition sees the variables of its vocabulary and nothing else: no clock, no
I/O; loops have a budget, regular expressions are linear. An error at run time is an answer, never an exception.
Rules of accrual policies speak of one service (`SERVICE`); criteria of benefits bring a vocabulary of their own.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from cel_expr_python import cel  # type: ignore[import-untyped] # ships stubs without the marker

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "minutes": "int",
        "level": "int",
        "category": "string",
        "organiser": "bool",
        "activity": "string",
        "region": "string",
        "day": "string",
        "year": "int",
        "month": "int",
        "weekday": "int",
        "day_minutes": "int",
        "year_minutes": "int",
        "total_minutes": "int",
        "first": "bool",
    }
)
"""What a condition may speak of, with its CEL type. `day` is written 2026-11-24, `weekday` is 1 (Monday) to 7."""

CONDITION_MAX = 1000
"""The longest condition, in characters."""

_TYPES = {"int": cel.Type.INT, "string": cel.Type.STRING, "bool": cel.Type.BOOL}


class Vocabulary:
    """What a kind of condition may speak of. Made once for each kind: it is its own key in what is remembered."""

    __slots__ = ("environment", "variables")

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = MappingProxyType(dict(variables))
        self.environment: object = cel.NewEnv(variables={name: _TYPES[kind] for name, kind in variables.items()})


SERVICE = Vocabulary(VARIABLES)
"""The vocabulary of an accrual policy's rules: one service and what came before it."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")


class ConditionError(NamedTuple):
    """What is wrong with a condition, and where: lines and columns count from 1."""

    line: int
    column: int
    message: str


@lru_cache(maxsize=1024)
def check_condition(condition: str, vocabulary: Vocabulary = SERVICE) -> tuple[ConditionError, ...]:
    """All that keeps a condition from being saved; nothing for one that is well typed and says yes or no."""
    if len(condition) > CONDITION_MAX:
        return (ConditionError(1, CONDITION_MAX + 1, f"longer than {CONDITION_MAX} characters"),)
    try:
        compiled = vocabulary.environment.compile(condition)  # type: ignore[attr-defined] # an Environment
    except (RuntimeError, TypeError, UnicodeError) as error:
        found = tuple(ConditionError(int(line), int(column), text) for line, column, text in _PLACE.findall(str(error)))
        return found or (ConditionError(1, 1, str(error).splitlines()[0][:200]),)
    if compiled.return_type() != cel.Type.BOOL:
        return (ConditionError(1, 1, f"says {compiled.return_type().name()}, not yes or no"),)
    return ()


@lru_cache(maxsize=1024)
def _compile(condition: str, vocabulary: Vocabulary) -> object | None:
    if check_condition(condition, vocabulary):
        return None
    compiled: object = vocabulary.environment.compile(condition)  # type: ignore[attr-defined] # an Environment
    return compiled


def holds(condition: str, facts: Mapping[str, int | str | bool], vocabulary: Vocabulary = SERVICE) -> bool | None:
    """Whether a condition holds on these facts; None when it cannot be told (a division by zero, say).

    The answer is remembered by the facts that the condition names: of a city's records few differ in them.
    """
    named = names_in(condition, vocabulary)
    return _evaluate(condition, tuple((name, facts[name]) for name in named if name in facts), vocabulary)


@lru_cache(maxsize=1024)
def names_in(condition: str, vocabulary: Vocabulary = SERVICE) -> tuple[str, ...]:
    """The variables whose names occur in a condition: all that it can look at, and perhaps a word of a text."""
    words = set(_WORD.findall(condition))
    return tuple(name for name in vocabulary.variables if name in words)


@lru_cache(maxsize=65_536)
def _evaluate(condition: str, facts: tuple[tuple[str, int | str | bool], ...], vocabulary: Vocabulary) -> bool | None:
    compiled = _compile(condition, vocabulary)
    if compiled is None:
        return None
    try:
        value: object = compiled.eval(data=dict(facts)).value()  # type: ignore[attr-defined] # an Expression
    except (RuntimeError, TypeError, UnicodeError, OverflowError):
        return None
    return value if isinstance(value, bool) else None
