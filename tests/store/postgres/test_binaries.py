"""Which PostgreSQL is started when there are several, and what is said when there is none."""

import importlib
from pathlib import Path

import pytest

from app.store.postgres import BinariesNotFound, binaries, find_binaries


def a_postgres(bindir: Path, version: str) -> Path:
    """A folder with a program that says it is this version."""
    bindir.mkdir(parents=True)
    program = bindir / "postgres"
    program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n", "utf-8")
    program.chmod(0o755)
    # A wheel that appears while we run: Python remembers what the folder held.
    importlib.invalidate_caches()
    return bindir


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any PostgreSQL: two wheels that are not installed, an empty system, an empty PATH."""
    monkeypatch.setattr(binaries, "_WHEELS", (("first_wheel", "pginstall"), ("second_wheel", "pginstall")))
    monkeypatch.setattr(binaries, "_SYSTEM", tmp_path / "system")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tmp_path


def test_the_installed_wheel_is_found() -> None:
    """With the project's dependencies installed there is a PostgreSQL to start, with all that it needs."""
    found = find_binaries()
    assert found.version >= binaries.VERSION_MIN
    assert all(Path(found.program(name)).is_file() for name in ("postgres", "initdb"))


def test_the_order_is_wheels_system_path(bare: Path) -> None:
    """Each place is taken when the ones before it are empty; of the system's versions the newest."""
    on_path = a_postgres(bare / "path", "19.0 (Debian 19.0-1)")
    assert find_binaries().bindir == on_path
    a_postgres(bare / "system/9/bin", "9.6.24")
    a_postgres(bare / "system/15/bin", "15.8")
    newest = a_postgres(bare / "system/16/bin", "16.4")
    assert find_binaries().bindir == newest
    second = a_postgres(bare / "site/second_wheel/pginstall/bin", "18.3")
    assert find_binaries().bindir == second
    first = a_postgres(bare / "site/first_wheel/pginstall/bin", "18.4")
    assert find_binaries().bindir == first
    named = a_postgres(bare / "named", "17beta1")
    assert find_binaries(named).bindir == named
    assert find_binaries(named).version == 17


def test_a_wheel_is_taken_apart_but_never_imported(bare: Path) -> None:
    """Its files can be copied together with its libraries; its Python code does not run."""
    bindir = a_postgres(bare / "site/first_wheel/pginstall/bin", "18.4")
    (bare / "site/first_wheel/__init__.py").write_text("raise SystemExit", "utf-8")
    (bare / "site/first_wheel.libs").mkdir()
    for found in (find_binaries(), find_binaries(bindir)):
        assert found.root == bare / "site"
        assert found.parts == (Path("first_wheel/pginstall"), Path("first_wheel.libs"))


def test_one_that_is_too_old_is_passed_over(bare: Path) -> None:
    """A version below 15 is never started, whatever place it has in the order."""
    a_postgres(bare / "site/first_wheel/pginstall/bin", "14.13")
    on_path = a_postgres(bare / "path", "15.1")
    assert find_binaries().bindir == on_path


def test_a_named_folder_is_the_only_choice(bare: Path) -> None:
    """When the named folder is no good, nothing else is started in its place, and the message says so."""
    a_postgres(bare / "path", "18.0")
    old = a_postgres(bare / "old", "14.13")
    with pytest.raises(BinariesNotFound, match=rf"15 or newer.*{old} \(PostgreSQL 14\)"):
        find_binaries(old)
    with pytest.raises(BinariesNotFound, match=r"missing \(none that runs\)"):
        find_binaries(bare / "missing")


def test_without_any_the_message_says_where_was_looked(bare: Path) -> None:
    """Nothing anywhere is told in one message with the places."""
    with pytest.raises(BinariesNotFound, match=r"installed wheels, .*system, the PATH"):
        find_binaries()
    a_postgres(bare / "site/first_wheel/pginstall/bin", "13.1")
    with pytest.raises(BinariesNotFound, match=r"first_wheel/pginstall/bin \(PostgreSQL 13\)"):
        find_binaries()
