"""Commands are made ahead of those who write them: in the order of the file, and not beyond a bound."""

import asyncio
from contextlib import aclosing
from datetime import date
from pathlib import Path

import pytest

from app.core.codes import Code
from app.core.ids import TeamId, UserId, VolunteerId, format_id
from app.core.imports import ImportRecord
from app.importing import arrivals
from app.importing.arrivals import CommandMaker, Refusal, prepare_ahead
from app.importing.decoding import BadFile
from app.importing.feeding import FeedPlan
from app.importing.fields import ImportKind
from app.importing.mapping import read_mapping
from app.importing.stands import Stand
from app.importing.tables import look_at
from tests.support.city_rows import named
from tests.support.import_files import RECORD_HEADER, a_line, write_csv

VOLUNTEER, TEAM = VolunteerId(named("volunteer")), TeamId(named("team"))
HEADER = (*RECORD_HEADER, "负责人")


def a_maker() -> CommandMaker:
    """One volunteer and one team have numbers."""
    stand = Stand(entered_by=UserId(named("enterer")), verified_by=UserId(named("verifier")))
    return CommandMaker(source="old", stand=stand, volunteers={"V1": VOLUNTEER}, teams={"T111": TEAM})


def a_plan(folder: Path, lines: list[tuple[object, ...]]) -> FeedPlan:
    """A file of records, as it is read."""
    path = write_csv(folder / "records.csv", [HEADER, *lines])
    return FeedPlan(look_at(path), read_mapping(ImportKind.RECORDS, None, "old"), "Asia/Shanghai", date(2026, 3, 2))


async def test_rows_become_commands_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row with its number; who was in charge as a reference and never as a name; unknown numbers refused."""
    monkeypatch.setattr(arrivals, "GIVE_WAY", 2)
    somebody = format_id("vol", named("somebody"))
    lines = [
        (*a_line(1), "V1"),
        (*a_line(2), "陈志明"),
        (*a_line(3), somebody),
        (*a_line(4, "V9"), ""),
        (*a_line(5, 组织单位="T9"), ""),
        (*a_line(6, 日期="昨天"), ""),
    ]
    plan = a_plan(tmp_path, lines)
    rows = [row async for batch in prepare_ahead(plan, a_maker(), 0) for row in batch]
    assert [row.row_no for row in rows] == [2, 3, 4, 5, 6, 7]
    made = [row.asked for row in rows if isinstance(row.asked, ImportRecord)]
    assert [each.told.number.external_no for each in made] == ["R1", "R2", "R3"]
    assert [each.told.items.in_charge for each in made] == [format_id("vol", VOLUNTEER), "", somebody]
    assert {each.told.record.volunteer for each in made} == {VOLUNTEER}
    assert [row.asked for row in rows[3:]] == [
        Refusal("volunteer", Code.NOT_FOUND),
        Refusal("team", Code.NOT_FOUND),
        Refusal("date", Code.PARAM_ERROR, "not-a-day"),
    ]
    skipped = [row.row_no async for batch in prepare_ahead(plan, a_maker(), 4) for row in batch]
    assert skipped == [6, 7]


async def test_where_a_file_breaks_off_it_is_said_after_what_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows before the break come out; then the reader is told."""
    monkeypatch.setattr("app.importing.feeding.BATCH", 1)
    plan = a_plan(tmp_path, [(*a_line(1), ""), (*a_line(2), ""), (*a_line(3), "x" * 20_000)])
    async with aclosing(prepare_ahead(plan, a_maker(), 0)) as batches:
        assert [row.row_no for _ in range(2) for row in await anext(batches)] == [2, 3]
        with pytest.raises(BadFile, match="row 4"):
            await anext(batches)


async def test_nothing_is_left_running_when_nobody_reads_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many batches wait at most; whoever stops in the middle leaves no task behind."""
    monkeypatch.setattr("app.importing.feeding.BATCH", 1)
    monkeypatch.setattr(arrivals, "AHEAD", 3)
    maker = a_maker()
    made = []
    prepare = maker.prepare

    def count(understood: object) -> object:
        made.append(understood)
        return prepare(understood)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(CommandMaker, "prepare", lambda _maker, understood: count(understood))
    before = asyncio.all_tasks()
    async with aclosing(prepare_ahead(a_plan(tmp_path, [(*a_line(n), "") for n in range(1, 20)]), maker, 0)) as batches:
        await anext(batches)
        for _ in range(100):
            await asyncio.sleep(0)
        assert 1 < len(made) <= arrivals.AHEAD + 2
    assert asyncio.all_tasks() == before
