"""The application over a small city."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.store.database import Database
from tests.support.clocks import Clock
from tests.support.sites import Site, a_site


@pytest.fixture
async def site(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A site whose three volunteers hold 500 points each."""
    async with a_site(database, clock, tmp_path) as running:
        yield running
