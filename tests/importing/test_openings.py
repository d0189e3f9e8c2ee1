"""Files of opening balances: each number once, dated, with their own last day; sums compared before anything moves."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import text

from app.core.opening_balances import decide_open_balance
from app.core.openings import Opening
from app.engine.batch import write_desk
from app.importing import openings
from app.importing.decoding import BadFile
from app.importing.fields import ImportKind
from app.importing.importing import ImportReport, NotAllowed
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import name_city
from tests.support.clocks import Clock
from tests.support.import_files import import_file, import_people, read_csv, write_csv
from tests.support.ledgers import fetch_rows, fetch_tables
from tests.support.soundness import assert_all_sound

HEADER = ("余额编号", "志愿者编号", "姓名", "截止日期", "积分", "到期日期", "服务时长")
BALANCES = "SELECT kind, part, sum(balance)::bigint FROM accounts WHERE balance <> 0 AND kind IN ('wallet', 'hours') \
GROUP BY 1, 2 ORDER BY 1, 2"
MOVED = {"imports", "import_refusals", "audit_rows", "audit_heads"}
CITY = name_city("cixi", volunteers=0, merchants=0)
Line = tuple[object, ...]


def a_line(number: int, volunteer: str = "V1", **changed: object) -> Line:
    """300 points until the end of 2027, and twenty and a half hours."""
    told = {
        "余额编号": f"B{number}",
        "志愿者编号": volunteer,
        "姓名": "陈志明",
        "截止日期": "2025-12-31",
        "积分": "300",
        "到期日期": "2027-12-31",
        "服务时长": "20.5",
    }
    return tuple({**told, **changed}[header] for header in HEADER)


@pytest.fixture(autouse=True)
async def _city(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Three volunteers of the system `old`, and two administrators."""
    await a_city(database, clock, volunteers=0, merchants=0, fund_fen=0)
    await import_people(database, clock, tmp_path)


async def bring(database: Database, clock: Clock, path: Path, **options: object) -> ImportReport:
    """Import a file of balances."""
    return await import_file(database, clock, ImportKind.OPENINGS, path, **options)


def a_file(folder: Path, *lines: Sequence[object], encoding: str = "utf-8") -> Path:
    """A file of these balances."""
    return write_csv(folder / "balances.csv", [HEADER, *lines], encoding)


async def test_balances_come_over_once(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Dated, with their own last day; the same file again, in another encoding, adds nothing (case 18)."""
    lines = [
        a_line(1),
        a_line(2, "V1", 到期日期="2028/6/30", 服务时长=""),
        a_line(3, "V2", 积分="", 到期日期="", 服务时长="1小时30分"),
        a_line(4, "V3", 到期日期="永久", 积分="12.00"),
    ]
    first = await bring(database, clock, a_file(tmp_path, *lines))
    assert (first.counts, first.sums, first.personal) == ((4, 4, 0, 0), (612, 2_550), ["姓名"])
    held = [("hours", "", 2_550), ("wallet", "2027-12-31", 300), ("wallet", "2028-06-30", 300)]
    assert await fetch_rows(database, BALANCES) == [*held, ("wallet", "9999-12-31", 12)]
    dated = "SELECT DISTINCT kind, (occurred_at AT TIME ZONE 'Asia/Shanghai')::date FROM transactions"
    assert await fetch_rows(database, dated) == [("open.v1", date(2025, 12, 31))]
    before = await fetch_tables(database, MOVED)
    again = await bring(database, clock, a_file(tmp_path, *lines, encoding="gb18030"))
    assert (again.counts, again.sums) == ((4, 0, 4, 0), (0, 0))
    assert await fetch_tables(database, MOVED) == before
    await assert_all_sound(database, CITY)


async def test_refused_rows_are_told_and_the_others_come_over(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Each wrong row by its number, column and code, with words in both languages, and without the name."""
    async with database.begin() as tx:
        await tx.execute(
            text(
                "UPDATE volunteers SET status = 'left' WHERE id = (SELECT volunteer_id FROM volunteer_external_ids "
                "WHERE external_id = 'V3')"
            )
        )
    lines = [
        a_line(1),
        a_line(2, "V77"),
        a_line(3, 截止日期="soon"),
        a_line(4, 截止日期=""),
        a_line(5, 积分="-3"),
        a_line(6, 到期日期=""),
        a_line(7, 到期日期="2026-01-31"),
        a_line(8, 截止日期="2031-01-01", 到期日期="2032-01-01"),
        a_line(9, 积分="", 到期日期="", 服务时长=""),
        a_line(10, "V3"),
        a_line(1, 积分="301"),
        a_line(11, 服务时长="long"),
        a_line(12, "V2"),
    ]
    errors = tmp_path / "errors.csv"
    report = await bring(database, clock, a_file(tmp_path, *lines), errors=errors)
    assert report.counts == (13, 2, 0, 11)
    refused = read_csv(errors)
    assert [(row["行号"], row["出错列"], row["代码"]) for row in refused] == [
        ("3", "志愿者编号", "NOT_FOUND"),
        ("4", "截止日期", "PARAM_ERROR"),
        ("5", "截止日期", "PARAM_ERROR"),
        ("6", "积分", "PARAM_ERROR"),
        ("7", "到期日期", "PARAM_ERROR"),
        ("8", "", "LOT_EXPIRED"),
        ("9", "截止日期", "PARAM_ERROR"),
        ("10", "积分", "PARAM_ERROR"),
        ("11", "", "STATE_CONFLICT"),
        ("12", "", "EXTERNAL_NO_USED"),
        ("13", "服务时长", "PARAM_ERROR"),
    ]
    assert all(row["原因"] and row["Reason"] for row in refused)
    assert (refused[6]["Reason"], refused[7]["原因"]) == ("The balance dates from a day to come", "积分和时长都为零")
    assert "陈志明" not in errors.read_text(encoding="utf-8-sig")
    corrected = errors.read_text(encoding="utf-8-sig").replace("V77", "V2").replace("soon", "2025-12-31")
    again = tmp_path / "corrected.csv"
    again.write_text(corrected, encoding="utf-8-sig")
    assert (await bring(database, clock, again)).counts.added == 2
    await assert_all_sound(database, CITY)


async def test_a_dry_run_says_the_same_and_changes_nothing(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Numbers that come twice in the file included, also in different chunks."""
    lines = [a_line(n, f"V{1 + n % 4}", 积分=str(n), 服务时长="1") for n in range(1, 400)]
    path = a_file(tmp_path, *lines, a_line(1, "V2", 积分="1", 服务时长="1"), a_line(2, "V3"))
    before = await fetch_tables(database)
    told, kept = tmp_path / "told.csv", tmp_path / "kept.csv"
    rehearsed = await bring(database, clock, path, dry_run=True, errors=told)
    assert await fetch_tables(database) == before
    report = await bring(database, clock, path, errors=kept)
    assert (rehearsed.counts, rehearsed.sums) == (report.counts, report.sums)
    assert (report.counts.known, report.counts.refused) == (1, 101)
    assert read_csv(told) == read_csv(kept)
    await assert_all_sound(database, CITY)


@pytest.mark.parametrize(
    "expected, complaint",
    [
        ({"expect_points": 901}, "900 points, expected were 901"),
        ({"expect_points": 900, "expect_minutes": 3_689}, "3690 minutes, expected were 3689"),
        ({"expect_minutes": 0}, "1 rows could not be read"),
    ],
)
async def test_sums_are_compared_before_anything_is_written(
    database: Database, clock: Clock, tmp_path: Path, expected: dict[str, int], complaint: str
) -> None:
    """A file that holds more or less than was expected is refused whole; one that holds it comes over."""
    path = a_file(tmp_path, a_line(1), a_line(2, "V2"), a_line(3, "V3"), a_line(4, 积分="x"))
    before = await fetch_tables(database)
    with pytest.raises(BadFile, match=complaint):
        await bring(database, clock, path, **expected)
    assert await fetch_tables(database) == before
    report = await bring(database, clock, path, expect_points=900, expect_minutes=3_690)
    assert (report.counts, report.sums) == ((4, 3, 0, 1), (900, 3_690))


async def test_two_administrators_stand_for_balances(database: Database, clock: Clock, tmp_path: Path) -> None:
    """One person alone, or nobody, is refused; the audit row names both and how it came in."""
    path = a_file(tmp_path, a_line(1))
    with pytest.raises(NotAllowed, match="name two people with --approved-by"):
        await bring(database, clock, path, verified_by="enterer")
    with pytest.raises(NotAllowed, match="--approved-by names no user"):
        await bring(database, clock, path, verified_by="nobody")
    await bring(database, clock, path)
    told = """SELECT a.actor = 'usr_' || replace(e.id::text, '-', ''), a.changes ->> 'via',
        a.changes ->> 'verified_by' = 'usr_' || replace(v.id::text, '-', '')
        FROM audit_rows a, users e, users v
        WHERE a.changes ->> 'kind' = 'opening-balances' AND e.username = 'enterer' AND v.username = 'verifier'"""
    assert await fetch_rows(database, told) == [(True, "liyu import, with database privileges", True)]
    four_eyes = "SELECT count(*) FROM opening_balances o, users e, users v WHERE o.drafted_by = e.id \
        AND o.approved_by = v.id AND e.username = 'enterer' AND v.username = 'verifier'"
    assert await fetch_rows(database, four_eyes) == [(1,)]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("after_the_write", [True, False])
async def test_a_killed_import_is_resumed(
    database: Database, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, after_the_write: bool
) -> None:
    """Killed before or after a chunk's rows were written: the next run goes on, every balance is added once."""
    path = a_file(tmp_path, *(a_line(n, f"V{1 + n % 3}", 积分=str(n)) for n in range(1, 700)))
    times: list[int] = []

    async def dying(*args: object) -> None:
        times.append(1)
        if len(times) == 2 and not after_the_write:
            raise Killed
        await write_desk(*args)  # type: ignore[arg-type]  # as they come
        if len(times) == 2:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("app.engine.opening_chunks.write_desk", dying)
        with pytest.raises(Killed):
            await bring(database, clock, path)
    assert await fetch_rows(database, "SELECT rows_done, state FROM imports WHERE kind = 'opening-balances'") == [
        (250, "running")
    ]
    report = await bring(database, clock, path)
    assert (report.counts, report.sums) == ((699, 699, 0, 0), (sum(range(251, 700)), 449 * 1_230))
    assert await fetch_rows(database, BALANCES) == [
        ("hours", "", 699 * 1_230),
        ("wallet", "2027-12-31", sum(range(1, 700))),
    ]
    await assert_all_sound(database, CITY)


async def test_a_row_that_breaks_is_refused_alone(
    database: Database, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in one row costs that row: SYSTEM_ERROR in the file of refusals, the others are in."""

    def broken(command: object, *rest: object) -> object:
        opening: Opening = command.opening  # type: ignore[attr-defined]  # a balance
        if opening.number.external_no == "B3":
            raise ZeroDivisionError
        return decide_open_balance(command, *rest)  # type: ignore[arg-type]  # as they come

    monkeypatch.setattr("app.engine.opening_chunks.decide_open_balance", broken)
    errors = tmp_path / "errors.csv"
    path = a_file(tmp_path, *(a_line(n) for n in range(1, 6)))
    for dry_run in (True, False):
        report = await bring(database, clock, path, errors=errors, dry_run=dry_run)
        assert report.counts == (5, 4, 0, 1)
        assert [(row["行号"], row["代码"]) for row in read_csv(errors)] == [("4", "SYSTEM_ERROR")]
    assert openings.CHUNK > 5


async def test_a_workbook_with_a_mapping(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Columns and words by a mapping, one day for all rows, numbers that follow from whose and until when."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("会员号", "分", "止"), ("V1", 300, date(2027, 12, 31)), ("V1", 20.0, "终身"), ("V2", 7, "终身")):
        sheet.append(row)
    path = tmp_path / "balances.xlsx"
    book.save(path)
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[columns]\nvolunteer = "会员号"\npoints = "分"\nexpires_on = "止"\n[constants]\ndated_on = "2025-12-31"\n'
        '[values.expires_on]\n"终身" = "never"\n',
        encoding="utf-8",
    )
    assert (await bring(database, clock, path, mapping=mapping)).counts == (3, 3, 0, 0)
    assert (await bring(database, clock, path, mapping=mapping)).counts == (3, 0, 3, 0)
    sheet["B2"] = 301
    book.save(path)
    changed = await bring(database, clock, path, mapping=mapping)
    assert changed.counts == (3, 0, 2, 1), "other figures under the same day are refused, not added"
    assert await fetch_rows(database, BALANCES) == [("wallet", "2027-12-31", 300), ("wallet", "9999-12-31", 27)]
