"""Files of applications over HTTP: uploaded, read by whoever may and noted, gone with the key or with their term."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import Request
from sqlalchemy import text
from starlette.types import Message
from uuid_utils.compat import uuid7

from app.api import application_files
from app.api.application_files import UPLOADS_MAX, FileBody
from app.api.problems import Problem
from app.core.applications.files import FILE_BYTES_MAX
from app.core.codes import Code
from app.jobs.application_files import run_file_deletions
from app.store.database import Database
from tests.support.applications import ALL, MINE, Hamlet, a_hamlet, begin, decide, submit
from tests.support.calls import Json
from tests.support.ledgers import fetch_rows, fetch_table
from tests.support.service_calls import Person, an_admin
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

PDF = b"%PDF-1.7\n" + "诊断证明：胃部".encode() + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe1\x00\x18Exif\x00\x00" + bytes(64)
WHY = {"reason": "核对病情证明"}


async def _send(who: Person, method: str, target: str, key: str | None = None, **sent: object) -> httpx.Response:
    headers = await who.site.headers(
        who.kind, subject=who.subject, team=who.team, region=who.region, volunteer=who.volunteer
    )
    headers.update({"Idempotency-Key": key} if key else {})
    given = sent.pop("headers", {})
    assert isinstance(given, dict)
    return await who.site.client.request(method, target, headers={**headers, **given}, **sent)  # type: ignore[arg-type]  # as httpx takes them


async def upload(
    who: Person,
    application: Json,
    content: bytes = PDF,
    *,
    said: str = "application/pdf",
    piece: str = "illness",
    base: str = MINE,
    status: int = 200,
) -> Json:
    """Upload a file, and expect a status."""
    target = f"{base}/{application['id']}/material/{piece}"
    answer = await _send(who, "PUT", target, content=content, headers={"Content-Type": said})
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def read(who: Person, application: Json, status: int = 200, **more: object) -> httpx.Response:
    """Read a file as a reviewer."""
    target = f"{ALL}/{application['id']}/material/illness/read"
    answer = await _send(who, "POST", target, json={**WHY, **more})
    assert answer.status_code == status, answer.text
    return answer


async def _submitted(hamlet: Hamlet) -> Json:
    draft = await begin(hamlet)
    await upload(hamlet.applicant, draft)
    return await hamlet.applicant.post(f"{MINE}/{draft['id']}/submit")


async def test_a_file_is_sealed_and_comes_back_as_it_was(site: Site) -> None:
    """For its owner, as an attachment that no browser interprets; nothing of it stands in the database in clear."""
    hamlet = await a_hamlet(site)
    draft = await begin(hamlet)
    told = await upload(hamlet.applicant, draft)
    [file] = told["files"]
    assert (file["code"], file["media_type"], file["size"]) == ("illness", "application/pdf", len(PDF))
    assert (await hamlet.applicant.get(f"{MINE}/{draft['id']}"))["missing_material"] == []
    answer = await _send(hamlet.applicant, "GET", f"{MINE}/{draft['id']}/material/illness")
    assert (answer.content, answer.headers["Content-Type"]) == (PDF, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{draft["id"]}-illness.pdf"'
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-store")
    [(sealed,)] = await fetch_rows(site.database, "SELECT sealed FROM application_files")
    assert PDF[9:40] not in bytes(sealed)


async def test_another_takes_its_place(site: Site) -> None:
    """One file for one paper: the newer one; the application has as many papers as were asked for."""
    hamlet = await a_hamlet(site)
    draft = await begin(hamlet)
    await upload(hamlet.applicant, draft)
    [file] = (await upload(hamlet.applicant, draft, JPEG, said="image/jpeg"))["files"]
    assert file["media_type"] == "image/jpeg"
    answer = await _send(hamlet.applicant, "GET", f"{MINE}/{draft['id']}/material/illness")
    assert answer.content == JPEG


REFUSED = {
    "a program that says it is a PDF": (b"MZ\x90\x00", "application/pdf", "illness", 415, "FILE_TYPE_REFUSED"),
    "a PDF that says it is a photo": (PDF, "image/png", "illness", 415, "FILE_TYPE_REFUSED"),
    "a page": (b"<html>", "text/html", "illness", 415, "FILE_TYPE_REFUSED"),
    "nothing": (b"", "application/pdf", "illness", 415, "FILE_TYPE_REFUSED"),
    "too large": (PDF + bytes(FILE_BYTES_MAX), "application/pdf", "illness", 413, "BODY_TOO_LARGE"),
    "a paper that data sharing gives": (PDF, "application/pdf", "income", 400, "PARAM_ERROR"),
}


@pytest.mark.parametrize("content, said, piece, status, code", REFUSED.values(), ids=REFUSED)
async def test_what_is_not_taken(site: Site, content: bytes, said: str, piece: str, status: int, code: str) -> None:
    """By how it begins, whatever it is called; and nothing is kept of it."""
    hamlet = await a_hamlet(site)
    draft = await begin(hamlet)
    refused = await upload(hamlet.applicant, draft, content, said=said, piece=piece, status=status)
    assert refused["code"] == code
    assert await fetch_table(site.database, "application_files") == []


async def test_as_many_files_as_an_application_can_have(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next is refused; one that takes another's place is not."""
    monkeypatch.setattr("app.core.applications.files.FILES_MAX", 1)
    hamlet = await a_hamlet(site)
    draft = await begin(hamlet)
    await upload(hamlet.applicant, draft)
    async with site.database.begin() as tx:
        await tx.execute(text("UPDATE application_files SET code = 'earlier'"))
    refused = await upload(hamlet.applicant, draft, status=409)
    assert (refused["code"], refused["figures"]) == ("TOO_MANY_FILES", {"files_max": 1})


async def test_files_are_taken_before_submission_and_when_asked_for(site: Site) -> None:
    """Then what was uploaded is enough to supply; what was there before is not. Afterwards the state is named."""
    hamlet = await a_hamlet(site)
    application = await submit(hamlet)
    refused = await upload(hamlet.applicant, application, status=409)
    assert (refused["code"], refused["figures"]) == ("STATE_CONFLICT", {"state": "submitted"})
    await decide(hamlet.village, application, "request-material", reason="缺病情证明")
    supply = f"{MINE}/{application['id']}/supply"
    assert (await hamlet.applicant.post(supply, {"material": []}, 400))["code"] == "PARAM_ERROR"
    await upload(hamlet.applicant, application)
    assert (await hamlet.applicant.post(supply, {"material": []}))["state"] == "submitted"


async def test_strangers_find_nothing(site: Site) -> None:
    """Not another volunteer, not an official who did not enter it; a draft's files are its volunteer's alone."""
    hamlet = await a_hamlet(site)
    draft = await begin(hamlet)
    await upload(hamlet.applicant, draft)
    await upload(hamlet.neighbour, draft, status=404)
    assert (await _send(hamlet.neighbour, "GET", f"{MINE}/{draft['id']}/material/illness")).status_code == 404
    await upload(hamlet.village, draft, base=ALL, status=404)
    for reader in (hamlet.village, hamlet.elsewhere, hamlet.city):
        await read(reader, draft, 404)
    assert (await _send(hamlet.applicant, "GET", f"{MINE}/{draft['id']}/material/other")).status_code == 404


async def test_whoever_enters_an_application_uploads_on_behalf(site: Site) -> None:
    """And reads it as a reviewer never: it is their own affair."""
    hamlet = await a_hamlet(site)
    body = {"benefit": "hardship", "volunteer_id": f"vol_{hamlet.applicant.subject.hex}"}
    draft = await hamlet.village.post(ALL, body, 201)
    await upload(hamlet.village, draft, base=ALL)
    await hamlet.village.post(f"{ALL}/{draft['id']}/submit")
    assert (await read(hamlet.village, draft, 409)).json()["code"] == "SELF_REVIEW"
    answer = await _send(hamlet.applicant, "GET", f"{MINE}/{draft['id']}/material/illness")
    assert answer.content == PDF


async def test_a_reviewer_of_the_level_reads_it_and_is_noted(site: Site) -> None:
    """The volunteer is told who and when; the trail has it; a repetition of the call gives nothing."""
    hamlet = await a_hamlet(site)
    application = await _submitted(hamlet)
    await read(hamlet.elsewhere, application, 404)
    assert (await read(hamlet.village, application)).content == PDF
    await decide(hamlet.village, application, "take-in")
    await decide(hamlet.village, application, "endorse")
    refused = (await read(hamlet.village, application, 409)).json()
    assert (refused["code"], refused["figures"]) == ("REVIEW_LEVEL", {"needed": "town"})
    target, key = f"{ALL}/{application['id']}/material/illness/read", uuid7().hex
    assert (await _send(hamlet.town, "POST", target, key, json=WHY)).content == PDF
    again = await _send(hamlet.town, "POST", target, key, json=WHY)
    assert (again.status_code, again.json()["code"]) == (409, "STATE_CONFLICT")
    seen = (await hamlet.applicant.get("/v1/me/data-reads"))["reads"]
    assert [(row["kind"], row["fields"], row["reason"]) for row in seen] == [
        ("material", ["material"], WHY["reason"]),
        ("material", ["material"], WHY["reason"]),
    ]
    trail = (await an_admin(site).get("/v1/audit-trail?action=application.read-material"))["rows"]
    assert [row["changes"]["reason"] for row in trail] == [WHY["reason"]] * 2
    await assert_all_sound(site.database, site.city)


async def test_a_minors_file_needs_an_approval_for_each_access(site: Site) -> None:
    """Somebody whose age nobody knows is treated as one; an approval for other fields does not do."""
    hamlet = await a_hamlet(site, born_on=date(2010, 5, 1))
    application = await _submitted(hamlet)
    assert (await read(hamlet.city, application, 403)).json()["code"] == "APPROVAL_REQUIRED"
    approved = {}
    for field in ("name", "material"):
        body = {"volunteer_id": f"vol_{hamlet.applicant.subject.hex}", "fields": [field], **WHY}
        asked = await hamlet.city.post("/v1/data-approvals", body, 201)
        await hamlet.second.post(f"/v1/data-approvals/{asked['id']}/approve")
        approved[field] = asked["id"]
    await read(hamlet.city, application, 403, approval_id=approved["name"])
    assert (await read(hamlet.city, application, approval_id=approved["material"])).content == PDF
    await read(hamlet.city, application, 403, approval_id=approved["material"])


async def test_an_erasure_takes_files_along(site: Site) -> None:
    """The row is gone, and whoever asks for it is told so."""
    hamlet = await a_hamlet(site)
    application = await _submitted(hamlet)
    asked = await hamlet.applicant.post("/v1/me/erasures", {"reason": "本人申请注销"}, 201)
    await an_admin(site).post(f"/v1/erasures/{asked['id']}/approve")
    assert await fetch_table(site.database, "application_files") == []
    await read(hamlet.village, application, 404)
    assert (await hamlet.city.get(f"{ALL}/{application['id']}"))["files"] == []


async def test_files_go_when_their_term_is_over(site: Site) -> None:
    """Ninety days after a case that gave nothing, never while one is open; with an audit row, and once."""
    hamlet = await a_hamlet(site)
    ended = await _submitted(hamlet)
    site.clock.move(timedelta(days=1))
    await hamlet.applicant.post(f"{MINE}/{ended['id']}/withdraw")
    open_one = await _submitted(hamlet)
    programme = site.city.programme
    site.clock.move(timedelta(days=89, hours=23))
    assert await run_file_deletions(site.database, programme, site.clock) == 0
    site.clock.move(timedelta(hours=1))
    assert await run_file_deletions(site.database, programme, site.clock) == 1
    assert await run_file_deletions(site.database, programme, site.clock) == 0
    site.clock.move(timedelta(days=4_000))
    assert await run_file_deletions(site.database, programme, site.clock) == 0
    left = await fetch_rows(site.database, "SELECT application_id FROM application_files")
    assert [f"app_{row[0].hex}" for row in left] == [open_one["id"]]
    query = "SELECT changes::text FROM audit_rows WHERE action = 'application.delete-files'"
    assert await fetch_rows(site.database, query) == [('{"files": ["illness"]}',)]


async def test_the_export_lists_files(site: Site, database: Database, tmp_path: Path) -> None:
    """Each with its hash; the bytes are read where the application is."""
    hamlet = await a_hamlet(site)
    await _submitted(hamlet)
    exported = await hamlet.applicant.get("/v1/me/export")
    [application] = exported["parts"]["applications"]
    assert [file["code"] for file in application["files"]] == ["illness"]


async def _never() -> Message:
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}


async def test_who_brings_a_file_too_slowly_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight at once are held and the ninth comes back; one that never arrives is given up, and its place is free."""
    monkeypatch.setattr(application_files, "UPLOAD_S", 0.2)
    body = FileBody()
    request = Request({"type": "http", "method": "PUT", "headers": []}, _never)
    waiting = [asyncio.ensure_future(anext(body(request))) for _ in range(UPLOADS_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(Problem) as busy:
        await anext(body(request))
    assert busy.value.code is Code.SYSTEM_BUSY
    given_up = await asyncio.gather(*waiting, return_exceptions=True)
    assert [problem.code for problem in given_up if isinstance(problem, Problem)] == [Code.SYSTEM_BUSY] * UPLOADS_MAX
    assert body._held == 0
