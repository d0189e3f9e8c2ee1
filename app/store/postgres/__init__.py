"""A PostgreSQL server of our own, for where nobody has set one up: the demo, the tests, a small deployment.

A server of the service's own is durable like any other. In a test run, let one process start it and hand the
address to the others (under xdist the controller, in `pytest_configure`).
"""

from app.store.postgres.binaries import Binaries, find_binaries
from app.store.postgres.failures import (
    BinariesNotFound,
    DataFolderInUse,
    DataFolderNotOurs,
    InitFailed,
    PostgresVersionMismatch,
    ServerFailed,
)
from app.store.postgres.server import EmbeddedPostgres, running_address

__all__ = [
    "Binaries",
    "BinariesNotFound",
    "DataFolderInUse",
    "DataFolderNotOurs",
    "EmbeddedPostgres",
    "InitFailed",
    "PostgresVersionMismatch",
    "ServerFailed",
    "find_binaries",
    "running_address",
]
