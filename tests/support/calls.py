"""Calling the control plane as one of its actors: a JSON body in, a JSON answer of the expected status out."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.identifiers import credit_check_character
from app.core.ids import MerchantId, TerminalId
from app.security.actors import ActorKind, StaffRole
from tests.support.city_rows import REGION, Till
from tests.support.sites import Site

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody with a token, on a site."""

    site: Site
    kind: ActorKind
    subject: UUID
    merchant: MerchantId | None = None
    role: StaffRole | None = None

    async def headers(self) -> dict[str, str]:
        """A token and a fresh idempotency key."""
        return await self.site.headers(self.kind, subject=self.subject, merchant=self.merchant, role=self.role)

    async def send(self, method: str, target: str, body: Json | None = None, status: int = 200, **headers: str) -> Json:
        """Send a request, with more headers (`If_Match=…`), and expect its status."""
        sent = await self.headers() | {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.site.client.request(method, target, json=body, headers=sent)
        assert answer.status_code == status, answer.text
        answered: Json = answer.json()
        return answered

    async def get(self, target: str, status: int = 200) -> Json:
        """Read something."""
        return await self.send("GET", target, None, status)

    async def post(self, target: str, body: Json | None = None, status: int = 200) -> Json:
        """Change something."""
        return await self.send("POST", target, body, status)


def an_admin(site: Site) -> Caller:
    """A new administrator."""
    return Caller(site=site, kind=ActorKind.ADMIN, subject=uuid7())


def staff_of(site: Site, merchant: MerchantId, role: StaffRole, subject: UUID | None = None) -> Caller:
    """A member of a merchant's staff; without a subject one that no table knows."""
    return Caller(site=site, kind=ActorKind.MERCHANT_STAFF, subject=subject or uuid7(), merchant=merchant, role=role)


def a_credit_code(number: int) -> str:
    """A sound credit code; another for each number."""
    body = f"91330282MA2A{number:05d}"
    return body + credit_check_character(body)


def a_merchant(number: int, **more: Any) -> Json:  # noqa: ANN401 - JSON
    """The body that registers, or applies for, one merchant for each number."""
    return {"name": f"商家 {number}", "credit_code": a_credit_code(number), "region_code": REGION, **more}


async def a_till(admin: Caller, merchant: str) -> tuple[Till, bytes]:
    """A till in a new store of a merchant, and its secret."""
    store = await admin.post(f"/v1/merchants/{merchant}/stores", {"name": "一店", "region_code": REGION}, 201)
    till = await admin.post(f"/v1/stores/{store['id']}/terminals", {"label": "一号"}, 201)
    named = replace(admin.site.city.tills[0], terminal=TerminalId(UUID(hex=till["id"][-32:])))
    return named, till["secret"].encode()


async def in_line(
    site: Site, merchant: MerchantId, *requests: Coroutine[None, None, httpx.Response]
) -> list[httpx.Response]:
    """Send requests at once that must stand in line at their merchant: all wait while its row is held by another."""
    lock = text("SELECT id FROM merchants WHERE id = :id FOR NO KEY UPDATE")
    async with site.database.begin() as tx:
        await tx.execute(lock, {"id": merchant})
        sent = [asyncio.ensure_future(request) for request in requests]
        done, _ = await asyncio.wait(sent, timeout=0.3)
        assert not done
    return list(await asyncio.gather(*sent))
