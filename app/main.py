"""The composition root: makes the parts of one process and puts them together."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from app.actions.keys import KeyCabinet
from app.actions.terminals import TillDirectory
from app.actions.users import LoginGuard
from app.api import (
    accounts,
    accrual_policies,
    agreements,
    auth,
    back_tests,
    bills,
    bonuses,
    breakage,
    bulk_records,
    bulk_reviews,
    certificates,
    correction_steps,
    corrections,
    evaluations,
    events,
    explanations,
    funds,
    health,
    honours,
    marks,
    me,
    merchant_applications,
    merchant_life,
    merchant_staff,
    merchants,
    my_donations,
    my_family,
    my_family_orders,
    my_objections,
    my_offers,
    my_orders,
    my_penalties,
    my_redemptions,
    my_service_records,
    notices,
    objections,
    offer_stocks,
    offers,
    opening_sheets,
    opening_steps,
    penalties,
    penalty_steps,
    pool_grants,
    pos,
    pos_refunds,
    pos_vouchers,
    programmes,
    proofs,
    public_notice,
    record_reviews,
    record_samples,
    relatives,
    review_settings,
    sandbox,
    service_records,
    stars,
    stores,
    teams,
    terminals,
    training_records,
    transactions,
    users,
    volunteer_accounts,
    volunteers,
)
from app.api.access import check_every_route_guarded
from app.api.bulk_bodies import BODY_BYTES_MAX
from app.api.middleware import RequestMiddleware
from app.api.openapi import build_contract, render_contract
from app.api.opening_fields import SHEET_BYTES_MAX
from app.api.problems import add_problem_handlers
from app.api.sandbox_faults import FAULT_TIMES, FaultTimes
from app.api.services import Services
from app.engine.committer import Committers
from app.jobs.back_tests import run_back_tests
from app.jobs.running import run_jobs
from app.jobs.seen import run_flushes
from app.settings import Settings, master_key_of, read_settings
from app.store.database import Database
from app.store.lookups import Lookups
from app.telemetry import configure_logging

ROUTERS = (
    pos.router,
    pos_refunds.router,
    pos_vouchers.router,
    sandbox.router,
    bills.router,
    me.router,
    my_redemptions.router,
    my_donations.router,
    my_family.router,
    my_family_orders.router,
    notices.own_router,
    my_offers.router,
    my_orders.router,
    offers.router,
    offer_stocks.router,
    auth.router,
    programmes.router,
    back_tests.router,
    accrual_policies.router,
    teams.router,
    volunteers.router,
    volunteer_accounts.router,
    users.router,
    record_samples.router,  # before the record that a path names
    service_records.router,
    bulk_records.router,
    bulk_reviews.router,
    marks.router,
    explanations.router,
    record_reviews.router,
    training_records.router,
    my_service_records.router,
    review_settings.router,
    relatives.router,
    objections.router,
    my_objections.router,
    public_notice.router,
    corrections.router,
    correction_steps.router,
    opening_sheets.router,
    opening_steps.router,
    stars.router,
    honours.router,
    bonuses.router,
    penalties.router,
    penalty_steps.router,
    my_penalties.router,
    evaluations.router,
    certificates.router,
    merchants.router,
    merchant_applications.router,
    merchant_life.router,
    agreements.router,
    merchant_staff.router,
    stores.router,
    terminals.router,
    funds.router,
    pool_grants.router,
    transactions.router,
    accounts.router,
    proofs.router,
    events.router,
    notices.router,
    breakage.router,
    health.router,
)


LARGE_BODIES = {"/v1/service-records:batch": BODY_BYTES_MAX, "/v1/opening-sheets": SHEET_BYTES_MAX}
"""Where a body may be larger than elsewhere: it is read as a stream there."""


def now() -> datetime:
    """The clock of production."""
    return datetime.now(UTC)


def make_services(settings: Settings, database: Database, clock: Callable[[], datetime] = now) -> Services:
    """The parts that routes, demo and commands work with."""
    cabinet = KeyCabinet(database, master_key_of(settings))
    lookups = Lookups(database)
    return Services(
        database=database,
        lookups=lookups,
        committers=Committers(database, clock, queue_max=settings.queue_max, batch_max=settings.batch_max),
        cabinet=cabinet,
        tills=TillDirectory(lookups, cabinet.vault),
        logins=LoginGuard(),
        clock=clock,
        token_lifetime=settings.token_lifetime,
    )


def create_app(
    settings: Settings, clock: Callable[[], datetime] = now, fault_times: FaultTimes = FAULT_TIMES
) -> FastAPI:
    """The application. `settings.database_url` must name a migrated database by the time it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.database_url is None:
            raise TypeError("the application needs the address of a database")
        database = Database(settings.database_url)
        services = make_services(settings, database, clock)
        app.state.services = services
        work = (
            asyncio.create_task(
                run_jobs(database, services.committers, services.cabinet, clock, settings.jobs_every.total_seconds())
            ),
            asyncio.create_task(
                run_back_tests(database, clock, services.back_tests_asked, settings.jobs_every.total_seconds())
            ),
            asyncio.create_task(run_flushes(database, services.tills)),
        )
        yield
        for task in work:
            task.cancel()
        await services.committers.close()
        await services.lookups.close()
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
    app.add_middleware(
        RequestMiddleware,
        body_bytes_max=settings.body_bytes_max,
        body_bytes_max_at=LARGE_BODIES,
        clock=clock,
        fault_times=fault_times,
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
