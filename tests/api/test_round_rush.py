"""A rush for few places: exactly as many are given as there are, and the line is in the order of the claims."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.store.database import Database
from tests.support.clocks import Clock
from tests.support.ledgers import fetch_rows
from tests.support.round_calls import Hall, a_hall
from tests.support.sites import Site, a_site
from tests.support.soundness import assert_all_sound

CLAIMS = int(os.environ.get("LIYU_RUSH_CLAIMS", "120"))
PLACES = max(2, CLAIMS // 20)
AT_ONCE = 40


@pytest.fixture
async def crowded(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A city with as many volunteers as there are claims."""
    async with a_site(database, clock, tmp_path, volunteers=CLAIMS, points=60) as site:
        yield site


async def _claim_all(hall: Hall) -> list[tuple[str, int | None]]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def claim(number: int) -> tuple[str, int | None]:
        async with gate:
            claimed = await hall.claimed(number)
        return claimed["state"], claimed["position"]

    return list(await asyncio.gather(*map(claim, range(CLAIMS))))


async def test_exactly_as_many_as_there_are(crowded: Site) -> None:
    """All claims at once: the places are gone, everybody else knows the position; who gives back lets the next in."""
    hall = await a_hall(crowded, capacity=PLACES)
    told = await _claim_all(hall)
    assert sum(state == "held" for state, _ in told) == PLACES
    positions = sorted(position for state, position in told if state == "waiting" and position)
    assert positions == list(range(1, CLAIMS - PLACES + 1))

    rows = await fetch_rows(crowded.database, "SELECT number, state, seat FROM places ORDER BY number")
    assert [number for number, _, _ in rows] == list(range(1, CLAIMS + 1))
    assert [state for _, state, _ in rows] == ["held"] * PLACES + ["waiting"] * (CLAIMS - PLACES)

    gone = [number for number, (state, _) in enumerate(told) if state == "held"][: PLACES // 2]
    places = [(await hall.place(number))["id"] for number in gone]
    back = zip(gone, places, strict=True)
    await asyncio.gather(*(hall.own(who, f"/v1/me/places/{place}/release", "POST") for who, place in back))
    held = await fetch_rows(crowded.database, "SELECT number FROM places WHERE state = 'held' ORDER BY number")
    assert [number for (number,) in held][-len(gone) :] == [PLACES + 1 + each for each in range(len(gone))]
    assert len(held) == PLACES
    await assert_all_sound(crowded.database, crowded.city)
