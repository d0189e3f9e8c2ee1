"""Many records with one request: each row answered like a single record, once for each number, in order."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.api import bulk_records
from app.core.ids import format_id
from app.jobs.marks import run_marks
from tests.support.bulk_calls import codes_of, enter_rows, lines_of, send_lines
from tests.support.calls import Json
from tests.support.ledgers import fetch_rows
from tests.support.service_calls import RECORDS, Person, a_record, a_tree, an_admin, attested, person, stays
from tests.support.sites import Site

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
WRITTEN = ("service_records", "record_marks", "paces")


def rows_of(site: Site, count: int, **changed: Any) -> list[Json]:  # noqa: ANN401 - JSON
    """Rows that do not touch each other, of the city's volunteers in turn."""
    return [
        a_record(site, minutes=30, ended_ago=timedelta(days=1 + number // 60, hours=number % 20), number=number % 3)
        | changed
        for number in range(count)
    ]


async def test_each_row_is_entered_like_a_single_record(site: Site) -> None:
    """201 with an id each; what is stored of a row is what a single request stores of the same body."""
    organiser = person(site, "organiser")
    told = rows_of(
        site, 3, place="浒山", content="引导", category="文明实践", place_region_code="330282001", role="organiser"
    )
    answer = await enter_rows(organiser, [*told, attested(rows_of(site, 4)[3], 25)])
    assert (answer["added"], answer["repeated"], answer["refused"]) == (4, 0, 0)
    assert [row["status"] for row in answer["rows"]] == [201] * 4
    for body, row in zip(told, answer["rows"], strict=False):
        read = await organiser.get(f"{RECORDS}/{row['id']}")
        same = await organiser.enter(
            {
                **body,
                "started_at": moved(body["started_at"]),
                "ended_at": moved(body["ended_at"]),
                "check_ins": [{name: moved(at) for name, at in stay.items()} for stay in body["check_ins"]],
            }
        )
        differing = {name for name in read if read[name] != same[name]}
        assert differing <= {"id", "started_at", "ended_at", "check_ins", "due_at", "late", "created_at"}
        assert (read["due_at"], read["late"], read["state"]) == (read["due_at"], False, "entered")


def moved(moment: str) -> str:
    """The same time, three days before."""
    return (datetime.fromisoformat(moment) - timedelta(days=3)).isoformat()


async def test_a_row_that_is_refused_stops_no_other(site: Site) -> None:
    """Each kind of refusal that a single record meets, with its code and status, between rows that are entered."""
    organiser, nobody = person(site, "organiser"), format_id("vol", uuid7())
    good = rows_of(site, 4)
    await _born(site, "2012-03-01", number=2)
    wrong: list[tuple[Json, int, str]] = [
        ({**good[1], "volunteer_id": nobody}, 404, "NOT_FOUND"),
        ({**good[1], "team_id": format_id("tea", uuid7())}, 404, "NOT_FOUND"),
        (good[2], 422, "GUARDIAN_REQUIRED"),
        ({**good[2], "hazardous": True, "guardian": "present"}, 422, "NOT_FOR_MINORS"),
        (good[0], 409, "OVERLAP"),
        ({**good[1], "minutes": 31}, 400, "PARAM_ERROR"),
        ({**good[1], "evidence": "imported"}, 400, "PARAM_ERROR"),
        ({**good[1], "started_at": "2026-02-28"}, 400, "PARAM_ERROR"),
        ({**good[1], "ended_at": "2027-01-01T00:00:00Z"}, 400, "PARAM_ERROR"),
        ({**good[1], "name": "王五"}, 400, "PARAM_ERROR"),
    ]
    answer = await enter_rows(organiser, [good[0], *(row for row, _, _ in wrong), good[3]])
    assert codes_of(answer) == ["created", *(code for _, _, code in wrong), "created"]
    assert [row["status"] for row in answer["rows"]] == [201, *(status for _, status, _ in wrong), 201]
    assert answer["rows"][5]["figures"] == {"record": answer["rows"][0]["id"][4:]}
    assert [error["pointer"] for error in answer["rows"][9]["errors"]] == ["/ended_at"]
    assert answer["rows"][10]["errors"] == [{"pointer": "", "detail": "a field that is not known here"}]
    assert answer["rows"][1]["detail"] == "未找到"
    [(kept,)] = await fetch_rows(site.database, "SELECT CAST(answers AS text) FROM bulk_answers")
    assert "王五" not in kept
    assert '"name"' not in kept


async def _born(site: Site, day: str, number: int = 0) -> None:
    async with site.database.begin() as tx:
        statement = text("UPDATE volunteers SET born_on = CAST(CAST(:day AS text) AS date) WHERE id = :id")
        await tx.execute(statement, {"day": day, "id": site.city.volunteers[number]})


async def test_the_same_key_gets_the_same_answer(site: Site) -> None:
    """Case 6: the same body again, in other words, gets the bytes of the first answer; another body a conflict."""
    organiser = person(site, "organiser")
    rows = [*rows_of(site, 5), rows_of(site, 1)[0]]
    first = await send_lines(organiser, lines_of(rows), key="feed-1")
    site.clock.move(timedelta(days=365))
    turned = [dict(reversed(row.items())) for row in rows]
    again = await send_lines(organiser, lines_of(turned).replace(b"\n", b"\r\n"), key="feed-1")
    assert (first.status_code, "Idempotency-Replayed" in first.headers) == (200, False)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    for changed in (rows[:-1], [*rows[:-1], {**rows[-1], "activity": "别的"}]):
        other = await send_lines(organiser, lines_of(changed), key="feed-1")
        assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_USED")
    other = await send_lines(organiser, lines_of(rows), key="feed-1", source="elsewhere")
    assert other.json()["code"] == "IDEMPOTENCY_KEY_USED"
    english = await send_lines(organiser, lines_of(rows), key="feed-1", Accept_Language="en")
    assert english.json()["rows"][5]["detail"].isascii()


async def test_a_key_has_one_answer_over_all_operations(site: Site) -> None:
    """Case 6: a key of a single record is none for many, nor the other way round."""
    organiser = person(site, "organiser")
    rows = rows_of(site, 2)
    headers = await site.headers(organiser.kind, subject=organiser.subject) | {"Idempotency-Key": "k-1"}
    assert (await site.client.post(RECORDS, json=rows[0], headers=headers)).status_code == 201
    assert (await send_lines(organiser, lines_of(rows), key="k-1")).json()["code"] == "IDEMPOTENCY_KEY_USED"
    await enter_rows(organiser, rows[1:], key="k-2")
    headers |= {"Idempotency-Key": "k-2"}
    assert (await site.client.post(RECORDS, json=rows[1], headers=headers)).json()["code"] == "IDEMPOTENCY_KEY_USED"


async def test_a_number_is_one_record(site: Site) -> None:
    """Case 6: twice in one request, and in another by somebody else, it is created once and answered the same.

    Other content under the number is refused; the same number of another source is another record.
    """
    organiser, rows = person(site, "organiser"), rows_of(site, 3)
    numbered = [{**row, "external_no": f"N-{number}"} for number, row in enumerate(rows)]
    answer = await enter_rows(organiser, [numbered[0], numbered[1], numbered[0], {**numbered[1], "level": 2}])
    assert codes_of(answer) == ["created", "created", "created", "EXTERNAL_NO_USED"]
    assert {**answer["rows"][2], "line": 1} == answer["rows"][0]
    assert (answer["added"], answer["repeated"], answer["refused"]) == (2, 1, 1)
    assert answer["rows"][3]["status"] == 409
    later = await enter_rows(person(site, "another"), [numbered[2], numbered[1], {**numbered[0], "place": "周巷"}])
    assert (later["added"], later["repeated"], later["refused"]) == (1, 1, 1)
    assert later["rows"][1]["id"] == answer["rows"][1]["id"]
    assert codes_of(await enter_rows(organiser, numbered[:1], source="elsewhere")) == ["OVERLAP"]
    nowhere = await enter_rows(organiser, numbered[:1], source=None)
    assert nowhere["rows"][0]["errors"] == [{"pointer": "/external_no", "detail": "needs the parameter source"}]
    [(stored,)] = await fetch_rows(site.database, "SELECT count(*) FROM service_records WHERE external_no <> ''")
    assert stored == 3


async def test_a_number_is_known_whatever_became_of_its_record(site: Site) -> None:
    """Verified, or clipped to its activity: told again in the same words it is the same record."""
    organiser, admin = person(site, "organiser"), an_admin(site)
    ended = site.clock.now - timedelta(days=1)
    began = ended - HOUR
    clipped = a_record(site, minutes=60, check_ins=stays((began - HOUR, ended + HOUR)), external_no="N-1")
    first = await enter_rows(organiser, [clipped])
    await admin.verify(first["rows"][0])
    assert (await enter_rows(organiser, [clipped]))["rows"] == first["rows"]
    assert codes_of(await enter_rows(organiser, [{**clipped, "minutes": 80}])) == ["EXTERNAL_NO_USED"]


async def test_an_organisers_rows_stay_within_their_part(site: Site) -> None:
    """A team beside the own part does not exist, neither for a new number nor for one that is known there."""
    tree = await a_tree(site)
    inside, beside = (format_id("tea", team) for team in tree.small)
    row = a_record(site, team_id=beside, external_no="N-1")
    assert codes_of(await enter_rows(an_admin(site), [attested(row, 90)])) == ["created"]
    organiser = person(site, "organiser", team=tree.middle[0])
    rows = [row, {**row, "team_id": inside}, a_record(site, number=1, team_id=inside), a_record(site, number=2)]
    answer = await enter_rows(organiser, rows)
    assert codes_of(answer) == ["NOT_FOUND", "EXTERNAL_NO_USED", "created", "NOT_FOUND"]
    assert answer["rows"][1]["figures"] == {}
    regional = person(site, "regional", region="330282002")
    assert codes_of(await enter_rows(regional, [a_record(site, number=2, team_id=inside)])) == ["NOT_FOUND"]


async def test_rows_of_one_request_share_the_days_stays(site: Site) -> None:
    """Three stays a day and activity, counted over the rows before."""
    rows = [
        a_record(site, minutes=10, ended_ago=timedelta(days=1, minutes=20 * number), activity_id="act-1")
        for number in range(4)
    ]
    answer = await enter_rows(person(site, "organiser"), rows)
    assert codes_of(answer) == ["created", "created", "created", "PARAM_ERROR"]
    assert answer["rows"][3]["figures"] == {"check_ins": "more-than-three-a-day"}


async def test_odd_rows_are_marked_like_single_records(site: Site) -> None:
    """Mass entry over the requests, an impossible day, two places: the marks that single records get."""
    admin, organiser = an_admin(site), person(site, "organiser")
    await admin.post("/v1/suspicion-limits", {"entries": 3, "day_minutes": 100})
    await organiser.enter(a_record(site, minutes=40, number=1))
    rows = [
        a_record(site, minutes=40, place_region_code="330282001"),
        a_record(site, minutes=61, ended_ago=timedelta(days=1, minutes=40), place_region_code="330282002"),
        a_record(site, minutes=40, number=2),
    ]
    answer = await enter_rows(organiser, rows)
    marks = [(await organiser.get(f"{RECORDS}/{row['id']}"))["marks"] for row in answer["rows"]]
    kinds = [[mark["kind"] for mark in found] for found in marks]
    assert kinds == [[], ["impossible-day", "two-places"], ["mass-entry"]]
    assert marks[2][0]["figures"] == {"entries": 4, "within_min": 10, "limit": 3}


async def test_rows_are_not_looked_at_again_as_imports_are(site: Site) -> None:
    """They got their marks when they were entered: the job that looks through imports leaves them alone."""
    organiser, admin = person(site, "organiser"), an_admin(site)
    rows = [{**row, "external_no": f"N-{number}"} for number, row in enumerate(rows_of(site, 3))]
    for row in (await enter_rows(organiser, rows))["rows"]:
        await admin.verify(row)
    await admin.post("/v1/suspicion-limits", {"day_minutes": 1})
    assert await run_marks(site.database, site.city.programme, site.clock) > 0
    assert await fetch_rows(site.database, "SELECT * FROM record_marks") == []


async def test_late_rows_are_accepted_and_told(site: Site) -> None:
    """After the ten working days a row is entered, and its record is late."""
    organiser = person(site, "organiser")
    rows = [a_record(site, ended_ago=timedelta(days=days)) for days in (2, 400)]
    answer = await enter_rows(organiser, rows)
    late = [(await organiser.get(f"{RECORDS}/{row['id']}"))["late"] for row in answer["rows"]]
    assert late == [False, True]


@pytest.mark.parametrize("seed", range(6))
async def test_rows_decide_as_single_records_would(site: Site, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any rows, good and bad, touching and overlapping: one request, chunks of it, or one record after the other."""
    draw = random.Random(seed)
    monkeypatch.setattr(bulk_records, "CHUNK", draw.choice((1, 7, 60)))
    organiser = person(site, "organiser")
    await _born(site, "2011-06-01", number=1)
    rows = [_any_row(site, draw) for _ in range(60)]
    alone = [await _single(organiser, row) for row in rows]
    marks = await _marks(site)
    await _forget(site)
    together = await enter_rows(organiser, rows)
    assert [_told(row) for row in together["rows"]] == alone
    assert await _marks(site) == marks
    assert "created" in codes_of(together)
    assert "OVERLAP" in codes_of(together)


def _any_row(site: Site, draw: random.Random) -> Json:
    minutes = draw.choice((20, 45, 90, 700))
    body = a_record(
        site,
        minutes=minutes,
        ended_ago=timedelta(minutes=draw.randrange(30, 4000, 30)),
        number=draw.randrange(3),
        place_region_code=draw.choice((None, "330282001", "330282002")),
        activity_id=draw.choice((None, "act-1")),
        guardian=draw.choice(("none", "consented")),
    )
    return draw.choice((body, body, attested(body, minutes), {**body, "minutes": draw.choice((10, 800))}))


def _told(row: Json) -> tuple[int, str | None, Any]:
    figures = {name: value for name, value in row.get("figures", {}).items() if name != "record"}
    return row["status"], row.get("code"), figures


async def _single(who: Person, row: Json) -> tuple[int, str | None, Any]:
    headers = await who.site.headers(who.kind, subject=who.subject)
    answer = await who.site.client.post(RECORDS, json=row, headers=headers)
    if answer.status_code == 201:
        return 201, None, {}
    return _told(answer.json())


async def _marks(site: Site) -> list[Any]:
    """What was marked of which volunteer, by figures that name no record."""
    return await fetch_rows(
        site.database,
        """SELECT r.volunteer_id, r.started_at, r.minutes, m.kind, m.figures->>'minutes', m.figures->>'gap_min'
           FROM record_marks m JOIN service_records r ON r.id = m.record_id ORDER BY 1, 2, 3, 4""",
    )


async def _forget(site: Site) -> None:
    """As if nothing had been entered but what the city began with."""
    async with site.database.begin() as tx:
        await tx.execute(text("DELETE FROM record_marks"))
        await tx.execute(text("DELETE FROM service_records WHERE state = 'entered'"))
        await tx.execute(text("DELETE FROM paces"))
