"""What is shipped can be installed and runs: the wheel from an empty folder, the image by its Dockerfile."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from app.store.migrating import newest_revision
from tests.house import dockerfile

ROOT = Path(__file__).resolve().parents[2]
COMPILERS = ("gcc", "g++", "build-essential", "clang", "make", "python3-dev")
STAGES = dockerfile.parse((ROOT / "Dockerfile").read_text("utf-8"))


def run(*words: str | Path, cwd: Path) -> str:
    """The output of a program that succeeded; its environment tells it nothing of this checkout."""
    outcome = subprocess.run(
        words,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from the tree."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, cwd=ROOT)
    (built,) = folder.glob("liyu-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new environment with the wheel; the one that runs the tests lends dependencies."""
    home = tmp_path_factory.mktemp("env")
    venv.create(home, symlinks=True)
    run(sys.executable, "-m", "pip", "--python", home / "bin" / "python",
        "install", "--no-index", "--no-deps", wheel, cwd=home)  # fmt: skip
    # A folder named in a .pth has its own .pth files left alone: the checkout stays out of sight.
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return home / "bin"


def test_the_wheel_holds_the_service_and_its_migrations(wheel: Path) -> None:
    """Every file of app/ and migrations/ is in the wheel, and nothing of the tests."""
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [path for folder in ("app", "migrations") for path in (ROOT / folder).rglob("*") if path.is_file()]
    shipped = [path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts]
    wanted = {f"app/_{name}" if name.startswith("migrations/") else name for name in shipped}
    assert {"app/core/ids.py", "app/_migrations/env.py"} <= wanted
    assert wanted <= names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"app", "liyu"}


def test_the_command_runs_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """`liyu --help` answers from the installed wheel, with no checkout around."""
    assert "serve" in run(installed / "liyu", "--help", cwd=tmp_path)
    where = run(installed / "python", "-c", "import app; print(app.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)


def test_the_installed_service_brings_its_migrations(installed: Path, tmp_path: Path) -> None:
    """From an empty folder the installed service knows the same newest revision as the checkout."""
    ask = "from app.store.migrating import newest_revision; print(newest_revision())"
    assert run(installed / "python", "-c", ask, cwd=tmp_path).strip() == newest_revision()


def test_the_image_is_built_in_stages() -> None:
    """One stage builds, the last one only takes over what was built, and both run the same interpreter."""
    builder, last = STAGES
    assert builder.name == "builder"
    assert last.image == builder.image
    assert [rest for rest in last.all("COPY") if not rest.startswith("--from=builder ")] == []


def test_the_image_runs_as_nobody_special() -> None:
    """The last stage ends as an unprivileged user, made before it is used."""
    last = STAGES[-1]
    (user,) = last.all("USER")
    assert user not in {"root", "0"}
    assert any("useradd" in step and step.endswith(f" {user}") for step in last.all("RUN"))
    after = last.steps[[step.word for step in last.steps].index("USER") :]
    assert not [step for step in after if step.word in {"RUN", "COPY"}]


def test_the_image_says_whether_it_lives() -> None:
    """The health check asks /livez on the port that is exposed, with nothing but the interpreter."""
    last = STAGES[-1]
    (check,) = last.all("HEALTHCHECK")
    (port,) = last.all("EXPOSE")
    program, *_, code = dockerfile.exec_form(check.partition("CMD ")[2])
    assert program == "python"
    compile(code, "HEALTHCHECK", "exec")
    assert f"127.0.0.1:{port}/livez" in code


def test_the_image_starts_the_service() -> None:
    """The command is `liyu serve` on every address, its data on a volume that its user owns."""
    last = STAGES[-1]
    assert [dockerfile.exec_form(rest) for rest in last.all("CMD")] == [["liyu", "serve", "--host", "0.0.0.0"]]
    ((volume,),) = [dockerfile.exec_form(rest) for rest in last.all("VOLUME")]
    assert any(f"--home-dir {volume} " in step for step in last.all("RUN"))


def test_the_image_has_no_compiler() -> None:
    """The last stage installs no package of the distribution, so no compiler either."""
    steps = STAGES[-1].all("RUN")
    assert not [step for step in steps for word in ("apt", "apk", *COMPILERS) if word in step.split()]


def test_the_image_installs_by_hash() -> None:
    """What the builder takes from an index is pinned and hashed; the wheel itself brings nothing along."""
    steps = " && ".join(STAGES[0].all("RUN")).split("&&")
    for step in (step for step in steps if "pip " in step):
        assert "--require-hashes" in step or "--no-deps" in step, step


@pytest.mark.parametrize(
    "text",
    [
        "RUN true",
        "FROM python",
        "FROM python:3.13-slim as Builder",
        "FROM python:3.13-slim\nRNU true",
        "FROM python:3.13-slim\nRUN true \\",
        "FROM python:3.13-slim\nRUN echo 'open",
        "FROM python:3.13-slim\nCOPY app",
        "FROM python:3.13-slim\nCOPY --from=builder /liyu /liyu",
        "FROM python:3.13-slim\nCMD liyu serve",
        'FROM python:3.13-slim\nCMD ["liyu", 1]',
        'FROM python:3.13-slim\nHEALTHCHECK --every=5s CMD ["true"]',
        "FROM python:3.13-slim\nHEALTHCHECK --interval=5s",
        "FROM python:3.13-slim\nENV PATH",
        "FROM python:3.13-slim\nEXPOSE http",
    ],
)
def test_a_broken_dockerfile_is_refused(text: str) -> None:
    """A typo, an unknown stage or flag, a shell-form command: none of them parses."""
    with pytest.raises((dockerfile.BadDockerfile, ValueError)):
        dockerfile.parse(text)
