"""What a database may refuse for a reason that its operator can mend: told by SQLSTATE, never with a value of a row."""

from collections.abc import Iterator
from enum import StrEnum

import asyncpg
from sqlalchemy.exc import ArgumentError, DBAPIError


class DatabaseFault(StrEnum):
    """What an operator has to mend."""

    UNREACHABLE = "UNREACHABLE"
    BAD_ADDRESS = "BAD_ADDRESS"
    LOGIN_REFUSED = "LOGIN_REFUSED"
    NO_SUCH_DATABASE = "NO_SUCH_DATABASE"
    NO_SUCH_ROLE = "NO_SUCH_ROLE"
    NOT_ALLOWED = "NOT_ALLOWED"
    OLD_SCHEMA = "OLD_SCHEMA"
    READ_ONLY = "READ_ONLY"
    FULL = "FULL"
    BUSY = "BUSY"


_BY_STATE = {
    "28000": DatabaseFault.LOGIN_REFUSED,
    "28P01": DatabaseFault.LOGIN_REFUSED,
    "3D000": DatabaseFault.NO_SUCH_DATABASE,
    "42704": DatabaseFault.NO_SUCH_ROLE,
    "42501": DatabaseFault.NOT_ALLOWED,
    "42P01": DatabaseFault.OLD_SCHEMA,
    "42703": DatabaseFault.OLD_SCHEMA,
    "25006": DatabaseFault.READ_ONLY,
    "53100": DatabaseFault.FULL,
    "53300": DatabaseFault.BUSY,
    "55P03": DatabaseFault.BUSY,
    "57014": DatabaseFault.BUSY,
    "57P01": DatabaseFault.UNREACHABLE,
    "57P02": DatabaseFault.UNREACHABLE,
    "57P03": DatabaseFault.UNREACHABLE,
}
"""SQLSTATE (appendix A of PostgreSQL's manual) -> what it means to an operator."""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what is inside it: the driver's own is wrapped once or twice, or stands in a group of tasks'."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        found = waiting.pop(0)
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        if isinstance(found, BaseExceptionGroup):
            waiting.extend(found.exceptions)
        waiting.append(found.orig if isinstance(found, DBAPIError) else None)
        waiting.append(found.__cause__)


def fault_of(error: BaseException) -> tuple[DatabaseFault, str] | None:
    """What an operator has to mend, and PostgreSQL's own first line; None for what is no such thing.

    Only the first line: those after it may hold a row.
    """
    for cause in _causes(error):
        if isinstance(cause, asyncpg.PostgresError) and cause.sqlstate in _BY_STATE:
            return _BY_STATE[cause.sqlstate], str(cause).partition("\n")[0]
        if isinstance(cause, ArgumentError | asyncpg.ClientConfigurationError):
            return DatabaseFault.BAD_ADDRESS, "" if isinstance(cause, ArgumentError) else str(cause)
        if isinstance(cause, ConnectionError | TimeoutError) or (isinstance(cause, OSError) and not cause.filename):
            return DatabaseFault.UNREACHABLE, str(cause) or "no answer in time"
    return None
