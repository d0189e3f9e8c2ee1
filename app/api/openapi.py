"""The contract: FastAPI's description, completed by what only we know (bodies read by hand, scopes, replays)."""

from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.api.access import PUBLIC, TILL, access_of
from app.api.bodies import JsonBody
from app.api.bulk_bodies import LINE_BYTES_MAX, NDJSON, ROWS_MAX, NdjsonBody
from app.api.oauth import OAUTH_ERRORS
from app.api.operations import body_taken
from app.api.parameter_texts import describe_parameter
from app.api.sandbox_faults import FAULT_HEADER, FAULT_TEXT, Fault

DESCRIPTION = """\
Liyu (礼遇): the points-and-rewards exchange of a city's volunteer programme.

Points and minutes are integers, money is integer fen (`*_fen`), times are RFC 3339 with an offset, ids are prefixed
strings. Every refusal is a problem document (RFC 9457) with a stable `code`; its `detail` is Chinese unless
`Accept-Language` prefers English. Points are priced in fen rounded down once per redemption; minutes become points
rounded down once per service record.

A caller logs in at `/v1/auth/tokens` or, in the mini-program, at `/v1/auth/wechat`, sends `Authorization: Bearer …`,
and trades the refresh token, good once, for new tokens at `/v1/auth/tokens/refresh` before `expires_at`; a till signs
each request instead. A POST takes an `Idempotency-Key` of the caller's own (a till's number stands for it):
when the outcome is unknown, send the same key and body again, and the kept answer comes back, marked
`Idempotency-Replayed`. Lists come in pages of `limit`; `next` in the body, and `Link`, lead on until `next` is null.
What is edited has an `ETag`: send it back as `If-Match`. 429 and 503 say in `Retry-After` how many seconds to wait.
"""

_REF = "#/components/schemas/{model}"
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "till": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": 'LIYU-HMAC-SHA256 terminal="ter_…",timestamp="…",nonce="…",signature="<base64>"; the '
        "timestamp within 300 s of the `Date` that every answer carries",
    },
}
_REPLAYED = {
    "description": "`true` when this is the kept answer of an earlier call with the same key and body",
    "schema": {"type": "string", "enum": ["true"]},
}
_FAULT = {
    "name": FAULT_HEADER,
    "in": "header",
    "required": False,
    "description": FAULT_TEXT,
    "schema": {"type": "string", "enum": [fault.value for fault in Fault]},
}
_REQUEST_ID = {"description": "Name this when you ask for help", "schema": {"type": "string"}}
_TAGS = [
    {"name": "Tills", "description": "Merchant tills (收银终端)"},
    {"name": "Volunteers' own", "description": "What a volunteer sees in the mini-program (志愿者小程序)"},
    {"name": "Access", "description": "Logging in and keys (登录与密钥)"},
    {"name": "Programme", "description": "The programme, its regions and its rules (项目、区划与规则)"},
    {"name": "People", "description": "Teams, volunteers and users (队伍、志愿者与用户)"},
    {"name": "Personal data", "description": "The vault, consents, export and erasure (个人信息)"},
    {"name": "Service", "description": "Service records (志愿服务记录)"},
    {"name": "Benefits", "description": "Benefit programmes and eligibility (礼遇)"},
    {"name": "Rounds", "description": "Batches and events of benefits, places, tickets, grants (批次、场次、入场券)"},
    {"name": "Merchants", "description": "Merchants, stores and terminals (商家、门店与终端)"},
    {"name": "Funds", "description": "Money that settles redemptions (基金)"},
    {"name": "Pool", "description": "Donated points, and grants from them (积分池)"},
    {"name": "Ledger", "description": "Accounts, transactions, proofs and events (账本)"},
    {"name": "Health", "description": "For operators (运维)"},
]


def _read_bodies(dependant: Dependant) -> list[JsonBody[Any]]:
    own = [dependant.call] if isinstance(dependant.call, JsonBody) else []
    return own + [body for inner in dependant.dependencies for body in _read_bodies(inner)]


def _read_rows(dependant: Dependant) -> list[NdjsonBody[Any]]:
    own = [dependant.call] if isinstance(dependant.call, NdjsonBody) else []
    return own + [rows for inner in dependant.dependencies for rows in _read_rows(inner)]


def _row_of(route: APIRoute) -> type[BaseModel] | None:
    return next((rows.model for rows in _read_rows(route.dependant)), None)


def _rows_content(row: type[BaseModel]) -> dict[str, Any]:
    """A body of rows: text, and what the text holds as `contentSchema` says it (`itemSchema` in OpenAPI 3.2)."""
    schema = {
        "type": "string",
        "contentMediaType": NDJSON,
        "contentSchema": {"type": "array", "items": {"$ref": _REF.format(model=row.__name__)}, "maxItems": ROWS_MAX},
        "description": f"One `{row.__name__}` as JSON a line, at most {ROWS_MAX} lines of {LINE_BYTES_MAX} bytes each",
    }
    return {NDJSON: {"schema": schema}}


def _body_of(route: APIRoute) -> type[BaseModel] | None:
    return body_taken(route.endpoint) or next((body.model for body in _read_bodies(route.dependant)), None)


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    for parameter in operation.get("parameters", []):
        describe_parameter(parameter)
    body = _body_of(route)
    if body:
        schema = {"$ref": _REF.format(model=body.__name__)}
        required = not any(read.optional for read in _read_bodies(route.dependant))
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    row = _row_of(route)
    if row:
        operation["requestBody"] = {"required": True, "content": _rows_content(row)}
    keyed = any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", []))
    replayed = keyed or body_taken(route.endpoint) is not None
    access = access_of(route)
    operation.pop("x-access", None)
    if access == PUBLIC:
        operation["security"] = []
    else:
        operation["security"] = [{"till": []}] if access == TILL else [{"bearer": []}]
        operation["x-scope"] = access
    if access == TILL:
        parameter = {"$ref": "#/components/parameters/SandboxFault"}
        operation["parameters"] = [*operation.get("parameters", []), parameter]
    if "x-codes" not in operation["responses"].get("422", {}):  # FastAPI's own, which nothing here answers
        operation["responses"].pop("422", None)
    for status, response in operation["responses"].items():
        response.setdefault("headers", {})["Request-Id"] = _REQUEST_ID
        if replayed and status in {"200", "201", "202", "409"}:
            response["headers"]["Idempotency-Replayed"] = _REPLAYED
        if int(status) >= 400 and not response.pop(OAUTH_ERRORS, False):  # noqa: PLR2004 - one form, save for OAuth's
            response["content"].pop("application/json", None)


def build_contract(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an application."""
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    contract = get_openapi(
        title="Liyu",
        version=app.version,
        openapi_version="3.1.0",
        summary="Points and rewards of a city's volunteer programme",
        description=DESCRIPTION,
        routes=app.routes,
        tags=_TAGS,
        servers=[{"url": "/", "description": "This server"}],
    )
    schemas = contract["components"]["schemas"]
    bodies = {body for route in routes for body in (_body_of(route), _row_of(route)) if body}
    _, extra = models_json_schema(
        [(body, "validation") for body in sorted(bodies, key=lambda body: body.__name__)], ref_template=_REF
    )
    schemas.update(extra.get("$defs", {}))
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    contract["components"]["securitySchemes"] = _SCHEMES
    contract["components"]["parameters"] = {"SandboxFault": _FAULT}
    for route in routes:
        for method in route.methods or ():
            _complete(contract["paths"][route.path_format][method.lower()], route)
    contract["components"]["schemas"] = dict(sorted(schemas.items()))
    used = {tag for path in contract["paths"].values() for operation in path.values() for tag in operation["tags"]}
    contract["tags"] = [tag for tag in _TAGS if tag["name"] in used]
    return contract


def render_contract(contract: dict[str, Any]) -> str:
    """The contract as it is committed and served."""
    written: str = yaml.safe_dump(contract, allow_unicode=True, sort_keys=False, width=110)
    return written
