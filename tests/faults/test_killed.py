"""The process dies between commit and answer, or before the commit (case 13)."""

import httpx
import pytest

from app.jobs.verifying import run_verify
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.commands import a_committer
from tests.support.ledgers import fetch_rows
from tests.support.processes import (
    a_client,
    a_clock_of_today,
    issue_code,
    now,
    send_query,
    send_redemption,
    server_processes,
)
from tests.support.sites import seal_secret


@pytest.mark.parametrize("moment, known", [("after_commit", True), ("before_commit", False)])
async def test_the_query_tells_and_the_retry_repairs(database: Database, moment: str, known: bool) -> None:  # noqa: FBT001 - the case
    """After the commit the query finds it and the retry replays it; before, the retry does it once."""
    city = await a_city(database, a_clock_of_today(), sealed_secret=seal_secret)
    till = city.tills[0]
    async with a_committer(database, city.programme, now) as committer, a_client() as client:
        code = await issue_code(committer, city, city.volunteers[0])
        with server_processes(database, app=f"tests.faults.dying:{moment}") as [server]:
            with pytest.raises(httpx.TransportError):
                await send_redemption(client, server, city, till, "DIE", code, 10)
            assert server.process.wait(30) == 9
        with server_processes(database) as [server]:
            query = await send_query(client, server, city, till, "DIE")
            assert query.status_code == (200 if known else 404)
            retry = await send_redemption(client, server, city, till, "DIE", code, 10)
            assert retry.status_code == 201
            assert (retry.headers.get("Idempotency-Replayed") == "true") is known
            assert (await send_query(client, server, city, till, "DIE")).json() == retry.json()
            if known:
                assert query.json() == retry.json()
    assert await fetch_rows(database, "SELECT count(*), sum(points) FROM redemptions") == [(1, 10)]
    assert not (await run_verify(database, city.programme, lambda _done, _total: None)).findings
