"""The rings of the house hold: import-linter passes on the tree, and notices what is planted in a copy."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"

RINGS = "Imports point inwards"
VENDOR_SIDE = "The service knows nothing of the till and its conformance kit"
TILL_APART = "The reference till knows the public contract and nothing else"
PURE_CORE = "The core has no clock, no chance and no I/O"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the `app` of this folder, by the contracts of its pyproject.toml."""
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the service and its contracts, to plant something in."""
    shutil.copytree(ROOT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_rings_hold() -> None:
    """Every contract is kept by the tree as it is."""
    outcome = lint(ROOT)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert f"{RINGS} KEPT" in outcome.stdout
    assert f"{PURE_CORE} KEPT" in outcome.stdout


@pytest.mark.parametrize(
    "place, line, contract",
    [
        ("core/planted.py", "import app.security", RINGS),
        ("core/planted.py", "import app.telemetry", RINGS),
        ("security/planted.py", "import app.telemetry", RINGS),
        ("security/planted.py", "import app.store", RINGS),
        ("store/planted.py", "import app.engine", RINGS),
        ("engine/planted.py", "import app.actions", RINGS),
        ("actions/planted.py", "import app.engine", RINGS),
        ("engine/planted.py", "import app.api", RINGS),
        ("api/planted.py", "import app.settings", RINGS),
        ("api/planted.py", "import app.main", RINGS),
        ("till/planted.py", "import app.conformance", RINGS),
        ("conformance/planted.py", "import app.core", RINGS),
        ("till/planted.py", "import app.security.till_signatures", TILL_APART),
        ("till/planted.py", "import sqlalchemy", TILL_APART),
        ("api/planted.py", "import app.till", VENDOR_SIDE),
        ("core/planted.py", "import app.conformance", VENDOR_SIDE),
        ("core/planted.py", "import time", PURE_CORE),
        ("core/planted.py", "from random import randint", PURE_CORE),
        ("core/planted.py", "from sqlalchemy.dialects import postgresql", PURE_CORE),
    ],
)
def test_a_planted_import_is_noticed(copy: Path, place: str, line: str, contract: str) -> None:
    """An import that points outwards, or takes I/O into the core, breaks the contract that forbids it."""
    (copy / "app" / place).write_text(f"{line}\n", "utf-8")
    outcome = lint(copy)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert f"{contract} BROKEN" in outcome.stdout, outcome.stdout
    assert place.removesuffix(".py").replace("/", ".") in outcome.stdout


def test_a_module_without_a_place_is_noticed(copy: Path) -> None:
    """A new module under app/ must be given its ring first."""
    (copy / "app" / "stray.py").write_text("", "utf-8")
    outcome = lint(copy)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "stray" in outcome.stdout
