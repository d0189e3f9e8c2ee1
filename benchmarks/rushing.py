"""A rush for tickets beside other people's requests: `python -m benchmarks.rushing`.

2,000 claims for 100 places in one minute, and beside them a volunteer who looks at the wallet and takes a pay code,
again and again. Exactly 100 may be given, the line must be in the order of the claims, and nobody else may be slowed
beyond twice the p99 of the same minute without the rush.
"""

import argparse
import asyncio
import base64
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.api.services import Services
from app.core.benefits.model import Benefit, BenefitKind, Criterion, Decides, Department, Operator, Requirement
from app.core.ids import RoundId, UserId, VolunteerId, format_id
from app.core.rounds import Round, RoundMode
from app.demo.loaded import LoadedCity
from app.hosting import migrate_database
from app.main import make_services
from app.security.actors import DEFAULT_SCOPES, Actor, ActorKind
from app.security.tokens import issue_token
from app.settings import Settings, master_key_of
from app.store.benefits import PublishedBenefit, insert_benefit
from app.store.database import Database
from app.store.postgres import EmbeddedPostgres, find_binaries
from app.store.rounds import RoundView, insert_round, publish_round
from benchmarks.city import load_city
from benchmarks.servers import serving

TIMES_MOST = 2.0
_APP = "app.main:create_app_from_environment"
_TICKETS = Benefit(
    code="rush",
    version="2026-1",
    effective_from=date(2020, 1, 1),
    kind=BenefitKind.EVENT_TICKET,
    owner=Department(code="culture", name="文联", name_en="Literary Federation"),
    name="音乐会",
    name_en="Concert",
    decides=Decides.AUTOMATIC,
    criteria=(
        Criterion(
            code="hours",
            name="服务满 1 小时",
            name_en="An hour of service",
            when="minutes >= 60",
            required=(Requirement(fact="minutes", operator=Operator.AT_LEAST, value=60),),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Rush:
    """What is measured: how many claims for how many places, in how many seconds."""

    claims: int
    places: int
    seconds: float


async def announce(services: Services, city: LoadedCity, places: int) -> RoundId:
    """A benefit of tickets and one round of it, open from now on."""
    now, by = services.clock(), city.admin
    terms = Round(
        id=RoundId(uuid7()),
        benefit=_TICKETS.code,
        benefit_version=_TICKETS.version,
        mode=RoundMode.FIRST_COME,
        capacity=places,
        opens_at=now,
        closes_at=now + timedelta(days=1),
    )
    view = RoundView(
        terms=terms,
        name_zh="音乐会",
        name_en="Concert",
        venue_zh="",
        venue_en="",
        share_bp=None,
        revision=1,
        created_by=by,
        created_at=now,
    )
    published = PublishedBenefit(
        benefit=_TICKETS, created_by=by, reviewed_by=UserId(uuid7()), published_by=by, published_at=now
    )
    announced = replace(view, terms=replace(terms, published_at=now), published_by=by)
    async with services.database.begin() as tx:
        await insert_benefit(tx, city.programme, published)
        await insert_round(tx, city.programme, view)
        await publish_round(tx, city.programme, announced, 1)
    return terms.id


async def issue_tokens(services: Services, city: LoadedCity, people: Sequence[VolunteerId]) -> list[str]:
    """An access token of each."""
    keys, now = await services.cabinet.token_keys(city.programme), services.clock()
    scopes = DEFAULT_SCOPES[ActorKind.VOLUNTEER]
    return [
        issue_token(
            keys,
            Actor(
                kind=ActorKind.VOLUNTEER,
                programme=city.programme,
                subject=volunteer,
                scopes=scopes,
                volunteer=volunteer,
            ),
            issued_at=now,
            lifetime=timedelta(hours=1),
            token_id=uuid7().hex,
        )
        for volunteer in people
    ]


def _signed(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid7().hex}


async def look_and_pay(client: httpx.AsyncClient, token: str, seconds: float) -> list[float]:
    """Milliseconds of other people's requests, one after the other with a short pause, for so long."""
    took: list[float] = []
    ends = time.perf_counter() + seconds
    while (began := time.perf_counter()) < ends:
        if len(took) % 2:
            answer = await client.post("/v1/me/pay-code", headers=_signed(token))
        else:
            answer = await client.get("/v1/me/wallet", headers=_signed(token))
        took.append((time.perf_counter() - began) * 1_000)
        answer.raise_for_status()
        await asyncio.sleep(0.02)
    return took


async def claim_all(client: httpx.AsyncClient, target: str, tokens: Sequence[str], seconds: float) -> list[float]:
    """Milliseconds of the claims, begun one after the other over so many seconds, whatever became of those before."""

    async def claim(number: int, token: str) -> float:
        await asyncio.sleep(number * seconds / len(tokens))
        began = time.perf_counter()
        (await client.post(target, headers=_signed(token))).raise_for_status()
        return (time.perf_counter() - began) * 1_000

    return list(await asyncio.gather(*(claim(number, token) for number, token in enumerate(tokens))))


async def check(database: Database, round_id: RoundId, rush: Rush) -> None:
    """Exactly as many places as there are, to the first who came. Raises ValueError when it is not so."""
    async with database.read() as reader:
        found = await reader.execute(
            text("SELECT state FROM places WHERE round_id = :round ORDER BY number"), {"round": round_id}
        )
        states = [row.state for row in found]
    if states != ["held"] * rush.places + ["waiting"] * (rush.claims - rush.places):
        raise ValueError(f"{states.count('held')} places were given, not {rush.places}, or not in order")


async def measure(settings: Settings, rush: Rush) -> dict[str, list[float]]:
    """Milliseconds of other requests alone and beside the rush, and of the claims."""
    database = Database(str(settings.database_url))
    services = make_services(settings, database)
    city = await load_city(services, rush.claims + 1)
    round_id = await announce(services, city, rush.places)
    other, *people = await issue_tokens(services, city, city.volunteers[: rush.claims + 1])
    environment = {
        "LIYU_DATABASE_URL": str(settings.database_url),
        "LIYU_MASTER_KEY": base64.b64encode(master_key_of(settings)).decode(),
        "LIYU_LOG_LEVEL": "WARNING",
    }
    target = f"/v1/me/rounds/{format_id('rnd', round_id)}/claim"
    with serving(_APP, 1, environment) as base_url:
        limits = httpx.Limits(max_connections=256)
        async with httpx.AsyncClient(base_url=base_url, timeout=60, limits=limits) as client:
            await look_and_pay(client, other, 2)
            alone = await look_and_pay(client, other, rush.seconds)
            beside, claims = await asyncio.gather(
                look_and_pay(client, other, rush.seconds), claim_all(client, target, people, rush.seconds)
            )
    await check(database, round_id, rush)
    await services.committers.close()
    await database.close()
    return {"others alone": alone, "others beside the rush": beside, "claims": claims}


def print_table(taken: dict[str, list[float]]) -> bool:
    """The figures; whether others were slowed no further than agreed."""
    table = Table("what", "requests", "p50 ms", "p99 ms")
    cuts = {name: quantiles(milliseconds, n=100) for name, milliseconds in taken.items()}
    for name, milliseconds in taken.items():
        table.add_row(name, f"{len(milliseconds):,}", f"{cuts[name][49]:.1f}", f"{cuts[name][98]:.1f}")
    times = cuts["others beside the rush"][98] / cuts["others alone"][98]
    Console().print(table)
    Console().print(f"p99 of others beside the rush / alone: {times:.2f}, at most {TIMES_MOST}")
    return times <= TIMES_MOST


def main() -> None:
    """Build, measure, print. Exits 1 when others were slowed too much."""
    parser = argparse.ArgumentParser(prog="benchmarks.rushing")
    parser.add_argument("--claims", type=int, default=2_000)
    parser.add_argument("--places", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="liyu-rush-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with EmbeddedPostgres(folder / "data", binaries=find_binaries()) as url:
            settings = replace(Settings(), database_url=url, data_dir=folder / "data")
            asyncio.run(migrate_database(settings))
            rush = Rush(arguments.claims, arguments.places, arguments.seconds)
            taken = asyncio.run(measure(settings, rush))
    raise SystemExit(0 if print_table(taken) else 1)


if __name__ == "__main__":
    main()
