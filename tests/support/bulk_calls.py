"""Requests of many rows: bodies as NDJSON, sent under a key of one's own or a fresh one."""

import json
from collections.abc import Sequence

import httpx
from uuid_utils.compat import uuid7

from tests.support.calls import Json
from tests.support.service_calls import RECORDS, Person

BATCH = f"{RECORDS}:batch"
NDJSON = {"Content-Type": "application/x-ndjson"}


def lines_of(rows: Sequence[Json]) -> bytes:
    """Rows as a body."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


async def send_lines(
    who: Person, body: bytes, *, key: str | None = None, source: str | None = "feed", **headers: str
) -> httpx.Response:
    """Send a body of rows; more headers as `Accept_Language=…`."""
    sent = await who.site.headers(who.kind, subject=who.subject, team=who.team, region=who.region)
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    sent |= NDJSON | more | {"Idempotency-Key": key or uuid7().hex}
    return await who.site.client.post(
        BATCH, content=body, headers=sent, params={"source": source} if source else None, timeout=120
    )


async def enter_rows(who: Person, rows: Sequence[Json], *, key: str | None = None, source: str | None = "feed") -> Json:
    """Send rows and expect them to be answered."""
    answer = await send_lines(who, lines_of(rows), key=key, source=source)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    assert [row["line"] for row in found["rows"]] == list(range(1, len(rows) + 1))
    return found


def codes_of(answer: Json) -> list[str]:
    """The code of each row that was refused, `created` for the others."""
    return [row.get("code", "created") for row in answer["rows"]]
