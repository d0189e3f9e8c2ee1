"""The names of acts in the audit trail, as the routes write them. It reads no file: test_audit_names.py feeds it."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.house.rules import Function, Source

NOTERS: Mapping[str, int] = {"note": 1, "note_edit": 2, "Done": 1}
"""What writes an act into the trail, and which of its arguments is the name, where it is not given as `action=`."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name, with `*` for what is only known when it runs, and where it is written."""

    name: str
    place: str


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _argument(call: ast.Call, position: int) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == "action":
            return keyword.value
    return call.args[position] if len(call.args) > position else None


def _spelt(value: ast.expr | None) -> str | None:
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
        case _:
            return None


def _passing_on(tree: ast.Module) -> Mapping[str, int]:
    """Functions of this file that hand an argument named `action` on to what writes it."""
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, Function):
            named = [argument.arg for argument in node.args.args]
            if "action" in named and node.name not in NOTERS:
                found[node.name] = named.index("action")
    return found


def names_of_acts(source: Source) -> Iterator[Named]:
    """Every name that this file gives to an act; `?` where it cannot be told what it is."""
    passing = _passing_on(source.tree)
    inside = {
        id(call)
        for node in ast.walk(source.tree)
        if isinstance(node, Function) and node.name in passing
        for call in ast.walk(node)
    }
    local = {
        target.id: node.value
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        position = {**NOTERS, **passing}.get(_called(node))
        if position is None:
            continue
        value = _argument(node, position)
        name = _spelt(local.get(value.id) if isinstance(value, ast.Name) else value)
        if name is None and id(node) in inside:
            continue
        yield Named(name or "?", f"{source.path}:{node.lineno}")
