"""Rows of service records: the items of order 67 under their Chinese headers, and the first thing wrong with each."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.core.rows import Evidence
from app.importing.decoding import BadFile
from app.importing.fields import ImportKind
from app.importing.mapping import lay_out, read_mapping
from app.importing.record_rows import RecordReader
from app.importing.values import CellFault

HEADER = [
    "记录编号",
    "志愿者编号",
    "活动名称",
    "日期",
    "开始时间",
    "结束时间",
    "地点",
    "服务内容",
    "服务时间",
    "组织单位",
    "负责人",
]
ROW = ["R1", "V1", "清洁家园", "2024-03-05", "09:00", "12:00", "浒山街道", "打扫", "2.5", "浒山小队", "V9"]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def a_reader(header: list[str], mapping: str = "", folder: Path | None = None) -> RecordReader:
    """A reader of a file with this header, under a mapping if one is written."""
    path = None
    if mapping and folder:
        path = folder / "mapping.toml"
        path.write_text(mapping, encoding="utf-8")
    read = read_mapping(ImportKind.RECORDS, path)
    return RecordReader(read, lay_out(read, header), SHANGHAI)


def changed(field: str, cell: str) -> list[str]:
    """The row with one cell changed."""
    return [cell if header == field else old for header, old in zip(HEADER, ROW, strict=True)]


def test_the_items_of_order_67() -> None:
    """Every item comes out under the headers that offices use, without a mapping."""
    row = a_reader(HEADER).read(ROW)
    assert (row.external_no, row.volunteer_no, row.team_no, row.activity) == ("R1", "V1", "浒山小队", "清洁家园")
    assert (row.place, row.content, row.in_charge) == ("浒山街道", "打扫", "V9")
    assert row.started_at == datetime(2024, 3, 5, 1, tzinfo=UTC)
    assert row.ended_at == datetime(2024, 3, 5, 4, tzinfo=UTC)
    assert (row.minutes, row.level, row.evidence) == (150, 1, Evidence.IMPORTED)


@pytest.mark.parametrize(
    "field, cell, fault",
    [
        ("志愿者编号", " ", "volunteer: missing"),
        ("组织单位", "", "team: missing"),
        ("活动名称", "", "activity: missing"),
        ("活动名称", "x" * 201, "activity: too-long"),
        ("服务内容", "a\0b", "content: not-allowed"),
        ("日期", "soon", "date: not-a-day"),
        ("开始时间", "noon", "start: not-a-time"),
        ("结束时间", "25:00", "end: not-a-time"),
        ("服务时间", "long", "hours: not-a-duration"),
    ],
)
def test_the_first_thing_wrong(field: str, cell: str, fault: str) -> None:
    """It is told by our field and what is wrong, never by what stood there."""
    with pytest.raises(CellFault, match=f"^{fault}$"):
        a_reader(HEADER).read(changed(field, cell))


def test_a_mapping_names_columns_words_and_constants(tmp_path: Path) -> None:
    """Other headers, other words, a value for all rows; minutes beat hours."""
    mapping = """
        source = "zyh"
        [columns]
        activity = "项目"
        minutes = "分钟数"
        [constants]
        team = "T1"
        [values.evidence]
        "后补" = "attested"
        [values.level]
        "高" = "3"
    """
    header = ["志愿者编号", "项目", "日期", "开始时间", "分钟数", "服务时长", "依据", "等级"]
    reader = a_reader(header, mapping, tmp_path)
    row = reader.read(["V1", "宣讲", "2024-03-05", "09:00", "45", "9", "后补", "高"])
    assert (row.team_no, row.activity, row.minutes, row.level) == ("T1", "宣讲", 45, 3)
    assert row.evidence is Evidence.ATTESTED
    assert row.ended_at == datetime(2024, 3, 5, 1, 45, tzinfo=UTC)
    with pytest.raises(CellFault, match="evidence: unknown-word"):
        reader.read(["V1", "宣讲", "2024-03-05", "09:00", "45", "9", "别的", "高"])


def test_check_ins_are_evidence() -> None:
    """A row with both is checked in, its minutes those between them; half a pair is not."""
    header = ["志愿者编号", "组织单位", "活动名称", "日期", "签到时间", "签退时间"]
    reader = a_reader(header)
    row = reader.read(["V1", "T1", "巡逻", "2024-03-05", "09:00:30", "11:00:00"])
    assert (row.evidence, row.minutes, len(row.check_ins)) == (Evidence.CHECKED_IN, 119, 1)
    with pytest.raises(CellFault, match="check_out: missing"):
        reader.read(["V1", "T1", "巡逻", "2024-03-05", "09:00", ""])


def test_a_number_follows_from_the_row() -> None:
    """Without a number a record is known by volunteer, team, activity, time and minutes: not by where it was."""
    reader = a_reader(HEADER)
    number = reader.read(changed("记录编号", "")).external_no
    assert number.startswith("h:")
    assert reader.read([*changed("记录编号", "")[:6], "elsewhere", *ROW[7:]]).external_no == number
    different = [reader.read(["", *changed(field, "V2" if field != "服务时间" else "1")[1:]]).external_no
                 for field in ("志愿者编号", "组织单位", "活动名称", "服务时间")]  # fmt: skip
    assert len({number, *different}) == 5


def test_a_file_without_a_needed_column_is_refused() -> None:
    """The message names the headers that would do."""
    with pytest.raises(BadFile, match="no column for volunteer: one named 志愿者编号"):
        a_reader(["姓名", "组织单位", "活动名称"])


@pytest.mark.parametrize(
    "mapping, message",
    [
        ('[columns]\nvolunteer = "身份证号码"', "personal data"),
        ('[columns]\nnickname = "a"', "no field nickname"),
        ('[extra]\na = "b"', "no section extra"),
        ("source = ", "the mapping"),
        ('[columns]\nplace = "场地"', "no column 场地"),
    ],
)
def test_a_mapping_that_cannot_be_used(tmp_path: Path, mapping: str, message: str) -> None:
    """Personal data cannot be mapped; what is not known is not passed over in silence."""
    with pytest.raises(BadFile, match=message):
        a_reader(HEADER, mapping, tmp_path)
