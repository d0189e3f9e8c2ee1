"""Structured logs, metrics, and the id of the request that a log line belongs to. Never a name, a code or a secret."""

import logging
import re
import sys
from collections.abc import MutableMapping
from io import StringIO
from typing import Any, TextIO

import structlog
from prometheus_client import Counter, Gauge, Histogram

BATCH_SECONDS = Histogram("liyu_batch_seconds", "Time to commit one batch of commands.")
BATCH_SIZE = Histogram("liyu_batch_commands", "Commands in one batch.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
QUEUE_LENGTH = Gauge("liyu_queue_commands", "Commands waiting for the committer.", ["programme"])
REQUESTS = Counter("liyu_requests", "Answered requests.", ["method", "route", "status"])


_ROWS = re.compile(r"^(?:DETAIL|\[parameters|CONTEXT): .*$", re.MULTILINE)
"""Where PostgreSQL and SQLAlchemy show a row or the values of a statement."""
_SERVERS_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access")


def without_rows(told: str) -> str:
    """The text of an error without the values of rows that it may quote."""
    return _ROWS.sub("(values left out)", told)


def _drop_rows(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if isinstance(told := event.get("exception"), str):
        event["exception"] = without_rows(told)
    return event


def _print_traceback(to: TextIO, error: structlog.typing.ExcInfo) -> None:
    told = StringIO()
    structlog.dev.plain_traceback(told, error)
    to.write(without_rows(told.getvalue()))


def _log_libraries_as_json(level: str) -> None:
    """What the server, the driver and asyncio log for themselves: in the same form, so that one reader reads all."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _drop_rows,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(
        handlers=[handler], level=max(logging.getLevelNamesMapping()[level], logging.WARNING), force=True
    )
    for name in _SERVERS_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def configure_logging(*, level: str, as_json: bool) -> None:
    """Log to standard error: JSON lines for machines, or lines for people.

    Tracebacks are plain: with the values of variables they would put codes and secrets into the log.
    """
    if as_json:
        _log_libraries_as_json(level)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=_print_traceback)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *((structlog.processors.format_exc_info, _drop_rows) if as_json else ()),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
