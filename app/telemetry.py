"""Structured logs, metrics, and the id of the request that a log line belongs to. Never a name, a code or a secret."""

import logging
import sys

import structlog
from prometheus_client import Counter, Gauge, Histogram

BATCH_SECONDS = Histogram("liyu_batch_seconds", "Time to commit one batch of commands.")
BATCH_SIZE = Histogram("liyu_batch_commands", "Commands in one batch.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
QUEUE_LENGTH = Gauge("liyu_queue_commands", "Commands waiting for the committer.", ["programme"])
REQUESTS = Counter("liyu_requests", "Answered requests.", ["method", "route", "status"])


def configure_logging(*, level: str, as_json: bool) -> None:
    """Log to standard error: JSON lines for machines, or lines for people.

    Tracebacks are plain: with the values of variables they would put codes and secrets into the log.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if as_json else structlog.processors.StackInfoRenderer(),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
