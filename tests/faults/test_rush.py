"""Many at once over real HTTP: one fund and one merchant (case 12), a full queue, processes killed under load."""

import asyncio
import os
import random
import sys
import time
from collections import Counter

import httpx
import pytest

from app.core.ids import MerchantId
from app.jobs.verifying import run_verify
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import City
from tests.support.commands import a_committer, a_connection
from tests.support.ledgers import fetch_rows
from tests.support.processes import (
    ServerProcess,
    a_client,
    a_clock_of_today,
    issue_code,
    now,
    send_query,
    send_redemption,
    server_processes,
    start_server,
)
from tests.support.sites import seal_secret

SOAK_S = float(os.environ.get("LIYU_SOAK_S", "12"))
CLIENTS = 64
KILLS_MIN = 3


@pytest.mark.parametrize("fund_fen, paid", [(1_000_000, 200), (3_000, 100)], ids=["enough", "half"])
async def test_two_hundred_at_one_till_and_one_fund(database: Database, fund_fen: int, paid: int) -> None:
    """All are decided, no deadlock, sums exact; a fund that suffices for half pays exactly half."""
    city = await a_city(
        database, a_clock_of_today(), volunteers=50, merchants=1, fund_fen=fund_fen, sealed_secret=seal_secret
    )
    async with a_committer(database, city.programme, now) as committer, a_client() as client:
        codes = [await issue_code(committer, city, city.volunteers[number % 50]) for number in range(200)]
        with server_processes(database, 2) as servers:
            answers = await asyncio.gather(
                *(
                    send_redemption(client, servers[number % 2], city, city.tills[0], f"R-{number}", code, 10)
                    for number, code in enumerate(codes)
                )
            )
    told = Counter(answer.status_code for answer in answers)
    refused = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert told[201] == paid
    assert refused <= {"FUND_EXHAUSTED"}
    [(payable, redeemed)] = await fetch_rows(
        database,
        """SELECT max(balance) FILTER (WHERE kind = 'payable'), max(balance) FILTER (WHERE kind = 'redeemed')
           FROM accounts""",
    )
    assert (payable, redeemed) == (paid * 30, paid * 10)
    assert not (await run_verify(database, city.programme, lambda _done, _total: None)).findings


async def test_a_full_queue_says_so_and_the_same_number_succeeds_later(database: Database) -> None:
    """503 SYSTEM_BUSY with Retry-After while the journal is held; afterwards every number goes through once."""
    city = await a_city(database, a_clock_of_today(), volunteers=20, sealed_secret=seal_secret)
    till = city.tills[0]
    async with a_committer(database, city.programme, now) as committer, a_client() as client:
        codes = [await issue_code(committer, city, volunteer) for volunteer in city.volunteers]
        with server_processes(database, LIYU_QUEUE_MAX="2") as [server]:
            async with a_connection(database) as holder, holder.transaction():
                await holder.fetch("SELECT 1 FROM journal_heads FOR UPDATE")
                calls = [
                    asyncio.create_task(send_redemption(client, server, city, till, f"Q-{number}", code, 1))
                    for number, code in enumerate(codes)
                ]
                done, _waiting = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
                early = [call.result() for call in done]
            answers = await asyncio.gather(*calls)
            busy = [answer for answer in answers if answer.status_code == 503]
            assert early[0].json()["code"] == "SYSTEM_BUSY"
            assert busy
            assert all(answer.headers["Retry-After"] == "1" for answer in busy)
            for number, code in enumerate(codes):
                again = await send_redemption(client, server, city, till, f"Q-{number}", code, 1)
                assert again.status_code == 201
    assert await fetch_rows(database, "SELECT count(*) FROM redemptions") == [(20,)]


class _Rush:
    """Tills that follow the contract: when the outcome is unknown they ask, or send the same again, elsewhere."""

    def __init__(self, city: City, servers: list[ServerProcess], client: httpx.AsyncClient) -> None:
        self.city = city
        self.servers = servers
        self.client = client
        self.acknowledged: dict[tuple[MerchantId, str], str] = {}
        self.repaired = 0
        self._draw = random.Random(7)

    async def pay(self, number: str, code: str) -> None:
        """Take a point, and do not rest until the outcome is known."""
        till = self._draw.choice(self.city.tills)
        first = True
        while True:
            server = self._draw.choice(self.servers)
            try:
                answer = await send_redemption(self.client, server, self.city, till, number, code, 1)
            except httpx.TransportError:
                first = False
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 503:
                await asyncio.sleep(0.05)
                continue
            assert answer.status_code == 201, answer.text
            self.repaired += 0 if first else 1
            self.acknowledged[till.merchant, number] = answer.json()["transaction_id"]
            return


async def test_processes_killed_under_load_lose_nothing_and_repeat_nothing(database: Database) -> None:
    """Three processes, 64 clients each, one killed with -9 again and again: each acknowledged order exists once."""
    city = await a_city(
        database,
        a_clock_of_today(),
        volunteers=100,
        merchants=5,
        points=20_000,
        fund_fen=10**9,
        sealed_secret=seal_secret,
    )
    async with a_committer(database, city.programme, now) as committer, a_client() as client:
        with server_processes(database, 3) as servers:
            rush = _Rush(city, servers, client)
            over = asyncio.Event()

            async def buy(till: int) -> None:
                count = 0
                while not over.is_set():
                    volunteer = city.volunteers[(till + count) % 100]
                    await rush.pay(f"S-{till}-{count}", await issue_code(committer, city, volunteer))
                    count += 1

            async def kill() -> int:
                kills = 0
                until = time.monotonic() + SOAK_S
                try:
                    while kills < KILLS_MIN or time.monotonic() < until:
                        await asyncio.sleep(SOAK_S / 6)
                        victim = servers[kills % 3]
                        await asyncio.to_thread(victim.kill)
                        port = int(victim.base_url.rpartition(":")[2])
                        servers[kills % 3] = await asyncio.to_thread(start_server, database, port=port)
                        kills += 1
                finally:
                    over.set()
                return kills

            killing = asyncio.create_task(kill())
            await asyncio.gather(*(buy(till) for till in range(3 * CLIENTS)))
            kills = await killing
            (merchant, number), _transaction = next(iter(rush.acknowledged.items()))
            till = next(till for till in city.tills if till.merchant == merchant)
            assert (await send_query(client, servers[0], city, till, number)).json()["state"] == "SUCCESS"
    rows = await fetch_rows(database, "SELECT merchant_id, trade_no, transaction_id FROM redemptions")
    found = {(row[0], row[1]): f"txn_{row[2].hex}" for row in rows}
    assert kills >= KILLS_MIN
    assert len(found) == len(rows)
    assert found == rush.acknowledged
    report = await run_verify(database, city.programme, lambda _done, _total: None)
    assert not report.findings
    sys.stdout.write(f"{len(rows)} redemptions, {kills} kills, {rush.repaired} repaired\n")
