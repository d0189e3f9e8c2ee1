"""The composition root: makes the parts of one process and puts them together."""

import asyncio
import gc
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from app.actions.attempts import LoginGuard
from app.actions.keys import KeyCabinet
from app.actions.standing import Standing
from app.actions.terminals import TillDirectory
from app.actions.wechat_calls import WechatCalls
from app.api.access import check_every_route_guarded
from app.api.bulk_bodies import BODY_BYTES_MAX
from app.api.limits import Limits, Rates
from app.api.middleware import RequestMiddleware
from app.api.openapi import build_contract, render_contract
from app.api.opening_fields import SHEET_BYTES_MAX
from app.api.problems import add_problem_handlers
from app.api.routers import ROUTERS
from app.api.sandbox_faults import FAULT_TIMES, FaultTimes
from app.api.services import Services
from app.api.unsealing import UnsealingMiddleware
from app.core.applications.files import FILE_BYTES_MAX
from app.engine.committer import Committers
from app.jobs.back_tests import run_back_tests
from app.jobs.running import run_jobs
from app.jobs.seen import flush_refused, run_flushes
from app.security.buckets import NO_LIMIT, Rate, rate_of
from app.settings import BadSetting, Settings, master_key_of, read_settings, vault_of
from app.store.database import Database
from app.store.login_settings import fetch_demo_programmes
from app.store.lookups import Lookups
from app.telemetry import configure_logging

LARGE_BODIES = {"/v1/service-records:batch": BODY_BYTES_MAX, "/v1/opening-sheets": SHEET_BYTES_MAX}
"""Where a body may be larger than elsewhere: it is read as a stream there."""
_FILES = re.compile(r"/v1/(me/)?applications/[^/]+/material/[^/]+")


def find_large_body(path: str) -> int | None:
    """How many bytes a body may have where it may have more than elsewhere: rows of feeds, files of applications."""
    return FILE_BYTES_MAX if _FILES.fullmatch(path) else LARGE_BODIES.get(path)


def now() -> datetime:
    """The clock of production."""
    return datetime.now(UTC)


def make_services(settings: Settings, database: Database, clock: Callable[[], datetime] = now) -> Services:
    """The parts that routes, demo and commands work with."""
    cabinet = KeyCabinet(database, master_key_of(settings), vault_of(settings))
    lookups = Lookups(database)
    return Services(
        database=database,
        lookups=lookups,
        committers=Committers(database, clock, queue_max=settings.queue_max, batch_max=settings.batch_max),
        cabinet=cabinet,
        tills=TillDirectory(lookups, cabinet.vault),
        logins=LoginGuard(database, cabinet.logins),
        standing=Standing(lookups),
        clock=clock,
        token_lifetime=settings.token_lifetime,
        limits=Limits(_rates_of(settings)),
        public_url=settings.public_url,
        wechat=_wechat_of(settings),
    )


def _rates_of(settings: Settings) -> Rates:
    """Ten seconds' worth of calls may come at once; guesses a minute's."""
    guesses = settings.guesses_a_minute
    return Rates(
        address=rate_of(settings.rate_address, 10),
        actor=rate_of(settings.rate_actor, 10),
        till=rate_of(settings.rate_till, 10),
        guesses=Rate(60 / guesses, guesses) if guesses else NO_LIMIT,
    )


def _wechat_of(settings: Settings) -> WechatCalls | None:
    if settings.wechat_appid is None or settings.wechat_secret is None:
        return None
    return WechatCalls(settings.wechat_appid, settings.wechat_secret, settings.wechat_base_url)


async def refuse_demo(settings: Settings, database: Database) -> None:
    """Raise BadSetting in production on a database in which `liyu demo` has printed passwords."""
    if not settings.production:
        return
    async with database.read() as reader:
        demos = await fetch_demo_programmes(reader)
    if demos:
        raise BadSetting(f"not fit for production: the database holds the demo programmes {', '.join(demos)}")


def create_app(
    settings: Settings, clock: Callable[[], datetime] = now, fault_times: FaultTimes = FAULT_TIMES
) -> FastAPI:
    """The application. `settings.database_url` must name a migrated database by the time it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.database_url is None:
            raise TypeError("the application needs the address of a database")
        database = Database(settings.database_url, vault_of(settings))
        await refuse_demo(settings, database)
        services = make_services(settings, database, clock)
        app.state.services = services
        work = (
            asyncio.create_task(
                run_jobs(
                    database,
                    services.committers,
                    services.cabinet,
                    clock,
                    settings.jobs_every.total_seconds(),
                    settings.sessions_kept,
                )
            ),
            asyncio.create_task(
                run_back_tests(database, clock, services.back_tests_asked, settings.jobs_every.total_seconds())
            ),
            asyncio.create_task(run_flushes(database, services.tills, services.standing, services.logins.refused)),
        )
        yield
        for task in work:
            task.cancel()
        await services.committers.close()
        await services.lookups.close()
        if services.wechat:
            await services.wechat.close()
        try:
            await flush_refused(database, services.logins.refused)
        finally:
            await asyncio.shield(database.close())

    app = FastAPI(
        title="Liyu",
        version=version("liyu"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    # The routes themselves, not included routers: one table to match, and every route can be checked.
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    check_every_route_guarded(app)
    add_problem_handlers(app)
    app.add_middleware(UnsealingMiddleware)
    app.add_middleware(
        RequestMiddleware,
        body_bytes_max=settings.body_bytes_max,
        body_bytes_max_at=find_large_body,
        clock=clock,
        fault_times=fault_times,
        addresses=Limits(_rates_of(settings)),
        hsts=settings.hsts,
    )
    _serve_contract(app)
    return app


def _serve_contract(app: FastAPI) -> None:
    def contract() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = build_contract(app)
        return app.openapi_schema

    app.openapi = contract  # type: ignore[method-assign]  # FastAPI's own way to replace the contract

    async def serve_json(_request: Request) -> Response:
        return JSONResponse(contract())

    async def serve_yaml(_request: Request) -> Response:
        return Response(render_contract(contract()), media_type="application/yaml")

    app.add_route("/openapi.json", serve_json, include_in_schema=False)
    app.add_route("/openapi.yaml", serve_yaml, include_in_schema=False)


def create_app_from_environment() -> FastAPI:
    """The application of a server process: settings from `LIYU_*`."""
    settings = read_settings(os.environ)
    configure_logging(level=settings.log_level, as_json=settings.log_json)
    app = create_app(settings)
    tame_garbage_collector()
    return app


def tame_garbage_collector() -> None:
    """Look for cycles rarely, and never among what lives as long as the process.

    A batch makes thousands of small values without a cycle; at Python's own thresholds a third of the till's time went
    into looking for one.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
