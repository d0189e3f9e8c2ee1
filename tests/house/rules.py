"""The house rules as pure functions over parsed source. They read no file: test_files.py feeds them."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 70

BANNED_MODULES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
BANNED_CLASS = re.compile(r"(Manager|Helpers?|Utils?)$|^Common|^Base\w*Service$")
# Written in two halves, so that this file keeps its own rule.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
CLOCK_AND_CHANCE = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid7"}
LEFT_OUT = {"skip", "skipif", "xfail", "importorskip"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file: its path from the top of the tree, its text and its syntax tree."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    def within(self, folder: str) -> bool:
        """Whether the file lies below this folder."""
        return self.path.is_relative_to(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A place that breaks a rule."""

    path: PurePosixPath
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


Rule = Callable[[Source], Iterator[Breach]]


def parse(path: str, text: str) -> Source:
    """Parse one file; a syntax error is the caller's."""
    return Source(path=PurePosixPath(path), text=text, tree=ast.parse(text))


def files_stay_short(source: Source) -> Iterator[Breach]:
    """A file has at most 300 lines; past that it becomes a folder of the same name."""
    lines = len(source.text.splitlines())
    if lines > FILE_LINES_MAX:
        yield Breach(path=source.path, line=lines, what=f"{lines} lines, {FILE_LINES_MAX} at most")


def functions_stay_short(source: Source) -> Iterator[Breach]:
    """A function has at most 70 lines, from `def` to its end."""
    for node in _functions(source.tree):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            yield _breach(source, node, f"{node.name} has {lines} lines, {FUNCTION_LINES_MAX} at most")


def imports_stand_at_the_top(source: Source) -> Iterator[Breach]:
    """No import inside a function: it hides what a module depends on."""
    inner = (node for function in _functions(source.tree) for node in ast.walk(function))
    for node in inner:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield _breach(source, node, "import inside a function")


def names_say_something(source: Source) -> Iterator[Breach]:
    """No module or class is named for being a drawer (utils, manager, BaseXService)."""
    for part in source.path.with_suffix("").parts:
        if part in BANNED_MODULES:
            yield Breach(path=source.path, line=1, what=f"a module named {part}")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and BANNED_CLASS.search(node.name):
            yield _breach(source, node, f"a class named {node.name}")


def everything_public_is_explained(source: Source) -> Iterator[Breach]:
    """Each module, each public function and class at its top level, and each test has a docstring."""
    if not ast.get_docstring(source.tree):
        yield Breach(path=source.path, line=1, what="module without a docstring")
    top = [node for node in source.tree.body if isinstance(node, Function | ast.ClassDef)]
    public = [node for node in top if not node.name.startswith("_")]
    nested = (node for node in _functions(source.tree) if node not in top)
    tests = [node for node in nested if source.within("tests") and node.name.startswith("test_")]
    for node in (*public, *tests):
        if not ast.get_docstring(node):
            yield _breach(source, node, f"{node.name} without a docstring")


def nothing_is_left_for_later(source: Source) -> Iterator[Breach]:
    """No marker of unfinished work."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if found := UNFINISHED.search(line):
            yield Breach(path=source.path, line=number, what=f"marked {found[0]}")


def the_service_does_not_assert(source: Source) -> Iterator[Breach]:
    """No `assert` in app/: it vanishes under -O. A broken invariant is raised by an explicit `if`."""
    if not source.within("app"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assert):
            yield _breach(source, node, "assert in the service")


def the_core_is_typed(source: Source) -> Iterator[Breach]:
    """No `Any` in app/core."""
    if not source.within("app/core"):
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Name(id="Any") | ast.Attribute(attr="Any") | ast.alias(name="Any"):
                yield _breach(source, node, "Any in the core")


def the_core_counts_in_whole_numbers(source: Source) -> Iterator[Breach]:
    """No floats in app/core: no literal, no `float`, no true division."""
    if not source.within("app/core"):
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Constant(value=float()) | ast.Name(id="float"):
                yield _breach(source, node, "a float in the core")
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield _breach(source, node, "true division in the core")


def the_core_is_told_the_time(source: Source) -> Iterator[Breach]:
    """app/core reads no clock and draws no id: both are arguments."""
    if not source.within("app/core"):
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in CLOCK_AND_CHANCE:
                yield _breach(source, node, f"{name}() in the core")


def every_test_runs(source: Source) -> Iterator[Breach]:
    """No test is skipped or expected to fail."""
    if not source.within("tests"):
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(attr=name, value=ast.Name(id="pytest") | ast.Attribute(attr="mark")) if name in LEFT_OUT:
                yield _breach(source, node, f"{name} leaves a test out")


RULES: tuple[Rule, ...] = (
    files_stay_short,
    functions_stay_short,
    imports_stand_at_the_top,
    names_say_something,
    everything_public_is_explained,
    nothing_is_left_for_later,
    the_service_does_not_assert,
    the_core_is_typed,
    the_core_counts_in_whole_numbers,
    the_core_is_told_the_time,
    every_test_runs,
)


def _functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _breach(source: Source, node: ast.stmt | ast.expr | ast.alias, what: str) -> Breach:
    return Breach(path=source.path, line=node.lineno, what=what)
