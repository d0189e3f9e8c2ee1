"""What is installed is pinned and hashed, the same in production as in the tests, and names no address."""

import json
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house import requirements

ROOT = Path(__file__).resolve().parents[2]
FILES = ("base", "build", "dev")
HASHED = "--hash=sha256:" + "0" * 64


def pins(name: str) -> dict[str, str]:
    """The pins of one file of requirements/."""
    return requirements.parse((ROOT / "requirements" / f"{name}.txt").read_text("utf-8"))


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    """Each line is a pin with its hashes: nothing of the machine that compiled it leaks into the file."""
    assert pins(name)


@pytest.mark.parametrize("name", ["base", "build"])
def test_production_installs_what_was_tested(name: str) -> None:
    """Every version of the image is one that the tests ran on."""
    assert pins(name).items() <= pins("dev").items()


def test_the_pins_follow_the_project() -> None:
    """Each dependency of pyproject.toml is pinned within its floor: `make requirements` was not forgotten."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    wanted = {
        "base": project["project"]["dependencies"],
        "build": groups["build"] + project["build-system"]["requires"],
        "dev": [line for line in groups["dev"] if isinstance(line, str)],
    }
    for name, lines in wanted.items():
        pinned = pins(name)
        for requirement in map(Requirement, lines):
            version = pinned[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), f"{requirement} against {version} in {name}.txt"


@pytest.mark.parametrize(
    "text",
    [
        "six==1.16.0",
        f"six>=1.16.0 {HASHED}",
        f"six {HASHED}",
        "six==1.16.0 --hash=md5:00",
        f"six @ file:///srv/six.whl {HASHED}",
        f"six==1.16.0 {HASHED} --index-url=x",
        f"--index-url https://registry.example/simple\nsix==1.16.0 {HASHED}",
        f"--find-links /srv/wheels\nsix==1.16.0 {HASHED}",
        f"# from https://registry.example\nsix==1.16.0 {HASHED}",
        f"-e .\nsix==1.16.0 {HASHED}",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """A line without pin or hash, with an address, a path or an option, is not taken for a requirement."""
    with pytest.raises(requirements.NotPinned):
        requirements.parse(text)


def test_a_pin_may_have_a_marker_and_an_extra() -> None:
    """What the compiler writes is read: continued lines, markers and extras."""
    text = f"uvloop==0.23.0 ; os_name != 'nt' \\\n    {HASHED} \\\n    {HASHED}\nx[a,b]==1 \\\n    {HASHED}\n"
    assert requirements.parse(text) == {"uvloop": "0.23.0", "x": "1"}


def test_the_node_lock_has_hashes_and_no_addresses() -> None:
    """Every package of the contract check is pinned by its hash, and none says where it was downloaded."""
    lock = json.loads((ROOT / "tests/contract/node/package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name
