"""Desks whose journal is closed with the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.till.protocol import Desk
from tests.support.scripted_service import ScriptedService

StartDesk = Callable[[ScriptedService], Desk]


@pytest.fixture
def start_desk(tmp_path: Path) -> Iterator[StartDesk]:
    """Starts a till program on the test's one journal; starting it again first ends the one before."""
    running: list[Desk] = []

    def stop() -> None:
        while running:
            running.pop().journal.release()

    def start(service: ScriptedService) -> Desk:
        stop()
        running.append(service.desk(tmp_path))
        return running[-1]

    yield start
    stop()
