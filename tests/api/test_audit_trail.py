"""The audit trail over HTTP: who did what, from where; filtered, paged, exported, and never another programme's."""

import csv
import io
import json
from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from app.jobs.trail_checkpoints import run_trail_checkpoint
from app.security.actors import ActorKind
from app.store.audit_rows import insert_audit_row
from tests.support.calls import Json
from tests.support.service_calls import Person, person
from tests.support.sites import Site

TRAIL = "/v1/audit-trail"
FUND: Json = {"code": "yafei", "name": "亚飞基金", "sponsor": "公益基金会", "purpose": "志愿者礼遇兑换"}


def _auditor(site: Site) -> Person:
    return person(site, "auditor", ActorKind.AUDITOR)


async def _rows(site: Site, query: str = "") -> list[Json]:
    found: list[Json] = (await _auditor(site).get(f"{TRAIL}?limit=200{query}"))["rows"]
    return found


async def test_an_act_is_noted_with_who_what_and_whence(site: Site) -> None:
    """One row for one act, with the request's id, the network and the kind of device; a replay notes nothing."""
    headers = await site.headers(ActorKind.ADMIN) | {"user-agent": "Mozilla/5.0 (iPhone)", "request-id": "r-1"}
    before = len(await _rows(site))
    answers = [await site.client.post("/v1/funds", json=FUND, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    [row] = (await _rows(site))[before:]
    assert (row["action"], row["subject"]) == ("fund.open", answers[0].json()["id"])
    assert (row["request_id"], row["network"], row["device"]) == ("r-1", "127.0.0.0/24", "iphone")
    assert row["actor"].startswith("usr_")


async def _note(site: Site, actor: str, action: str, subject: str, **changes: str) -> None:
    async with site.database.begin() as tx:
        await insert_audit_row(
            tx,
            site.city.programme,
            uuid7(),
            actor=actor,
            action=action,
            subject=subject,
            changes=changes,
            at=site.clock.now,
        )


async def test_it_is_read_by_actor_action_subject_and_time(site: Site) -> None:
    """Each by itself and together, in pages that follow each other without a gap."""
    for number in range(6):
        await _note(site, f"usr_{number % 2}", f"x{number % 3}.change", f"s{number}", n=str(number))
        site.clock.move(timedelta(minutes=1))
    begin = (site.clock.now - timedelta(minutes=6)).isoformat().replace("+", "%2B")
    here = f"&since={begin}"
    assert [row["subject"] for row in await _rows(site, here)] == [f"s{number}" for number in range(6)]
    assert [row["subject"] for row in await _rows(site, f"{here}&actor=usr_1")] == ["s1", "s3", "s5"]
    assert [row["subject"] for row in await _rows(site, f"{here}&action=x2")] == ["s2", "s5"]
    assert [row["changes"] for row in await _rows(site, f"{here}&actor=usr_0&subject=s4")] == [{"n": "4"}]
    until = (site.clock.now - timedelta(minutes=5)).isoformat().replace("+", "%2B")
    assert [row["subject"] for row in await _rows(site, f"{here}&until={until}")] == ["s0"]
    seen, after = [], ""
    while True:
        page = await _auditor(site).get(f"{TRAIL}?limit=2{here}{after}")
        seen += [row["number"] for row in page["rows"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == list(range(seen[0], seen[0] + 6))


async def test_it_is_exported_and_the_export_is_in_it(site: Site) -> None:
    """NDJSON and CSV say the same; a cell that a spreadsheet would run is shown as text; the export is the last row."""
    await _note(site, "usr_1", "=cmd()", "s", 名称="一,二\n三")
    files = {}
    for form in ("ndjson", "csv"):
        headers = await site.headers(ActorKind.AUDITOR)
        answer = await site.client.get(f"{TRAIL}/export?format={form}", headers=headers)
        assert answer.status_code == 200, answer.text
        files[form] = answer.content
    rows = [json.loads(line) for line in files["ndjson"].decode().splitlines()]
    assert files["csv"].startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(files["csv"].decode("utf-8-sig"), newline="")))
    assert [int(line[0]) for line in table[1:]] == [row["number"] for row in rows] + [rows[-1]["number"] + 1]
    assert rows[-1]["action"] == table[-1][3] == "audit.export"
    noted = next(line for line in table if line[4] == "s")
    assert noted[3] == "'=cmd()"
    assert json.loads(noted[5]) == {"名称": "一,二\n三"}


async def test_signed_heads_are_there_to_be_kept(site: Site) -> None:
    """Each covers more rows than the one before."""
    for _ in range(2):
        await _note(site, "usr_1", "a", "s")
        keys = await site.services.cabinet.token_keys(site.city.programme)
        await run_trail_checkpoint(site.database, site.city.programme, keys, site.clock)
    first, second = (await _auditor(site).get(f"{TRAIL}/checkpoints"))["checkpoints"]
    assert first["size"] < second["size"]
    assert (await _auditor(site).get(f"{TRAIL}/checkpoints?limit=1"))["next"] == str(first["size"])


@pytest.mark.parametrize("query", ["?after=x", "?limit=0", "?since=yesterday", "/export?format=pdf", "/export"])
async def test_what_cannot_be_read(site: Site, query: str) -> None:
    """A cursor of another list, no rows, no moment, no such file: told, and nothing is noted."""
    before = len(await _rows(site))
    assert (await _auditor(site).get(f"{TRAIL}{query}", 400))["code"] == "PARAM_ERROR"
    assert len(await _rows(site)) == before
