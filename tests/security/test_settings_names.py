"""Every setting is known by the README; a slip in a name or a value is refused; the master key is made once."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from app import settings as module
from app.settings import BadSetting, Settings, master_key_of, read_settings

ROOT = Path(__file__).resolve().parents[2]
ASKED = re.compile(r'(?:given\.get\(|given\[|_switch\(given, |_integer\()"([A-Z_]+)"')


def asked_for() -> set[str]:
    """The names that the module's code reads."""
    found = set(ASKED.findall(Path(module.__file__).read_text(encoding="utf-8")))
    rates = {"RATE_ADDRESS", "RATE_ACTOR", "RATE_TILL"}
    return found | rates | {f"{name}_FILE" for name in ("MASTER_KEY", "DATABASE_URL", "WECHAT_SECRET")}


def test_each_setting_is_known_and_in_the_readme() -> None:
    """The three lists are one: who adds a setting writes it down."""
    readme = set(re.findall(r"LIYU_([A-Z_]+)`", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert asked_for() == set(module._NAMES)
    assert asked_for() <= readme


@pytest.mark.parametrize(
    "told, meant",
    [("LIYU_WORKRES", "LIYU_WORKERS"), ("LIYU_RATE_TILLS", "LIYU_RATE_TILL"), ("LIYU_LOGJSON", "LIYU_LOG_JSON")],
)
def test_a_slip_in_a_name_is_refused(told: str, meant: str) -> None:
    """With the name that was meant: else it would be as if it had not been set."""
    with pytest.raises(BadSetting, match=f"{told} .*{meant}"):
        read_settings({told: "1"})


def test_what_is_not_ours_is_left_alone() -> None:
    """Variables of other programs, and of our own tests, that look like no setting."""
    assert read_settings({"LIYU_SOAK_S": "60", "LIYU_NEW_PASSWORD": "x", "LIYUSOMETHING": "1"}) == read_settings({})


@pytest.mark.parametrize("name", ["LIYU_HSTS", "LIYU_LOG_JSON"])
def test_a_switch_is_0_or_1(name: str) -> None:
    """`true` is not quietly no."""
    with pytest.raises(BadSetting, match=f"{name} must be 0 or 1"):
        read_settings({name: "true"})


def test_of_many_processes_one_makes_the_master_key(tmp_path: Path) -> None:
    """All read the same whole key; nothing is left beside it, and only the owner can read it."""
    together = Barrier(8)
    chosen = replace(Settings(), data_dir=tmp_path / "new")

    def ask(_number: int) -> bytes:
        together.wait()
        return master_key_of(chosen)

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(ask, range(8)))
    assert len(keys) == 1
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["master.key"]
    assert (tmp_path / "new" / "master.key").stat().st_mode & 0o777 == 0o600
