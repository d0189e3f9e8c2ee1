"""Which failures of a batch are worth another try, by what the database or the network said."""

import asyncpg

_SERIALIZATION_FAILURE = "40001"
_DEADLOCK = "40P01"
_TRY_AGAIN = frozenset((_SERIALIZATION_FAILURE, _DEADLOCK, "55P03", "57P01", "57P02", "57P03", "53300"))
_CONNECTION_CLASS = "08"


def is_connection_lost(error: BaseException) -> bool:
    """Whether the connection is gone, so that a new one is needed (and a commit under way may have succeeded)."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state.startswith(_CONNECTION_CLASS) or state in {"57P01", "57P02", "57P03"}
    return isinstance(error, OSError | asyncpg.InterfaceError | TimeoutError)


def is_transient(error: BaseException) -> bool:
    """Whether the same batch may succeed when it is tried again.

    Safe for every command, also when the outcome of a commit is unknown: each has a key, so a batch that did
    commit is replayed.
    """
    if is_connection_lost(error):
        return True
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in _TRY_AGAIN
