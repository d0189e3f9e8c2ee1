"""One cluster made for all tests of the embedded server, and a place of its own for each of them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.postgres import Binaries, EmbeddedPostgres, find_binaries
from app.store.postgres.homes import reachable
from app.store.postgres.privileges import account_for
from tests.store.postgres.owners import QUICK, Place, processes_in, remove, within


def _an_open_folder() -> Path:
    """Not pytest's own folders: they are private, and the server's account has to pass."""
    folder = Path(tempfile.mkdtemp(prefix="liyu-postgres-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """The programs that are tested, where every account can run them."""
    return reachable(find_binaries(None), account_for(None))


@pytest.fixture(scope="session")
def template(binaries: Binaries) -> Iterator[Path]:
    """A data folder with a cluster that was started and stopped once."""
    folder = _an_open_folder()
    with EmbeddedPostgres(folder / "data", binaries=binaries, settings=QUICK, durable=False):
        pass
    yield folder / "data"
    remove(folder)


@pytest.fixture
def place(template: Path, binaries: Binaries) -> Iterator[Place]:
    """A folder for one test; whatever the test does, no process of a server may be left in it."""
    folder = _an_open_folder()
    yield Place(folder=folder, template=template, binaries=binaries)
    gone = within(10, lambda: not processes_in(folder))
    remove(folder)
    assert gone, "a server was left behind"
