"""A server that is killed in the middle of a request of many rows: sent again, it ends as one that ran through."""

import asyncio
import json
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from app.security.actors import ActorKind
from app.store.database import Database
from tests.support.bulk_calls import BATCH, NDJSON, lines_of
from tests.support.calls import Json
from tests.support.databases import TestServer, a_database
from tests.support.ledgers import fetch_rows
from tests.support.processes import a_client, a_clock_of_today, server_processes
from tests.support.service_calls import a_record, attested
from tests.support.sites import Site, a_site

ROWS = 6_000
PEOPLE = 60
RECORDS = """
SELECT volunteer_id, started_at, minutes, external_no, activity FROM service_records
WHERE state = 'entered' ORDER BY 1, 2
"""
MARKS = """
SELECT r.volunteer_id, r.started_at, m.kind FROM record_marks m JOIN service_records r ON r.id = m.record_id
WHERE m.kind <> 'mass-entry' ORDER BY 1, 2, 3
"""
CHUNKS = "SELECT (changes->>'first_line')::int FROM audit_rows WHERE action = 'record.enter-many' ORDER BY 1"
DONE = "SELECT rows_done FROM bulk_requests"


def _rows(site: Site) -> list[Json]:
    """Rows of many people, some refused, some with numbers, some told twice."""
    draw = random.Random(11)
    rows = []
    for number in range(ROWS):
        hours = timedelta(hours=number // PEOPLE)
        body = attested(a_record(site, minutes=40, ended_ago=timedelta(days=2) + hours, number=number % PEOPLE), 40)
        rows.append(draw.choice((body, {**body, "external_no": f"N-{number}"}, {**body, "minutes": 41})))
    return rows[:-50] + draw.sample([row for row in rows if "external_no" in row], 50)


async def _prepare(database: Database, folder: Path) -> tuple[list[Json], dict[str, str]]:
    clock = a_clock_of_today()
    async with a_site(database, clock, folder, volunteers=PEOPLE, points=0) as site:
        headers = {"Authorization": f"Bearer {await site.token(ActorKind.ADMIN)}", "Idempotency-Key": "k-1"}
        return _rows(site), headers | NDJSON


async def _send(client: httpx.AsyncClient, url: str, rows: Sequence[Json], headers: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    answer = await client.post(url + BATCH, content=lines_of(rows), headers=headers, params={"source": "feed"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def _without_ids(answer: Json) -> str:
    rows = [{**row, "id": bool(row.get("id")), "figures": sorted(row.get("figures", ()))} for row in answer["rows"]]
    return json.dumps({**answer, "rows": rows}, ensure_ascii=False)


async def test_killed_and_sent_again(server: TestServer, database: Database, tmp_path: Path) -> None:
    """Killed twice, after some chunks: every record once, every chunk once, the answers of an unbroken request."""
    rows, headers = await _prepare(database, tmp_path)
    async with a_client() as client:
        for chunks in (1, 3):
            with server_processes(database) as [process]:
                sending = asyncio.create_task(_send(client, process.base_url, rows, headers))
                while (await fetch_rows(database, DONE) or [(0,)])[0][0] < 1_000 * chunks:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.002)
                process.kill()
                await asyncio.gather(sending, return_exceptions=True)
            [(done,)] = await fetch_rows(database, DONE)
            assert 1_000 * chunks <= done < ROWS, "killed in the middle"
        with server_processes(database) as [process]:
            answer = await _send(client, process.base_url, rows, headers)
            assert await _send(client, process.base_url, rows, headers) == answer
    assert await fetch_rows(database, CHUNKS) == [(first,) for first in range(1, ROWS, 1_000)]
    async with a_database(server) as unbroken, a_client() as client:
        same, others = await _prepare(unbroken, tmp_path)
        shifted = [_as(row, rows[line]) for line, row in enumerate(same)]
        with server_processes(unbroken) as [process]:
            assert _without_ids(await _send(client, process.base_url, shifted, others)) == _without_ids(answer)
        for query in (RECORDS, MARKS):
            assert await fetch_rows(unbroken, query) == await fetch_rows(database, query)
    assert answer["added"] + answer["repeated"] + answer["refused"] == ROWS


def _as(row: Json, told: Json) -> Json:
    """The same row at the times of the first telling: the clock has gone on since."""
    return {**row, "started_at": told["started_at"], "ended_at": told["ended_at"]}
