"""Which acts of the audit trail tell what was there before, as the routes write them. It reads no file."""

import ast
from collections.abc import Iterator, Mapping

from tests.house.audit_names import Named, names_of_acts
from tests.house.rules import Function, Source

COMPARING = frozenset(("note_edit", "changed", "ended_changes", "tell_objection_change", "tell_penalty_change"))
"""What puts `before` and `after` beside each other."""


def _functions(tree: ast.Module) -> Mapping[str, ast.AST]:
    return {node.name: node for node in tree.body if isinstance(node, Function)}


def _called_in(node: ast.AST) -> frozenset[str]:
    calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
    return frozenset(call.func.id for call in calls if isinstance(call.func, ast.Name))


def _compares(node: ast.AST, functions: Mapping[str, ast.AST]) -> bool:
    """Whether a piece of code compares, itself or by a function of its own file that it calls."""
    called = _called_in(node)
    if called & COMPARING:
        return True
    return any(_called_in(functions[name]) & COMPARING for name in called & functions.keys())


def acts_without_before(source: Source) -> Iterator[Named]:
    """The acts of a file that are noted without what was there before."""
    functions = _functions(source.tree)
    lines = {
        name: (node.lineno, node.end_lineno or node.lineno)
        for name, node in functions.items()
        if isinstance(node, Function)
    }
    for named in names_of_acts(source):
        line = int(named.place.rpartition(":")[2])
        around = [functions[name] for name, (first, last) in lines.items() if first <= line <= last]
        if not any(_compares(node, functions) for node in around):
            yield named
