"""`python -m benchmarks.bulk_records`: rows a second of `:batch` and `:verify` over HTTP, and how long others wait.

One server process on a durable database; while a request runs, another client asks for `/livez` again and again: what
it waits at most is how long the loop stood still for a till.
"""

import argparse
import asyncio
import base64
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from uuid_utils.compat import uuid7

from app.api.services import Services
from app.core.ids import NOBODY, TeamId, VolunteerId, format_id
from app.demo.loaded import LoadedCity
from app.hosting import migrate_database
from app.main import make_services
from app.security.actors import DEFAULT_SCOPES, Actor, ActorKind
from app.security.tokens import issue_token
from app.settings import Settings, master_key_of
from app.store.database import Database
from app.store.postgres import EmbeddedPostgres, find_binaries
from app.store.teams import fetch_teams
from benchmarks.city import load_city
from benchmarks.servers import serving

VERIFIED_AT_ONCE = 1_000
_APP = "app.main:create_app_from_environment"


def _rows(people: Sequence[VolunteerId], team: TeamId, count: int, turn: int) -> Iterator[bytes]:
    """Checked-in rows of an hour, one volunteer after the other, on days of their own, with numbers."""
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1 + turn)
    for number in range(count):
        ended = now - timedelta(hours=2 * (number // len(people)))
        began = ended - timedelta(hours=1)
        row = {
            "volunteer_id": format_id("vol", people[number % len(people)]),
            "team_id": format_id("tea", team),
            "evidence": "checked-in",
            "activity": "文明劝导",
            "activity_id": f"act-{turn}-{number // len(people)}",
            "category": "文明实践",
            "place": "浒山街道孙塘路路口",
            "content": "引导行人按信号灯通行",
            "started_at": began.isoformat(),
            "ended_at": ended.isoformat(),
            "check_ins": [{"checked_in_at": began.isoformat(), "checked_out_at": ended.isoformat()}],
            "external_no": f"{turn}-{number}",
        }
        yield json.dumps(row, ensure_ascii=False).encode() + b"\n"


@asynccontextmanager
async def _watched(client: httpx.AsyncClient) -> AsyncIterator[list[float]]:
    """How long each of many small requests took while the block ran, in milliseconds."""
    waits: list[float] = []
    over = asyncio.Event()

    async def watch() -> None:
        while not over.is_set():
            began = time.perf_counter()
            await client.get("/livez")
            waits.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.002)

    task = asyncio.create_task(watch())
    yield waits
    over.set()
    await task


async def _token(services: Services, city: LoadedCity, kind: ActorKind) -> str:
    actor = Actor(kind=kind, programme=city.programme, subject=uuid7(), scopes=DEFAULT_SCOPES[kind])
    keys = await services.cabinet.token_keys(city.programme)
    return issue_token(keys, actor, issued_at=services.clock(), lifetime=timedelta(hours=1), token_id=uuid7().hex)


async def _measure(base_url: str, tokens: Sequence[str], bodies: Sequence[bytes], rows: int) -> None:
    enterer, verifier = ({"Authorization": f"Bearer {token}"} for token in tokens)
    ndjson = {"Content-Type": "application/x-ndjson"}
    async with httpx.AsyncClient(base_url=base_url, timeout=600) as client:
        for turn, body in enumerate(bodies):
            headers = enterer | ndjson | {"Idempotency-Key": f"k-{turn}"}
            ids = await _send_rows(client, f"batch {turn}", body, headers, rows)
            await _send_rows(client, f"again {turn}", body, headers, rows)
            async with _watched(client) as waits:
                began = time.perf_counter()
                headers = verifier | {"Idempotency-Key": f"v-{turn}"}
                done = await client.post("/v1/service-records:verify", json={"record_ids": ids}, headers=headers)
                seconds = time.perf_counter() - began
            _tell(
                f"verify {turn}", len(ids), seconds, waits, f"verified {done.raise_for_status().json()['verified']:,}"
            )


async def _send_rows(
    client: httpx.AsyncClient, what: str, body: bytes, headers: dict[str, str], rows: int
) -> list[str]:
    async with _watched(client) as waits:
        began = time.perf_counter()
        answer = await client.post(
            "/v1/service-records:batch", params={"source": "feed"}, content=body, headers=headers
        )
        seconds = time.perf_counter() - began
    told = answer.raise_for_status().json()
    _tell(what, rows, seconds, waits, f"added {told['added']:,} refused {told['refused']:,}")
    return [row["id"] for row in told["rows"] if "id" in row][:VERIFIED_AT_ONCE]


def _tell(what: str, rows: int, seconds: float, waits: list[float], result: str) -> None:
    waited = sorted(waits)
    middle, longest = waited[len(waited) // 2], waited[-1]
    print(
        f"{what}: {rows / seconds:,.0f} rows/s ({seconds:.2f} s), {result}; others waited {middle:.1f} ms, "
        f"at most {longest:.0f} ms",
        flush=True,
    )


async def _run(settings: Settings, arguments: argparse.Namespace) -> None:
    database = Database(str(settings.database_url))
    services = make_services(settings, database)
    city = await load_city(services, arguments.volunteers)
    async with database.read() as reader:
        [team, *_] = await fetch_teams(reader, city.programme, TeamId(NOBODY), 1, None, None)
    bodies = [
        b"".join(_rows(city.volunteers, team.id, arguments.rows, turn * 40)) for turn in range(arguments.requests)
    ]
    tokens = [await _token(services, city, kind) for kind in (ActorKind.ORGANISER, ActorKind.ADMIN)]
    environment = {
        "LIYU_DATABASE_URL": str(settings.database_url),
        "LIYU_MASTER_KEY": base64.b64encode(master_key_of(settings)).decode(),
        "LIYU_LOG_LEVEL": "WARNING",
    }
    with serving(_APP, 1, environment) as base_url:
        await _measure(base_url, tokens, bodies, arguments.rows)
    await services.committers.close()
    await services.lookups.close()
    await database.close()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="benchmarks.bulk_records")
    parser.add_argument("--volunteers", type=int, default=5_000)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=3)
    arguments = parser.parse_args()
    binaries = find_binaries()
    with tempfile.TemporaryDirectory(prefix="liyu-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with EmbeddedPostgres(folder / "data", binaries=binaries) as url:
            settings = replace(Settings(), database_url=url, data_dir=folder / "data")
            asyncio.run(migrate_database(settings))
            asyncio.run(_run(settings, arguments))


if __name__ == "__main__":
    main()
