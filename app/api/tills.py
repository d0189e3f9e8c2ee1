"""Who stands behind a signed call: a terminal of a store of a merchant of a programme."""

from dataclasses import dataclass

import structlog
from fastapi import Request

from app.actions.terminals import KnownTill
from app.api.problems import Problem
from app.api.services import Services
from app.core.codes import Code
from app.core.ids import ProgrammeId, parse_terminal
from app.security.till_signatures import (
    SignatureRefusal,
    TillAuthorization,
    parse_authorization,
    verify,
)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CallingTill:
    """A till whose signature was good."""

    programme: ProgrammeId
    till: KnownTill


def _refuse(reason: str, terminal: str) -> Problem:
    _log.info("till refused", reason=reason, terminal=terminal)
    return Problem(Code.SIGN_ERROR)


def target_of(request: Request) -> str:
    """The path and query as they were sent, undecoded: what the till has signed."""
    scope = request.scope
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


async def identify_till(request: Request, body: bytes, services: Services) -> CallingTill:
    """Check a till's signature (POS.md, "Who is calling"). Which check failed is only in our log."""
    authorization = parse_authorization(request.headers.get("authorization", ""))
    if not isinstance(authorization, TillAuthorization):
        raise _refuse(authorization.value, "")
    named = parse_terminal(authorization.terminal)
    if named is None:
        raise _refuse("not a terminal", authorization.terminal)
    programme, terminal = named
    till = await services.tills.find(programme, terminal)
    refusal = _check(request, body, authorization, till, services)
    if refusal is SignatureRefusal.WRONG:
        till = await services.tills.find(programme, terminal, fresh=True)
        refusal = _check(request, body, authorization, till, services)
    if till is None or till.disabled or refusal:
        reason = refusal.value if refusal else "unknown or disabled"
        raise _refuse(reason, authorization.terminal)
    services.tills.note_seen(programme, terminal, services.clock())
    services.limits.check_till(authorization.terminal)
    return CallingTill(programme, till)


def _check(
    request: Request,
    body: bytes,
    authorization: TillAuthorization,
    till: KnownTill | None,
    services: Services,
) -> SignatureRefusal | None:
    if till is None:
        return None
    now = services.clock()
    secrets = till.secrets_at(now)
    return verify(authorization, request.method, target_of(request), body, secrets, int(now.timestamp()))
