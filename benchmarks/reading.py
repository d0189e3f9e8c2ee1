"""How long one volunteer's wallet, stars and statement take with a city loaded: `python -m benchmarks.reading`.

One client, one request after the other, over HTTP; half of the requests are of the busiest volunteers.
"""

import argparse
import asyncio
import base64
import itertools
import random
import time
from collections.abc import Mapping, Sequence
from statistics import quantiles

import httpx
from rich.console import Console
from rich.table import Table
from uuid_utils.compat import uuid7

from app.core.ids import VolunteerId
from app.main import make_services
from app.security.actors import DEFAULT_SCOPES, Actor, ActorKind
from app.security.tokens import issue_token
from app.settings import master_key_of
from app.store.database import Database
from benchmarks.ledgers import HEAVY, Measured, a_ledger
from benchmarks.servers import serving

GOAL_MS = 10.0
_APP = "app.main:create_app_from_environment"
_TARGETS = {
    "wallet": "/v1/me/wallet",
    "stars": "/v1/me/stars",
    "statement": "/v1/me/statement",
    "statement, 100 lines": "/v1/me/statement?limit=100",
    "statement, older page": "/v1/me/statement?after={after}",
}


async def issue_tokens(measured: Measured, people: Sequence[VolunteerId]) -> list[str]:
    """An access token of each."""
    database = Database(str(measured.settings.database_url))
    services = make_services(measured.settings, database)
    keys, now = await services.cabinet.token_keys(measured.city.programme), services.clock()
    tokens = [
        issue_token(
            keys,
            Actor(
                kind=ActorKind.VOLUNTEER,
                programme=measured.city.programme,
                subject=volunteer,
                scopes=DEFAULT_SCOPES[ActorKind.VOLUNTEER],
                volunteer=volunteer,
            ),
            issued_at=now,
            lifetime=services.token_lifetime,
            token_id=uuid7().hex,
        )
        for volunteer in people
    ]
    await database.close()
    return tokens


def time_reads(client: httpx.Client, target: str, tokens: Sequence[str], count: int) -> list[float]:
    """Milliseconds of each request. Raises when one is refused."""
    took = []
    for token in itertools.islice(itertools.cycle(tokens), count):
        began = time.perf_counter()
        client.get(target, headers={"Authorization": f"Bearer {token}"}).raise_for_status()
        took.append((time.perf_counter() - began) * 1_000)
    return took


def measure_reads(measured: Measured, count: int) -> dict[str, list[float]]:
    """Milliseconds by what was read, `busy` volunteers and others apart."""
    others = random.Random(7).sample(measured.people[HEAVY:], 200)
    tokens = {
        "busy": asyncio.run(issue_tokens(measured, measured.people[:HEAVY])),
        "others": asyncio.run(issue_tokens(measured, others)),
    }
    environment = {
        "LIYU_DATABASE_URL": str(measured.settings.database_url),
        "LIYU_MASTER_KEY": base64.b64encode(master_key_of(measured.settings)).decode(),
        "LIYU_LOG_LEVEL": "WARNING",
    }
    with serving(_APP, 1, environment) as base_url, httpx.Client(base_url=base_url) as client:
        return {
            f"{name}, {who}": read_one(client, target, held, count)
            for name, target in _TARGETS.items()
            for who, held in tokens.items()
        }


def read_one(client: httpx.Client, target: str, tokens: Sequence[str], count: int) -> list[float]:
    """Milliseconds of one kind of read, once it is warm."""
    if "{after}" in target:
        first = client.get("/v1/me/statement?limit=1", headers={"Authorization": f"Bearer {tokens[0]}"}).json()
        target = target.format(after=int(first["lines"][0]["seq"]) * 3 // 4)
    time_reads(client, target, tokens, len(tokens))
    return time_reads(client, target, tokens, count)


def print_reads(taken: Mapping[str, Sequence[float]]) -> bool:
    """The table; whether all are in single digits."""
    table = Table("read", "p50 ms", "p99 ms", "")
    met = []
    for name, milliseconds in taken.items():
        cuts = quantiles(milliseconds, n=100)
        met.append(cuts[98] < GOAL_MS)
        table.add_row(name, f"{cuts[49]:.1f}", f"{cuts[98]:.1f}", "yes" if met[-1] else "NO")
    Console().print(table)
    return all(met)


def main() -> None:
    """Build, measure, print. Exits 1 when a read takes ten milliseconds or more."""
    parser = argparse.ArgumentParser(prog="benchmarks.reading")
    parser.add_argument("--transactions", type=int, default=300_000)
    parser.add_argument("--count", type=int, default=500, help="requests of each kind")
    arguments = parser.parse_args()
    with a_ledger(arguments.transactions) as measured:
        taken = measure_reads(measured, arguments.count)
    if not print_reads(taken):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
