"""`liyu demo`: load the city if it is not there, write who can log in, serve; or run the main job once and leave."""

import asyncio
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.actions.users import actor_of
from app.api.services import Services
from app.core.accounts import AccountKind
from app.core.ids import ProgrammeId, VolunteerId, format_id, format_terminal
from app.demo.checking import check_main_job
from app.demo.figures import CityFigures, city_figures, sandbox_figures
from app.demo.loaded import LoadedCity
from app.demo.loading import CityLoader
from app.hosting import database_of, migrate_database, refuse_taken_port, serve_processes
from app.main import make_services
from app.security.actors import DEFAULT_SCOPES, Actor, ActorKind
from app.security.tokens import issue_token
from app.settings import BadSetting, Settings, read_settings
from app.store.database import Database
from app.store.programmes import fetch_programme
from app.store.users import fetch_user_by_name
from app.store.wallets import fetch_balances

TOKEN_LIFETIME = timedelta(days=1)
SHOWN_VOLUNTEERS = 50
CHECK_SCALE = 0.001

_console = Console()


async def _tokens(services: Services, programme: ProgrammeId, actors: list[Actor]) -> list[str]:
    keys = await services.cabinet.token_keys(programme)
    now = services.clock()
    return [issue_token(keys, actor, issued_at=now, lifetime=TOKEN_LIFETIME, token_id=uuid7().hex) for actor in actors]


async def _describe(services: Services, city: LoadedCity, base_url: str) -> dict[str, Any]:
    """What demo.json holds of a city just loaded; the tokens come last, since they end."""
    chosen = city.volunteers[:SHOWN_VOLUNTEERS]
    volunteers = []
    async with services.database.read() as reader:
        for volunteer in chosen:
            balances = await fetch_balances(reader, city.programme, volunteer)
            points = sum(balance for key, balance in balances.items() if key.kind is AccountKind.WALLET)
            volunteers.append({"id": format_id("vol", volunteer), "access_token": "", "points": points})
    return {
        "base_url": base_url,
        "programme": city.programme,
        "terminals": [
            {
                "terminal": format_terminal(city.programme, till.terminal),
                "secret": till.secret,
                "merchant_id": format_id("mer", till.merchant),
                "store_id": format_id("sto", till.store),
            }
            for till in city.terminals
        ],
        "volunteers": volunteers,
        **{
            name: {"username": name, "password": city.passwords[name], "access_token": ""}
            for name in ("admin", "auditor", "organiser")
        },
    }


async def _refresh(services: Services, described: dict[str, Any], base_url: str) -> dict[str, Any]:
    """The same city with tokens that are valid for a day from now."""
    programme = ProgrammeId(described["programme"])
    people = [dict(person) for person in described["volunteers"]]
    actors = [
        Actor(
            kind=ActorKind.VOLUNTEER,
            programme=programme,
            subject=volunteer,
            scopes=DEFAULT_SCOPES[ActorKind.VOLUNTEER],
            volunteer=volunteer,
        )
        for volunteer in (VolunteerId(UUID(hex=str(person["id"])[4:])) for person in people)
    ]
    for person, token in zip(people, await _tokens(services, programme, actors), strict=True):
        person["access_token"] = token
    refreshed = {**described, "base_url": base_url, "volunteers": people}
    for name in ("admin", "auditor", "organiser"):
        async with services.database.read() as reader:
            user = await fetch_user_by_name(reader, programme, name)
        if user is not None:
            (token,) = await _tokens(services, programme, [actor_of(programme, user)])
            refreshed[name] = {**described[name], "access_token": token}
    if "sandbox" in described:
        refreshed["sandbox"] = await _refresh(services, described["sandbox"], base_url)
    return refreshed


def _write_private(path: Path, content: Mapping[str, object]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
    path.chmod(0o600)


async def _load(settings: Settings, scale: float, base_url: str) -> None:
    """Load the city if the data folder does not hold it yet, and write demo.json."""
    await migrate_database(settings)
    path = settings.data_dir / "demo.json"
    database = Database(str(settings.database_url))
    services = make_services(settings, database)
    try:
        async with database.read() as reader:
            there = await fetch_programme(reader, ProgrammeId(city_figures().programme))
        if there and not path.exists():
            _console.print("An earlier load was interrupted: starting it over.")
            await _start_over(database)
            await migrate_database(settings)
            there = None
        if there:
            described = json.loads(path.read_text(encoding="utf-8"))
        else:
            described = await _load_with_progress(services, city_figures(), scale, base_url)
        if "sandbox" not in described:
            described["sandbox"] = await _load_with_progress(services, sandbox_figures(), 1, base_url)
        _write_private(path, await _refresh(services, described, base_url))
    finally:
        await services.committers.close()
        await database.close()


async def _start_over(database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(text("DROP SCHEMA public CASCADE"))
        await tx.execute(text("CREATE SCHEMA public"))


async def _load_with_progress(services: Services, figures: CityFigures, scale: float, base_url: str) -> dict[str, Any]:
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console) as bars:
        tasks = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        city = await CityLoader(services, figures, show).load(scale)
    counted = f"{len(city.volunteers):,} volunteers, {city.records:,} service records, {len(city.terminals)} tills"
    _console.print(f"{figures.programme}: {counted} loaded")
    return await _describe(services, city, base_url)


def _print_who(settings: Settings, base_url: str) -> None:
    described = json.loads((settings.data_dir / "demo.json").read_text(encoding="utf-8"))
    _console.print(f"\n[bold]Liyu 礼遇[/bold]  {base_url}")
    _console.print(f"  contract   {base_url}/openapi.yaml")
    _console.print(f"  readiness  {base_url}/readyz")
    for name in ("admin", "auditor", "organiser"):
        who = described[name]
        _console.print(f"  log in     {who['username']:<10} {who['password']}", highlight=False)
    sandbox = described["sandbox"]
    given = sandbox["terminals"][0]
    _console.print(f"  sandbox    {sandbox['programme']}, for vendors' tills: liyu conformance --help")
    _console.print(f"  its till   {given['terminal']}  {given['secret']}", highlight=False, soft_wrap=True)
    _console.print(f"  tills, volunteers and tokens: {settings.data_dir / 'demo.json'}\n")


def run_demo(*, scale: float, check: bool, port: int | None, data_dir: Path | None) -> int:
    """Load and serve; or, with `check`, run the main job once against a server of its own. Returns the exit code."""
    settings = read_settings(os.environ)
    if settings.production:
        raise BadSetting("no demo with LIYU_ENVIRONMENT=production: it prints passwords")
    if check:
        with tempfile.TemporaryDirectory(prefix="liyu-check-") as folder:
            Path(folder).chmod(0o755)
            chosen = replace(settings, data_dir=data_dir or Path(folder) / "data")
            with database_of(chosen) as served:
                asyncio.run(_load(served, min(scale, CHECK_SCALE), ""))
                return check_main_job(served)
    chosen = replace(settings, data_dir=data_dir or settings.data_dir)
    chosen = chosen if port is None else replace(chosen, port=port)
    refuse_taken_port(chosen)
    base_url = f"http://{chosen.host}:{chosen.port}"
    with database_of(chosen) as served:
        asyncio.run(_load(served, scale, base_url))
        serve_processes(served, lambda: _print_who(served, base_url))
    return 0
