"""Files into the ledger and back out as refusals: everything once, nobody in clear, four eyes (cases 6 and 16)."""

from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import text

from app.importing.fields import ImportKind
from app.importing.importing import NotAllowed
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import name_city
from tests.support.clocks import Clock
from tests.support.import_files import (
    RECORD_HEADER,
    a_line,
    a_person,
    import_file,
    import_people,
    make_administrators,
    read_csv,
    write_csv,
    write_teams,
    write_volunteers,
)
from tests.support.ledgers import fetch_rows, fetch_tables
from tests.support.people import find_in_database
from tests.support.soundness import assert_all_sound

MOVED = {"imports", "import_refusals", "audit_rows", "audit_heads"}
"""Tables that tell of imports themselves."""
BALANCES = "SELECT kind, part, sum(balance)::int FROM accounts WHERE owner_id <> :nobody GROUP BY 1, 2 ORDER BY 1, 2"
CITY = name_city("cixi", volunteers=0, merchants=0)
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(autouse=True)
async def _city(database: Database, clock: Clock) -> None:
    """A city whose policy gives a point a minute."""
    await a_city(database, clock, volunteers=0, merchants=0, fund_fen=0)


async def test_a_city_comes_in_by_its_files(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Teams, volunteers, records: hours and points stand in the ledger, honour hours without points."""
    await import_people(database, clock, tmp_path)
    lines = [a_line(1), a_line(2, "V2"), a_line(3, "V1", 时长类别="荣誉时长")]
    path = write_csv(tmp_path / "records.csv", [RECORD_HEADER, *lines], "gb18030")
    report = await import_file(database, clock, ImportKind.RECORDS, path)
    assert (report.counts, report.encoding) == ((3, 3, 0, 0), "gb18030")
    assert await fetch_rows(database, BALANCES, nobody=NOBODY) == [("hours", "", 450), ("wallet", "2027-12-31", 300)]
    told = "SELECT source, external_no, activity, state, evidence, points FROM service_records ORDER BY external_no"
    assert await fetch_rows(database, told) == [
        ("old", "R1", "清洁家园", "verified", "imported", 150),
        ("old", "R2", "清洁家园", "verified", "imported", 150),
        ("old", "R3", "清洁家园", "verified", "attested", 0),
    ]
    tiers = "SELECT t.name, t.tier, p.name FROM teams t JOIN teams p ON p.id = t.parent_id ORDER BY t.tier"
    assert await fetch_rows(database, tiers) == [("浒山大队", 2, "平安总队"), ("浒山小队", 3, "浒山大队")]
    await assert_all_sound(database, CITY)


async def test_a_second_time_adds_nothing(database: Database, clock: Clock, tmp_path: Path) -> None:
    """All three files again, with and without numbers of their own: every row is known, every table as it was."""
    await import_people(database, clock, tmp_path)
    lines = [a_line(1), a_line(2, "V2"), a_line(3, 记录编号=""), a_line(3, 记录编号="")]
    path = write_csv(tmp_path / "records.csv", [RECORD_HEADER, *lines])
    first = await import_file(database, clock, ImportKind.RECORDS, path)
    assert first.counts == (4, 3, 1, 0)
    before = await fetch_tables(database, MOVED)
    for kind, file in (
        (ImportKind.TEAMS, write_teams(tmp_path)),
        (ImportKind.VOLUNTEERS, write_volunteers(tmp_path)),
        (ImportKind.RECORDS, path),
    ):
        again = await import_file(database, clock, kind, file)
        assert again.counts.known == again.counts.rows_done > 0
    assert await fetch_tables(database, MOVED) == before


async def test_refused_rows_are_corrected_and_imported_again(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Each wrong row is told by number, column, code and cell; the others are in; corrected, the file goes in whole."""
    await import_people(database, clock, tmp_path)
    lines = [
        a_line(1),
        a_line(2, 日期="soon"),
        a_line(3, "V77"),
        a_line(4, 组织单位="T99"),
        a_line(5, day=1, 开始时间="11:00", 结束时间="13:30"),
        a_line(6, 日期="2031-01-01"),
        a_line(7, 日期="2019-01-01"),
        a_line(8, 服务时间="-3"),
        a_line(9, 活动名称="=HYPERLINK()", 服务时间="4"),
        a_line(1, 服务时间="1"),
    ]
    path = write_csv(tmp_path / "records.csv", [RECORD_HEADER, *lines])
    errors = tmp_path / "errors.csv"
    report = await import_file(database, clock, ImportKind.RECORDS, path, errors=errors)
    assert report.counts == (10, 1, 0, 9)
    assert errors.read_bytes().startswith(b"\xef\xbb\xbf")
    refused = read_csv(errors)
    assert [(row["行号"], row["出错列"], row["代码"]) for row in refused] == [
        ("3", "日期", "PARAM_ERROR"),
        ("4", "志愿者编号", "NOT_FOUND"),
        ("5", "组织单位", "NOT_FOUND"),
        ("6", "", "OVERLAP"),
        ("7", "ended_at", "PARAM_ERROR"),
        ("8", "", "NO_POLICY"),
        ("9", "服务时间", "PARAM_ERROR"),
        ("10", "minutes", "PARAM_ERROR"),
        ("11", "", "EXTERNAL_NO_USED"),
    ]
    assert all(row["原因"] and row["Reason"] for row in refused)
    assert (refused[7]["活动名称"], refused[6]["服务时间"]) == ("'=HYPERLINK()", "'-3")
    corrected = errors.read_text(encoding="utf-8-sig").replace("soon", "2025-02-02").replace("V77", "V3")
    again = tmp_path / "corrected.csv"
    again.write_text(corrected.replace("T99", "T111").replace(",4,T111", ",3,T111"), encoding="utf-8-sig")
    second = await import_file(database, clock, ImportKind.RECORDS, again, errors=errors)
    assert (second.counts.added, second.counts.refused) == (4, 5)
    names = await fetch_rows(database, "SELECT activity FROM service_records WHERE external_no = 'R9'")
    assert names == [("=HYPERLINK()",)]
    await assert_all_sound(database, CITY)


async def test_a_dry_run_says_the_same_and_changes_nothing(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Rows that refuse each other inside the file included; then the run itself has the same figures and refusals."""
    await import_people(database, clock, tmp_path)
    lines = [a_line(n, f"V{1 + n % 4}", day=n // 3) for n in range(1, 60)] + [a_line(3, "V1"), a_line(2, "V3", day=0)]
    path = write_csv(tmp_path / "records.csv", [RECORD_HEADER, *lines])
    before = await fetch_tables(database)
    told, kept = tmp_path / "told.csv", tmp_path / "kept.csv"
    rehearsed = await import_file(database, clock, ImportKind.RECORDS, path, dry_run=True, errors=told)
    assert await fetch_tables(database) == before
    report = await import_file(database, clock, ImportKind.RECORDS, path, errors=kept)
    assert rehearsed.counts == report.counts
    assert 0 < report.counts.refused < report.counts.added
    assert read_csv(told) == read_csv(kept)
    for kind, file in (
        (ImportKind.TEAMS, write_teams(tmp_path)),
        (ImportKind.VOLUNTEERS, write_volunteers(tmp_path, 5)),
    ):
        before = await fetch_tables(database)
        await import_file(database, clock, kind, file, dry_run=True)
        assert await fetch_tables(database) == before


async def test_nothing_of_a_person_is_kept_in_clear(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Names, phones and ID numbers in files reach no table and no file of refusals in clear; other columns are told."""
    await make_administrators(database, clock)
    await import_file(database, clock, ImportKind.TEAMS, write_teams(tmp_path))
    errors = tmp_path / "errors.csv"
    path = write_volunteers(tmp_path, 2)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("V9,陈志明,13800000000,330282199001011234,999999,T111,1990-01-01\r\n")
    report = await import_file(database, clock, ImportKind.VOLUNTEERS, path, errors=errors)
    assert report.counts == (3, 2, 0, 1)
    assert (list(report.sealed_columns), report.sealed) == (["姓名", "手机号", "身份证号码"], 2)
    assert list(report.personal) == ["家庭住址"]
    header = ("记录编号", "志愿者编号", "活动名称", "日期", "开始时间", "结束时间", "组织单位", "负责人")
    row = ("R1", "V1", "清洁家园", "2025-01-02", "09:00", "12:00", "T111", "陈志明")
    file = write_csv(tmp_path / "r.csv", [header, row, ("R2", "V7", *row[2:])])
    await import_file(database, clock, ImportKind.RECORDS, file, errors=tmp_path / "e.csv")
    told = errors.read_text(encoding="utf-8") + (tmp_path / "e.csv").read_text(encoding="utf-8")
    secrets = ("陈志明", "13800000000", "330282199001011234", a_person(1)[3], a_person(2)[3], "村口第三家")
    assert [secret for secret in secrets if str(secret) in told] == []
    assert await find_in_database(database, list(map(str, secrets))) == []
    assert await fetch_rows(database, "SELECT DISTINCT masked_name, born_on::text FROM volunteers") == [
        ("陈**", "1990-01-01")
    ]


async def test_a_workbook_is_read_like_text(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Cells of a workbook that are dates, times and numbers say what the same text says."""
    await import_people(database, clock, tmp_path)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(RECORD_HEADER)
    sheet.append(list(a_line(1)))
    sheet.append(list(a_line(2, "V2", 服务时间=2.5)))
    book.save(tmp_path / "records.xlsx")
    report = await import_file(database, clock, ImportKind.RECORDS, tmp_path / "records.xlsx")
    assert report.counts == (2, 2, 0, 0)
    again = write_csv(tmp_path / "records.csv", [RECORD_HEADER, a_line(1), a_line(2, "V2")])
    assert (await import_file(database, clock, ImportKind.RECORDS, again)).counts == (2, 0, 2, 0)


async def test_two_administrators_stand_for_an_import(database: Database, clock: Clock, tmp_path: Path) -> None:
    """One enters, another verifies; one alone, an organiser or nobody may not. Own hours are refused row by row."""
    await import_people(database, clock, tmp_path)
    path = write_csv(tmp_path / "records.csv", [RECORD_HEADER, a_line(1, "V1"), a_line(2, "V2"), a_line(3, "V3")])
    for names, message in (
        ({"verified_by": "enterer"}, "name two people"),
        ({"entered_by": ""}, "--entered-by names no user"),
        ({"verified_by": "somebody"}, "--verified-by names no user"),
    ):
        with pytest.raises(NotAllowed, match=message):
            await import_file(database, clock, ImportKind.RECORDS, path, **names)
    async with database.begin() as tx:
        await tx.execute(text("UPDATE users SET kind = 'organiser' WHERE username = 'enterer'"))
    with pytest.raises(NotAllowed, match="only administrators"):
        await import_file(database, clock, ImportKind.RECORDS, path)
    async with database.begin() as tx:
        await tx.execute(text("UPDATE users SET kind = 'admin' WHERE username = 'enterer'"))
        own = "SELECT volunteer_id FROM volunteer_external_ids WHERE external_id = 'V1'"
        await tx.execute(text(f"UPDATE users SET volunteer_id = ({own}) WHERE username IN ('enterer', 'verifier')"))
    with pytest.raises(NotAllowed, match="name two people"):  # two accounts of one person
        await import_file(database, clock, ImportKind.RECORDS, path)
    async with database.begin() as tx:
        await tx.execute(text("UPDATE users SET volunteer_id = NULL WHERE username = 'enterer'"))
        relative = own.replace("V1", "V2")
        await tx.execute(
            text(
                f"""INSERT INTO user_relatives (programme_id, user_id, volunteer_id, created_at)
                SELECT 'cixi', id, ({relative}), created_at FROM users WHERE username = 'verifier'"""
            )
        )
    report = await import_file(database, clock, ImportKind.RECORDS, path)
    assert report.counts == (3, 1, 0, 2)
    assert await fetch_rows(database, "SELECT DISTINCT code FROM import_refusals") == [("SELF_REVIEW",)]


async def test_the_trail_says_what_was_imported_by_whom(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Each run is a row with file, counts and people, and its end an audit row."""
    await import_people(database, clock, tmp_path)
    path = write_csv(tmp_path / "records.csv", [RECORD_HEADER, a_line(1), a_line(2, "V9")])
    for _ in range(2):
        await import_file(database, clock, ImportKind.RECORDS, path)
    runs = """SELECT state, rows_done, added, known, refused, e.username, v.username FROM imports i
              JOIN users e ON e.id = i.entered_by JOIN users v ON v.id = i.verified_by
              WHERE i.kind = 'service-records' ORDER BY i.id"""
    assert await fetch_rows(database, runs) == [
        ("done", 2, 1, 0, 1, "enterer", "verifier"),
        ("done", 2, 0, 1, 1, "enterer", "verifier"),
    ]
    audit = "SELECT count(*) FROM audit_rows WHERE action = 'import.finish'"
    assert await fetch_rows(database, audit) == [(4,)]
