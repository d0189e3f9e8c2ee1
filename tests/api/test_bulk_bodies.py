"""Bodies of many rows: what is wrong with a line is that line's answer, what is wrong with the body the request's."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.api import bulk_bodies
from app.api.bulk_bodies import BODY_BYTES_MAX, LINE_BYTES_MAX, ROWS_MAX
from app.security.actors import ActorKind
from tests.support.bulk_calls import BATCH, NDJSON, codes_of, lines_of, send_lines
from tests.support.ledgers import fetch_rows
from tests.support.service_calls import a_record, person
from tests.support.sites import Site

WRONG_LINES = {
    "empty": (b"", "an empty line"),
    "spaces": (b"  \t ", "an empty line"),
    "not json": (b"volunteer_id=1", None),
    "cut off": (b'{"volunteer_id": "vol_', None),
    "broken utf-8": (b'{"activity": "\xff\xfe"}', None),
    "lone surrogate": (b'{"activity": "\\ud800"}', None),
    "a list": (b"[]", None),
    "null": (b"null", None),
    "two objects": (b"{} {}", None),
    "deep": (b"[" * 5_000, None),
    "byte order mark": (b"\xef\xbb\xbf{}", None),
}


@pytest.mark.parametrize("line, detail", WRONG_LINES.values(), ids=WRONG_LINES.keys())
async def test_a_line_that_cannot_be_read_is_refused_alone(site: Site, line: bytes, detail: str | None) -> None:
    """400 PARAM_ERROR for the line, with what was expected; the lines around it are entered."""
    good = [lines_of([a_record(site, number=number)]) for number in (0, 1)]
    answer = await send_lines(person(site, "organiser"), good[0] + line + b"\n" + good[1])
    assert answer.status_code == 200, answer.text
    read = answer.json()
    assert codes_of(read) == ["created", "PARAM_ERROR", "created"]
    assert read["rows"][1]["status"] == 400
    assert read["rows"][1]["errors"]
    assert detail is None or read["rows"][1]["errors"] == [{"pointer": "", "detail": detail}]


@pytest.mark.parametrize("more", [0, 1, LINE_BYTES_MAX], ids=["just fits", "one byte", "twice"])
async def test_a_line_that_is_too_long_is_refused_alone(site: Site, more: int) -> None:
    """413 BODY_TOO_LARGE for a line beyond its limit, wherever the stream is cut; the next line is entered."""
    body = json.dumps(a_record(site)).encode()
    body += b" " * (LINE_BYTES_MAX - len(body) + more) + b"\n" + lines_of([a_record(site, number=1)])
    answer = await send_lines(person(site, "organiser"), body)
    assert codes_of(answer.json()) == ["BODY_TOO_LARGE" if more else "created", "created"]


async def test_lines_are_what_they_are_wherever_the_stream_is_cut(site: Site) -> None:
    """Byte by byte, or with the last line break missing, under one key: the same request."""
    organiser = person(site, "organiser")
    body = lines_of([a_record(site), a_record(site, number=1)]) + b"x" * (LINE_BYTES_MAX + 7) + b"\n"

    async def pieces(size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    first = await send_lines(organiser, body, key="k-1")
    assert codes_of(first.json()) == ["created", "created", "BODY_TOO_LARGE"]
    headers = await site.headers(organiser.kind, subject=organiser.subject) | NDJSON | {"Idempotency-Key": "k-1"}
    for size in (1, 997):
        again = await site.client.post(BATCH, content=pieces(size), headers=headers, params={"source": "feed"})
        assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert (await send_lines(organiser, body.removesuffix(b"\n"), key="k-1")).content == first.content
    other = await send_lines(organiser, body.removesuffix(b"x\n") + b"y\n", key="k-1")
    assert other.json()["code"] == "IDEMPOTENCY_KEY_USED"


@pytest.mark.parametrize(
    "body, status, code",
    [
        (b"", 400, "PARAM_ERROR"),
        (b"\n" * (ROWS_MAX + 1), 413, "BODY_TOO_LARGE"),
        (b" " * (BODY_BYTES_MAX + 1), 413, "BODY_TOO_LARGE"),
    ],
    ids=["no row", "a row too many", "too large"],
)
async def test_a_body_that_is_wrong_as_a_whole_is_refused(site: Site, body: bytes, status: int, code: str) -> None:
    """Before anything of it is entered or kept; its key is free."""
    organiser = person(site, "organiser")
    refused = await send_lines(organiser, body, key="k-1")
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert await fetch_rows(site.database, "SELECT id FROM bulk_requests") == []
    assert (await send_lines(organiser, lines_of([a_record(site)]), key="k-1")).status_code == 200


async def test_a_large_body_is_taken_here_and_nowhere_else(site: Site) -> None:
    """10,000 empty lines are answered one by one; a body of 65 KiB is too large for any other route."""
    organiser = person(site, "organiser")
    answer = await send_lines(organiser, b" \n" * ROWS_MAX)
    assert answer.json()["refused"] == ROWS_MAX
    headers = await site.headers(organiser.kind, subject=organiser.subject)
    for target in ("/v1/service-records", "/v1/service-records:verify"):
        large = await site.client.post(
            target, content=b" " * 66_560, headers=headers | {"Content-Type": "application/json"}
        )
        assert (large.status_code, large.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "application/x-ndjson; charset=gbk", ""])
async def test_only_newline_delimited_json_is_taken(site: Site, media_type: str) -> None:
    """415 for anything that does not say it is NDJSON in UTF-8."""
    headers = await site.headers(ActorKind.ADMIN) | {"Content-Type": media_type}
    refused = await site.client.post(BATCH, content=b"{}\n", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_process_holds_few_bodies_at_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 SYSTEM_BUSY with Retry-After for one body too many; when another is answered there is room again."""
    monkeypatch.setattr(bulk_bodies, "BODIES_MAX", 1)
    organiser = person(site, "organiser")
    row = lines_of([a_record(site)])
    arriving = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield row
        await arriving.wait()

    headers = await site.headers(organiser.kind, subject=organiser.subject) | NDJSON
    slow = asyncio.create_task(site.client.post(BATCH, content=slowly(), headers=headers))
    await asyncio.sleep(0.2)
    busy = await send_lines(organiser, row)
    assert (busy.status_code, busy.json()["code"], busy.headers["Retry-After"]) == (503, "SYSTEM_BUSY", "1")
    arriving.set()
    assert (await slow).status_code == 200
    later = a_record(site, ended_ago=timedelta(days=2))
    assert codes_of((await send_lines(organiser, lines_of([later]))).json()) == ["created"]
