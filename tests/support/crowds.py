"""A crowd of tills and volunteers in front of several server processes: real connections, all at the same time."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from uuid_utils.compat import uuid7

from app.actions.keys import KeyCabinet, rotate_signing_key
from app.core.ids import VolunteerId, format_terminal
from app.engine.committer import Committer
from app.security.actors import DEFAULT_SCOPES, Actor, ActorKind
from app.security.till_signatures import sign
from app.security.tokens import TokenKeys, issue_token
from app.store.database import Database
from tests.support.calls import Json
from tests.support.city_rows import City, Till
from tests.support.commands import a_committer
from tests.support.processes import PRODUCTION, ServerProcess, a_client, issue_code, now, server_processes
from tests.support.sites import MASTER_KEY, POS, SECRET

Answering = Coroutine[Any, Any, httpx.Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Callers of one city. `at` says which of the processes is called: any number will do."""

    city: City
    client: httpx.AsyncClient
    servers: list[ServerProcess]
    committer: Committer
    keys: TokenKeys

    def _url(self, at: int, target: str) -> str:
        return self.servers[at % len(self.servers)].base_url + target

    async def till(
        self, at: int, method: str, target: str, body: Json | None = None, *, till: Till | None = None
    ) -> httpx.Response:
        """A till calls, the first one unless it is named."""
        sent = b"" if body is None else json.dumps(body).encode()
        authorization = sign(
            terminal=format_terminal(self.city.programme, (till or self.city.tills[0]).terminal),
            secret=SECRET,
            method=method,
            target=target,
            body=sent,
            timestamp=int(time.time()),
            nonce=uuid7().hex,
        )
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        return await self.client.request(method, self._url(at, target), content=sent, headers=headers)

    async def volunteer(
        self, at: int, number: int, target: str, body: Json | None = None, *, key: str | None = None
    ) -> httpx.Response:
        """One of the volunteers asks for a change; without a key it is a new request."""
        volunteer = self.city.volunteers[number]
        actor = Actor(
            kind=ActorKind.VOLUNTEER,
            programme=self.city.programme,
            subject=volunteer,
            scopes=DEFAULT_SCOPES[ActorKind.VOLUNTEER],
            merchant=None,
            volunteer=volunteer,
        )
        token = issue_token(self.keys, actor, issued_at=now(), lifetime=timedelta(minutes=5), token_id=uuid7().hex)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key or uuid7().hex}
        return await self.client.post(self._url(at, target), json=body, headers=headers)

    async def show_code(self, volunteer: VolunteerId) -> str:
        """A pay code of a volunteer."""
        return await issue_code(self.committer, self.city, volunteer)

    async def redeem(
        self, at: int, trade_no: str, code: str, points: int, *, till: Till | None = None
    ) -> httpx.Response:
        """A till takes points."""
        body = {"out_trade_no": trade_no, "auth_code": code, "points": points}
        return await self.till(at, "POST", POS, body, till=till)

    async def reverse(self, at: int, trade_no: str) -> httpx.Response:
        """A till takes an order back."""
        return await self.till(at, "POST", f"{POS}/{trade_no}/reverse")

    async def refund(self, at: int, trade_no: str, refund_no: str, points: int) -> httpx.Response:
        """A till gives points back."""
        body = {"out_refund_no": refund_no, "points": points}
        return await self.till(at, "POST", f"{POS}/{trade_no}/refunds", body)

    async def confirm(self, at: int, redemption: Json, number: int = 0, *, key: str | None = None) -> httpx.Response:
        """A volunteer says yes."""
        return await self.volunteer(at, number, f"/v1/me/redemptions/{redemption['id']}/confirm", key=key)


@contextlib.asynccontextmanager
async def a_crowd(database: Database, city: City, app: str = PRODUCTION, **environment: str) -> AsyncIterator[Crowd]:
    """A crowd in front of two processes on one database, for the length of the block."""
    cabinet = KeyCabinet(database, MASTER_KEY)
    async with database.begin() as tx:
        await rotate_signing_key(tx, cabinet, city.programme, now)
    keys = await cabinet.token_keys(city.programme)
    async with a_committer(database, city.programme, now) as committer, a_client() as client:
        with server_processes(database, 2, app, **environment) as servers:
            yield Crowd(city=city, client=client, servers=servers, committer=committer, keys=keys)
