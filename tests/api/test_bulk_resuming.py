"""A request of many rows that breaks in the middle, or is sent twice at once: nothing lost, nothing there twice."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.actions import bulk_records as actions
from app.api import bulk_records
from app.api.record_fields import RecordRequest
from app.api.record_tellings import telling_of
from app.core.quantities import Minutes
from app.security.actors import Actor, ActorKind
from app.store.audit_rows import insert_audit_row
from app.store.service_records import RecordView, insert_records
from app.store.volunteers import lock_volunteer
from tests.support.bulk_calls import codes_of, enter_rows, lines_of, send_lines
from tests.support.calls import Json
from tests.support.ledgers import fetch_rows
from tests.support.service_calls import RECORDS, a_record, person
from tests.support.sites import Site

WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
STORED = "SELECT count(*) FROM service_records WHERE state = 'entered'"
AUDITED = (
    "SELECT changes->>'first_line', changes->>'added' FROM audit_rows WHERE action = 'record.enter-many' ORDER BY 1"
)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten rows a chunk."""
    monkeypatch.setattr(bulk_records, "CHUNK", 10)


def rows_of(site: Site, count: int, begin: int = 0) -> list[Json]:
    """Rows of the city's volunteers in turn, that do not touch each other, with numbers."""
    return [
        a_record(
            site,
            minutes=30,
            ended_ago=timedelta(days=1, hours=number // 3),
            number=number % 3,
            external_no=f"N-{number:04}",
        )
        for number in range(begin, begin + count)
    ]


Step = Callable[..., Awaitable[Any]]


def broken_after(calls: int, step: Step) -> Step:
    """The same step, that works so many times and then fails."""
    left = calls

    async def stepped(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the step takes and gives
        nonlocal left
        left -= 1
        if left < 0:
            raise RuntimeError("broken in the middle")
        return await step(*arguments, **named)

    return stepped


@pytest.mark.parametrize("within", [True, False], ids=["inside a chunk", "between chunks"])
async def test_a_broken_request_goes_on_and_answers_as_unbroken(
    site: Site, monkeypatch: pytest.MonkeyPatch, *, within: bool
) -> None:
    """Broken in its third chunk: two are stored whole; repeated, even a day later, it ends as if nothing had been.

    What was still to come when the request was received was still to come.
    """
    organiser = person(site, "organiser")
    rows = rows_of(site, 35)
    rows[12] = rows[3]
    rows[31] = {**rows[4], "level": 2}
    rows[33] = a_record(site, ended_ago=timedelta(hours=-12))
    del rows[7]["external_no"]
    with monkeypatch.context() as broken:
        if within:
            broken.setattr(actions, "insert_audit_row", broken_after(2, insert_audit_row))
        else:
            broken.setattr(bulk_records, "enter_chunk", broken_after(2, actions.enter_chunk))
        failed = await send_lines(organiser, lines_of(rows), key="k-1")
    assert (failed.status_code, failed.json()["code"]) == (500, "SYSTEM_ERROR")
    assert await fetch_rows(site.database, STORED) == [(19,)]
    site.clock.move(timedelta(days=1))
    answer = await send_lines(organiser, lines_of(rows), key="k-1")
    assert "Idempotency-Replayed" not in answer.headers
    assert await fetch_rows(site.database, STORED) == [(32,)]
    read = answer.json()
    assert (read["added"], read["repeated"], read["refused"]) == (32, 1, 2)
    assert codes_of(read) == ["created"] * 31 + ["EXTERNAL_NO_USED", "created", "PARAM_ERROR", "created"]
    assert {**read["rows"][12], "line": 4} == read["rows"][3]
    again = await send_lines(organiser, lines_of(rows), key="k-1")
    assert (again.content, again.headers["Idempotency-Replayed"]) == (answer.content, "true")
    assert await fetch_rows(site.database, AUDITED) == [("1", "10"), ("11", "9"), ("21", "10"), ("31", "3")]


async def test_the_same_request_twice_at_once_is_one(site: Site) -> None:
    """Both are answered with the same bytes, and every row is there once."""
    organiser = person(site, "organiser")
    body = lines_of(rows_of(site, 45))
    first, second = await asyncio.gather(*(send_lines(organiser, body, key="k-1") for _ in range(2)))
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert await fetch_rows(site.database, STORED) == [(45,)]


async def test_two_requests_of_the_same_numbers_at_once_make_one_record_each(site: Site) -> None:
    """Under keys of their own, in opposite orders, with single records between them: no deadlock, nothing twice."""
    rows = rows_of(site, 60)
    people = [person(site, name) for name in ("one", "two", "three")]
    single = [
        a_record(site, minutes=30, ended_ago=timedelta(days=5, hours=number), number=number % 3) for number in range(9)
    ]
    answers = await asyncio.gather(
        enter_rows(people[0], rows),
        enter_rows(people[1], rows[::-1]),
        enter_rows(people[2], rows[30:] + rows[:30]),
        *(people[2].post(RECORDS, row, 201) for row in single),
    )
    many = answers[:3]
    assert sum(answer["added"] for answer in many) == 60
    assert sum(answer["repeated"] for answer in many) == 120
    ids = [[row["id"] for row in answer["rows"]] for answer in many]
    assert ids[0] == ids[1][::-1] == ids[2][30:] + ids[2][:30]
    assert await fetch_rows(site.database, STORED) == [(69,)]


async def test_a_number_taken_at_the_same_moment_is_known(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two volunteers, so no lock keeps them apart: the second request finds the number taken and looks again."""
    first, second = person(site, "one"), person(site, "two")
    looked = asyncio.Barrier(2)
    decide = actions._survey

    async def meet(*arguments: Any) -> Any:  # noqa: ANN401 - as the survey
        found = await decide(*arguments)
        if looked.n_waiting < 2 and not looked.broken and meeting:
            meeting.pop()
            await looked.wait()
        return found

    meeting = [1, 2]
    monkeypatch.setattr(actions, "_survey", meet)
    answers = await asyncio.gather(
        enter_rows(first, [a_record(site, external_no="N-1")]),
        enter_rows(second, [a_record(site, number=1, external_no="N-1")]),
    )
    assert sorted(codes_of(answer)[0] for answer in answers) == ["EXTERNAL_NO_USED", "created"]
    assert await fetch_rows(site.database, STORED) == [(1,)]


async def test_a_volunteer_held_by_another_is_waited_for(site: Site) -> None:
    """Whoever enters a record holds its volunteer: the rows are decided when it is committed, and see it."""
    organiser, [row] = person(site, "organiser"), rows_of(site, 1)
    entered = telling_of(RecordRequest.model_validate_json(json.dumps(a_record(site))), _actor(site)).filing
    async with site.database.begin() as tx:
        assert await lock_volunteer(tx, site.city.programme, entered.record.volunteer)
        waiting = asyncio.create_task(enter_rows(organiser, [row]))
        while not await fetch_rows(site.database, WAITING):
            assert not waiting.done()
            await asyncio.sleep(0.01)
        view = RecordView(replace(entered.record, minutes=Minutes(90)), entered.activity, site.clock.now, entered.items)
        await insert_records(tx, site.city.programme, [view])
    assert codes_of(await waiting) == ["OVERLAP"]


def _actor(site: Site) -> Actor:
    return Actor(
        kind=ActorKind.ORGANISER, programme=site.city.programme, subject=site.city.recorder, scopes=frozenset()
    )
