"""A server that dies at a chosen moment: while it handles the order numbered DIE."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime

from fastapi import FastAPI

import app.engine.batch
import app.engine.committer
from app.core.ids import ProgrammeId
from app.engine.batch import Outcome, Submission, run_batch
from app.main import create_app_from_environment
from app.store.database import BatchConnection

DEADLY = "DIE"


async def _run_and_die(
    connection: BatchConnection,
    programme: ProgrammeId,
    draw: Callable[[], Sequence[Submission]],
    clock: Callable[[], datetime],
) -> list[Outcome]:
    drawn: list[Submission] = []

    def draw_and_look() -> Sequence[Submission]:
        drawn.extend(draw())
        return drawn

    outcomes = await run_batch(connection, programme, draw_and_look, clock)
    if any(submission.key.key == DEADLY for submission in drawn):
        os._exit(9)
    return outcomes


async def _die(*_arguments: object) -> None:
    os._exit(9)


def after_commit() -> FastAPI:
    """Dies when the batch is committed and nobody has been answered."""
    setattr(app.engine.committer, "run_batch", _run_and_die)  # noqa: B010 - not the module's own name
    return create_app_from_environment()


def before_commit() -> FastAPI:
    """Dies when everything is written and nothing is committed."""
    setattr(app.engine.batch, "advance_head", _die)  # noqa: B010 - not the module's own name
    return create_app_from_environment()
