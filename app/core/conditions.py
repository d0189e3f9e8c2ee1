"""Conditions of policies in CEL, the Common Expression Language: checked when saved, evaluated without side effects.

The only module that knows the library. A condition sees the variables named here and nothing else: no clock, no
I/O; loops have a budget, regular expressions are linear. An error at run time is an answer, never an exception.
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
_ENVIRONMENT = cel.NewEnv(variables={name: _TYPES[kind] for name, kind in VARIABLES.items()})
_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")


class ConditionError(NamedTuple):
    """What is wrong with a condition, and where: lines and columns count from 1."""

    line: int
    column: int
    message: str


@lru_cache(maxsize=1024)
def check_condition(condition: str) -> tuple[ConditionError, ...]:
    """All that keeps a condition from being saved; nothing for one that is well typed and says yes or no."""
    if len(condition) > CONDITION_MAX:
        return (ConditionError(1, CONDITION_MAX + 1, f"longer than {CONDITION_MAX} characters"),)
    try:
        compiled = _ENVIRONMENT.compile(condition)
    except (RuntimeError, TypeError, UnicodeError) as error:
        found = tuple(ConditionError(int(line), int(column), text) for line, column, text in _PLACE.findall(str(error)))
        return found or (ConditionError(1, 1, str(error).splitlines()[0][:200]),)
    if compiled.return_type() != cel.Type.BOOL:
        return (ConditionError(1, 1, f"says {compiled.return_type().name()}, not yes or no"),)
    return ()


@lru_cache(maxsize=1024)
def _compile(condition: str) -> object | None:
    compiled: object | None = None if check_condition(condition) else _ENVIRONMENT.compile(condition)
    return compiled


def holds(condition: str, facts: Mapping[str, int | str | bool]) -> bool | None:
    """Whether a condition holds on these facts; None when it cannot be told (a division by zero, say).

    The answer is remembered by the facts that the condition names: of a city's records few differ in them.
    """
    return _evaluate(condition, tuple((name, facts[name]) for name in names_in(condition) if name in facts))


@lru_cache(maxsize=1024)
def names_in(condition: str) -> tuple[str, ...]:
    """The variables whose names occur in a condition: all that it can look at, and perhaps a word of a text."""
    words = set(_WORD.findall(condition))
    return tuple(name for name in VARIABLES if name in words)


@lru_cache(maxsize=65_536)
def _evaluate(condition: str, facts: tuple[tuple[str, int | str | bool], ...]) -> bool | None:
    compiled = _compile(condition)
    if compiled is None:
        return None
    try:
        value: object = compiled.eval(data=dict(facts)).value()  # type: ignore[attr-defined] # an Expression
    except (RuntimeError, TypeError, UnicodeError, OverflowError):
        return None
    return value if isinstance(value, bool) else None
