"""The application over a small city, reached through ASGI by tills that sign and people with tokens."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.actions.keys import rotate_signing_key
from app.api.sandbox_faults import FAULT_TIMES, FaultTimes
from app.api.services import Services
from app.core.ids import MerchantId, ProgrammeId, TeamId, TerminalId, VolunteerId, format_terminal
from app.main import create_app
from app.security.actors import DEFAULT_SCOPES, ROLE_SCOPES, Actor, ActorKind, StaffRole
from app.security.sealing import Keyring, derive_key
from app.security.till_signatures import sign
from app.security.tokens import issue_token
from app.settings import Settings
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import City, Till
from tests.support.clocks import Clock

MASTER_KEY = bytes(range(32))
SECRET = b"the secret of every till in a test"
POS = "/v1/pos/redemptions"
JSON = {"Content-Type": "application/json"}


def seal_secret(programme: ProgrammeId, terminal: TerminalId) -> bytes:
    """The secret of every till, sealed as the service seals it."""
    vault = Keyring({"m1": derive_key(MASTER_KEY, "seal.v1")}, "m1")
    return vault.seal(SECRET, f"terminals|secret|{programme}|{terminal}")


@dataclass(frozen=True, slots=True)
class Site:
    """A running application and its city."""

    app: FastAPI
    client: httpx.AsyncClient
    city: City
    clock: Clock
    database: Database

    @property
    def services(self) -> Services:
        """What the application works with."""
        services: Services = self.app.state.services
        return services

    async def token(
        self,
        kind: ActorKind,
        *,
        subject: UUID | None = None,
        merchant: MerchantId | None = None,
        volunteer: VolunteerId | None = None,
        role: StaffRole | None = None,
        team: TeamId | None = None,
        region: str | None = None,
        lifetime: timedelta = timedelta(minutes=15),
    ) -> str:
        """A token of an actor of this kind."""
        actor = Actor(
            kind=kind,
            programme=self.city.programme,
            subject=subject or uuid7(),
            scopes=ROLE_SCOPES[role] if role else DEFAULT_SCOPES[kind],
            merchant=merchant,
            volunteer=volunteer,
            team=team,
            region=region,
        )
        keys = await self.services.cabinet.token_keys(self.city.programme)
        return issue_token(keys, actor, issued_at=self.clock.now, lifetime=lifetime, token_id=uuid7().hex)

    async def headers(self, kind: ActorKind, **named: Any) -> dict[str, str]:  # noqa: ANN401 - as `token` takes them
        """Headers of an actor of this kind, with a fresh idempotency key."""
        return {"Authorization": f"Bearer {await self.token(kind, **named)}", "Idempotency-Key": uuid7().hex}

    async def volunteer_headers(self, number: int = 0) -> dict[str, str]:
        """Headers of one of the city's volunteers."""
        volunteer = self.city.volunteers[number]
        return await self.headers(ActorKind.VOLUNTEER, subject=volunteer, volunteer=volunteer)

    async def pay_code(self, number: int = 0) -> str:
        """A pay code of one of the city's volunteers."""
        answer = await self.client.post("/v1/me/pay-code", headers=await self.volunteer_headers(number))
        assert answer.status_code == 200, answer.text
        code: str = answer.json()["code"]
        return code

    def signed(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        till: Till | None = None,
        secret: bytes = SECRET,
        skew_s: int = 0,
    ) -> dict[str, str]:
        """The headers with which a till sends this request."""
        terminal = format_terminal(self.city.programme, (till or self.city.tills[0]).terminal)
        timestamp = int(self.clock.now.timestamp()) + skew_s
        authorization = sign(
            terminal=terminal,
            secret=secret,
            method=method,
            target=target,
            body=body,
            timestamp=timestamp,
            nonce=uuid7().hex,
        )
        return {"Authorization": authorization, **JSON}

    async def send(self, body: bytes, *, headers: Mapping[str, str] | None = None, **signing: Any) -> httpx.Response:  # noqa: ANN401 - as `signed` takes them
        """Send a body to the till's endpoint, signed as it is."""
        sent = {**self.signed("POST", POS, body, **signing), **(headers or {})}
        return await self.client.post(POS, content=body, headers=sent)

    async def redeem(self, trade_no: str, code: str, points: int, **signing: Any) -> httpx.Response:  # noqa: ANN401 - as `signed` takes them
        """Take points at the first till."""
        body = json.dumps({"out_trade_no": trade_no, "auth_code": code, "points": points}).encode()
        return await self.send(body, **signing)

    async def query(self, trade_no: str, **signing: Any) -> httpx.Response:  # noqa: ANN401 - as `signed` takes them
        """Ask what became of an order."""
        target = f"{POS}/{trade_no}"
        return await self.client.get(target, headers=self.signed("GET", target, **signing))


def settings_for(database: Database, folder: Path) -> Settings:
    """Settings of a process on this database, with a key that every test knows."""
    return replace(Settings(), database_url=database.url, data_dir=folder, master_key=MASTER_KEY)


@contextlib.asynccontextmanager
async def a_site(
    database: Database,
    clock: Clock,
    folder: Path,
    *,
    fault_times: FaultTimes = FAULT_TIMES,
    **city: Any,  # noqa: ANN401 - as `a_city` takes them
) -> AsyncIterator[Site]:
    """The application over a small city, for the length of the block."""
    built = await a_city(database, clock, sealed_secret=seal_secret, **city)
    app = create_app(settings_for(database, folder), clock, fault_times)
    async with app.router.lifespan_context(app):
        services: Services = app.state.services
        async with database.begin() as tx:
            await rotate_signing_key(tx, services.cabinet, built.programme, clock)
        services.cabinet.forget(built.programme)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Site(app, client, built, clock, database)
