"""Imported records of minors: refused where they break the rules, taken as recorded where the mapping says so."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.core.codes import Code
from app.core.imports import ImportRow
from app.core.minors import Guardian
from app.core.rows import Evidence, ServiceRole
from app.importing.decoding import BadFile
from app.importing.fields import ImportKind, is_personal
from app.importing.mapping import read_mapping
from app.store.database import Database
from tests.core.builders import NOW
from tests.support.cities import a_city
from tests.support.city_rows import REGION, name_city
from tests.support.clocks import Clock
from tests.support.import_files import RECORD_HEADER, a_line, import_file, import_people, read_csv, write_csv
from tests.support.ledgers import fetch_rows
from tests.support.soundness import assert_all_sound

SHANGHAI = ZoneInfo("Asia/Shanghai")
PEOPLE = ("志愿者编号", "行政区划代码", "出生日期")
HEADER = (*RECORD_HEADER, "监护情况", "危险活动")


def a_row(guardian: Guardian = Guardian.NONE, *, hazardous: bool = False) -> ImportRow:
    """Two hours that ended now: on the second of March 2026."""
    return ImportRow(
        external_no="R1",
        volunteer_no="V1",
        team_no="T1",
        started_at=NOW - timedelta(hours=2),
        ended_at=NOW,
        minutes=120,
        level=1,
        evidence=Evidence.IMPORTED,
        role=ServiceRole.VOLUNTEER,
        activity="清洁家园",
        guardian=guardian,
        hazardous=hazardous,
    )


@pytest.mark.parametrize(
    "born_on, row, code",
    [
        (date(2008, 3, 2), a_row(hazardous=True), None),
        (date(2008, 3, 3), a_row(), Code.GUARDIAN_REQUIRED),
        (date(2008, 3, 3), a_row(Guardian.CONSENTED), None),
        (date(2008, 3, 3), a_row(Guardian.PRESENT, hazardous=True), Code.NOT_FOR_MINORS),
        (date(2016, 3, 3), a_row(Guardian.CONSENTED), Code.GUARDIAN_REQUIRED),
        (date(2016, 3, 3), a_row(Guardian.PRESENT), None),
        (date(1950, 1, 1), a_row(hazardous=True), None),
    ],
)
def test_the_age_on_the_day_of_service_counts(born_on: date, row: ImportRow, code: Code | None) -> None:
    """On the eighteenth birthday nothing is asked any more; under ten the guardian is there."""
    refused = row.refuse_minor(born_on, SHANGHAI)
    assert (refused.code if refused else None) is code


@pytest.fixture(autouse=True)
async def _city(database: Database, clock: Clock, tmp_path: Path) -> None:
    """A girl of twelve, a boy of eight, and somebody whose birthday nobody knows, among grown-ups."""
    await a_city(database, clock, volunteers=0, merchants=0, fund_fen=0)
    await import_people(database, clock, tmp_path)
    people = [("Y12", REGION, "2013-01-01"), ("Y8", REGION, "2017-01-01"), ("Y", REGION, "")]
    await import_file(database, clock, ImportKind.VOLUNTEERS, write_csv(tmp_path / "young.csv", [PEOPLE, *people]))


def a_file(folder: Path) -> Path:
    """Rows that keep the rules, and rows that break them."""
    lines = [
        (*a_line(1, "V1"), "", "是"),
        (*a_line(2, "Y"), "", "是"),
        (*a_line(3, "Y12"), "", ""),
        (*a_line(4, "Y12"), "同意", "否"),
        (*a_line(5, "Y12"), "陪同", "是"),
        (*a_line(6, "Y8"), "监护人同意", ""),
        (*a_line(7, "Y8"), "到场", ""),
        (*a_line(8, "V1"), "大概", ""),
    ]
    return write_csv(folder / "records.csv", [HEADER, *lines])


async def test_rows_that_break_the_rules_are_refused(database: Database, clock: Clock, tmp_path: Path) -> None:
    """By row, column and code, in both languages; the others come in, dry run and run alike."""
    errors = tmp_path / "errors.csv"
    for dry_run in (True, False):
        report = await import_file(
            database, clock, ImportKind.RECORDS, a_file(tmp_path), errors=errors, dry_run=dry_run
        )
        assert report.counts == (8, 4, 0, 4)
        refused = read_csv(errors)
        assert [(row["行号"], row["出错列"], row["代码"]) for row in refused] == [
            ("4", "监护情况", "GUARDIAN_REQUIRED"),
            ("6", "危险活动", "NOT_FOR_MINORS"),
            ("7", "监护情况", "GUARDIAN_REQUIRED"),
            ("9", "监护情况", "PARAM_ERROR"),
        ]
        assert all(row["原因"] and row["Reason"] for row in refused)
    kept = "SELECT external_no, guardian, hazardous FROM service_records ORDER BY external_no"
    assert await fetch_rows(database, kept) == [
        ("R1", "none", True),
        ("R2", "none", True),
        ("R4", "consented", False),
        ("R7", "present", False),
    ]
    await assert_all_sound(database, name_city("cixi", volunteers=0, merchants=0))


async def test_history_comes_in_as_recorded_where_the_mapping_says_so(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """Every row that can be read; what was refused before as well."""
    path = a_file(tmp_path)
    await import_file(database, clock, ImportKind.RECORDS, path)
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('minors = "as-recorded"\n', encoding="utf-8")
    report = await import_file(database, clock, ImportKind.RECORDS, path, mapping=mapping)
    assert report.counts == (8, 3, 4, 1)
    assert await fetch_rows(database, "SELECT count(*) FROM service_records") == [(7,)]


def test_a_mapping_says_one_of_two(tmp_path: Path) -> None:
    """Anything else is no mapping; the choice tells two imports apart; a guardian's name is not read."""
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('minors = "whatever"\n', encoding="utf-8")
    with pytest.raises(BadFile, match="as-recorded"):
        read_mapping(ImportKind.RECORDS, mapping)
    mapping.write_text('minors = "as-recorded"\n', encoding="utf-8")
    assert read_mapping(ImportKind.RECORDS, mapping).sha256 != read_mapping(ImportKind.RECORDS, None).sha256
    assert is_personal("监护人")
