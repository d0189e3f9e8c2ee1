"""The house rules hold for every Python file of the tree, and each of them bites."""

from pathlib import Path

import pytest

from tests.house import rules

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("app", "benchmarks", "migrations", "tests")


def the_tree() -> list[rules.Source]:
    """Every Python file of the project, parsed."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return [
        rules.parse(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
        for path in paths
        if "node_modules" not in path.parts
    ]


TREE = the_tree()


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: rules.Rule) -> None:
    """No file of the tree breaks the rule; the message names every place that does."""
    breaches = [str(breach) for source in TREE for breach in rule(source)]
    assert not breaches, "\n".join([str(rule.__doc__), *breaches])


def test_the_rules_see_the_house() -> None:
    """The rules are fed the core and these very tests: an empty tree would keep every rule."""
    paths = {source.path.as_posix() for source in TREE}
    assert {"app/core/ids.py", "tests/house/test_files.py"} <= paths


LONG_FUNCTION = "def f():\n" + "    x = 1\n" * rules.FUNCTION_LINES_MAX
MARKER = "FIX" + "ME"

VIOLATIONS: list[tuple[rules.Rule, str, str, int]] = [
    (rules.files_stay_short, "app/a.py", "x = 1\n" * 301, 301),
    (rules.functions_stay_short, "app/a.py", LONG_FUNCTION, 1),
    (rules.imports_stand_at_the_top, "app/a.py", "def f():\n    import os\n", 2),
    (
        rules.imports_stand_at_the_top,
        "tests/a.py",
        "async def f():\n    if x:\n        from os import path\n",
        3,
    ),
    (rules.names_say_something, "app/utils.py", "", 1),
    (rules.names_say_something, "app/common/money.py", "", 1),
    (rules.names_say_something, "app/a.py", "x = 1\nclass PointsManager: ...\n", 2),
    (rules.names_say_something, "app/a.py", "class BaseOrderService: ...\n", 1),
    (rules.everything_public_is_explained, "app/a.py", "x = 1\n", 1),
    (rules.everything_public_is_explained, "app/a.py", '"""A."""\n\ndef f(): ...\n', 3),
    (rules.everything_public_is_explained, "app/a.py", '"""A."""\n\nclass C: ...\n', 3),
    (rules.everything_public_is_explained, "tests/a.py", '"""A."""\n\nasync def test_f(): ...\n', 3),
    (
        rules.everything_public_is_explained,
        "tests/a.py",
        '"""A."""\n\nclass _T:\n    def test_f(self): ...\n',
        4,
    ),
    (rules.nothing_is_left_for_later, "app/a.py", f"x = 1  # {MARKER}: later\n", 1),
    (rules.the_service_does_not_assert, "app/api/a.py", "x = 1\nassert x\n", 2),
    (rules.the_core_is_typed, "app/core/a.py", "from typing import Any\n", 1),
    (rules.the_core_is_typed, "app/core/a.py", "import typing\nx: list[typing.Any] = []\n", 2),
    (rules.the_core_counts_in_whole_numbers, "app/core/a.py", "x = 1.5\n", 1),
    (rules.the_core_counts_in_whole_numbers, "app/core/a.py", "def f(x: float): ...\n", 1),
    (rules.the_core_counts_in_whole_numbers, "app/core/a.py", "x = 1\ny = x / 2\n", 2),
    (rules.the_core_is_told_the_time, "app/core/a.py", "x = datetime.now(UTC)\n", 1),
    (rules.the_core_is_told_the_time, "app/core/a.py", "x = uuid7()\n", 1),
    (rules.every_test_runs, "tests/a.py", "@pytest.mark.skipif(x)\ndef test_f(): ...\n", 1),
    (rules.every_test_runs, "tests/a.py", "def test_f():\n    pytest.skip('no')\n", 2),
]


@pytest.mark.parametrize("rule, path, text, line", VIOLATIONS)
def test_each_rule_bites(rule: rules.Rule, path: str, text: str, line: int) -> None:
    """A rule fed a violating snippet names its line, so that a rule cannot go blind unnoticed."""
    assert [breach.line for breach in rule(rules.parse(path, text))] == [line]


def test_no_rule_is_without_a_bite() -> None:
    """Each rule has at least one violating snippet above."""
    assert {rule for rule, *_ in VIOLATIONS} == set(rules.RULES)


def test_the_rules_pass_what_is_right() -> None:
    """A short, explained module in whole numbers breaks no rule, wherever it stands."""
    text = '"""A."""\n\nimport datetime\n\n\ndef half(x: int) -> int:\n    """H."""\n    return x // 2\n'
    for folder in ("app/core", "app/api", "tests/core", "migrations"):
        source = rules.parse(f"{folder}/halves.py", text)
        assert [str(breach) for rule in rules.RULES for breach in rule(source)] == []
