"""Guessing over several processes is bounded as if there were one."""

import asyncio
import collections

from uuid_utils.compat import uuid7

from app.actions.users import NewUser, create_user
from app.core.ids import UserId
from app.security.actors import ActorKind
from app.store.database import Database
from app.store.users import User
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.processes import a_client, server_processes

PROCESSES = 3
TRIES = 30


async def test_a_brute_force_over_three_processes_gets_five_guesses(database: Database, clock: Clock) -> None:
    """Thirty at once, spread over all: exactly five passwords are looked at, then the right one is refused too."""
    city = await a_city(database, clock, points=0, fund_fen=0)
    new = NewUser(id=UserId(uuid7()), kind=ActorKind.ADMIN, username="meng", password="correct horse battery")
    async with database.begin() as tx:
        assert isinstance(await create_user(tx, city.programme, new, clock.now), User)
    with server_processes(database, PROCESSES) as servers:
        async with a_client() as client:

            async def guess(number: int, password: str) -> str:
                body = {"programme": "cixi", "username": "meng", "password": password}
                answer = await client.post(f"{servers[number % PROCESSES].base_url}/v1/auth/tokens", json=body)
                return str(answer.json().get("code", "in"))

            told = await asyncio.gather(*(guess(number, f"wrong one {number}") for number in range(TRIES)))
            after = [await guess(number, "correct horse battery") for number in range(PROCESSES)]
    assert collections.Counter(told) == {"LOGIN_FAILED": 5, "FREQUENCY_LIMITED": TRIES - 5}
    assert after == ["FREQUENCY_LIMITED"] * PROCESSES
