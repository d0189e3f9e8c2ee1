"""What a file may tell of a person, cell by cell: refused by line, column and code, and never shown."""

from pathlib import Path

import pytest

from app.core.identity_numbers import Document, IdType
from app.core.personal_data import PersonalData
from app.importing.fields import ImportKind
from app.importing.values import Fault
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.city_rows import REGION
from tests.support.clocks import Clock
from tests.support.import_files import a_person, import_file, read_csv, write_teams
from tests.support.imported_people import a_file, import_people, opened
from tests.support.ledgers import fetch_rows
from tests.support.people import find_in_database


@pytest.fixture(autouse=True)
async def _city(database: Database, clock: Clock, tmp_path: Path) -> None:
    """A city with its teams."""
    await a_city(database, clock, volunteers=0, merchants=0, fund_fen=0)
    await import_file(database, clock, ImportKind.TEAMS, write_teams(tmp_path))


WRONG = (
    (a_person(1, 姓名="张*明"), "姓名", Fault.MASKED),
    (a_person(2, 姓名="陈\u200b志明"), "姓名", Fault.NOT_ALLOWED),
    (a_person(3, 姓名="陈" * 81), "姓名", Fault.TOO_LONG),
    (a_person(4, 手机号="138****0000"), "手机号", Fault.MASKED),
    (a_person(5, 手机号="0574-63000000"), "手机号", Fault.NOT_A_PHONE),
    (a_person(6, 身份证号码="330282********0016"), "身份证号码", Fault.MASKED),
    (a_person(7, 身份证号码="3302821990010112"), "身份证号码", Fault.DOCUMENT_FORM),
    (a_person(8, 身份证号码="810282199001010018"), "身份证号码", Fault.DOCUMENT_KIND),
    (a_person(9, 身份证号码="330282199013010011"), "身份证号码", Fault.DOCUMENT_BIRTHDAY),
    (a_person(10, 身份证号码="330282199001011234"), "身份证号码", Fault.DOCUMENT_CHECK),
    (a_person(11, 出生日期="1990-01-02"), "出生日期", Fault.OTHER_BIRTHDAY),
    (a_person(12, 身份证号码="", 出生日期="1899-12-31"), "出生日期", Fault.NO_BIRTHDAY),
    (a_person(13, 身份证号码="", 出生日期="2126-01-01"), "出生日期", Fault.NO_BIRTHDAY),
    (a_person(14, 志愿者编号=a_person(14)[3]), "志愿者编号", Fault.OF_A_DOCUMENT),
)


async def test_a_wrong_row_is_refused_by_line_column_and_code_and_shows_nothing(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """Each fault in both languages; asterisks stand in the file of refusals, which are refused when they come back."""
    errors = tmp_path / "errors.csv"
    report = await import_people(database, clock, a_file(tmp_path, [row for row, *_ in WRONG]), errors=errors)
    assert report.counts == (len(WRONG), 0, 0, len(WRONG))
    kept = await fetch_rows(database, "SELECT row_no, code, fault FROM import_refusals ORDER BY row_no")
    assert kept == [(n, "PARAM_ERROR", fault.value) for n, (_, _, fault) in enumerate(WRONG, start=2)]
    refused = read_csv(errors)
    assert [(row["行号"], row["出错列"]) for row in refused] == [
        (str(n), column) for n, (_, column, _) in enumerate(WRONG, start=2)
    ]
    assert all(row["原因"] and row["Reason"] and row["原因"] != row["Reason"] for row in refused)
    assert {row[column] for row in refused for column in ("姓名", "手机号", "身份证号码")} == {"***", ""}
    told = errors.read_text(encoding="utf-8-sig")
    values = {str(cell) for row, *_ in WRONG for cell in row[1:4] if cell} | {str(a_person(14)[3])}
    assert [value for value in values if value in told] == []
    assert await find_in_database(database, sorted(values)) == []
    again = await import_people(database, clock, errors)
    assert again.counts == (len(WRONG), 0, 0, len(WRONG))


async def test_other_documents_are_held_to_their_own_form(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Words of the file name the kind; without one it is a resident's card; a kind without a number is nothing."""
    header = ("志愿者编号", "行政区划代码", "证件类型", "证件号码")
    rows = [
        ("V1", REGION, "护照", "e12345678"),
        ("V2", REGION, "港澳居民居住证", "81000019900101001X"),
        ("V3", REGION, "居民身份证", ""),
        ("V4", REGION, "驾驶证", "E12345678"),
        ("V5", REGION, "", "E12345678"),
    ]
    report = await import_people(database, clock, a_file(tmp_path, rows, header))
    assert report.counts.refused == 3
    assert await opened(database, "V1") == PersonalData(document=Document(IdType.PASSPORT, "E12345678"))
    assert await opened(database, "V3") is None
    kept = await fetch_rows(database, "SELECT row_no, field, fault FROM import_refusals ORDER BY row_no")
    assert kept == [
        (3, "id_number", "document-check"),
        (5, "id_type", "unknown-word"),
        (6, "id_number", "document-form"),
    ]
