"""One PostgreSQL server for the whole run, a fresh database for each test, and a clock that obeys.

Under xdist the controller owns the server and hands its address to the workers; a single process owns it
itself, and starts it only when a test asks for it.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.store.database import Database
from app.telemetry import configure_logging
from tests.support.clocks import Clock
from tests.support.databases import TestServer, a_database
from tests.support.network import stay_on_loopback
from tests.support.servers import a_server

_OPEN = pytest.StashKey[contextlib.ExitStack]()
_SERVER = pytest.StashKey[TestServer]()


def _server_of(config: pytest.Config) -> TestServer:
    """The server of this process, started by the first who asks and stopped with the run."""
    if _SERVER not in config.stash:
        config.stash[_SERVER] = config.stash[_OPEN].enter_context(a_server())
    return config.stash[_SERVER]


def pytest_configure(config: pytest.Config) -> None:
    """Shut the network off, and the log: a test that wants to see it says so."""
    configure_logging(level="ERROR", as_json=False)
    config.stash[_OPEN] = contextlib.ExitStack()
    stay_on_loopback()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist has no public name for it
    """Hand the controller's server to a worker of xdist."""
    server = _server_of(node.config)
    node.workerinput["liyu_server"] = {"url": server.url, "template": server.template}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started, also after a crash of the tests or an interrupt."""
    config.stash[_OPEN].close()


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> TestServer:
    """The PostgreSQL server of the run."""
    handed_over = getattr(request.config, "workerinput", None)
    return TestServer(**handed_over["liyu_server"]) if handed_over else _server_of(request.config)


@pytest.fixture
async def database(server: TestServer) -> AsyncIterator[Database]:
    """A migrated database that only this test knows."""
    async with a_database(server) as fresh:
        yield fresh


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until the test moves it."""
    return Clock()
