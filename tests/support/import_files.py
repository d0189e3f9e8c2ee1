"""Files of an older system, written for a test, and their import as `liyu import` does it."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from uuid_utils.compat import uuid7

from app.actions.keys import KeyCabinet
from app.actions.users import NewUser, create_user
from app.core.identity_numbers import id_check_character
from app.core.ids import ProgrammeId, UserId
from app.importing.fields import ImportKind
from app.importing.importing import ImportOrder, ImportReport, run_import
from app.security.actors import ActorKind
from app.store.database import Database
from tests.support.city_rows import REGION
from tests.support.clocks import Clock
from tests.support.sites import MASTER_KEY

RECORD_HEADER = (
    "记录编号",
    "志愿者编号",
    "活动名称",
    "日期",
    "开始时间",
    "结束时间",
    "服务时间",
    "组织单位",
    "时长类别",
)
PROGRAMME = ProgrammeId("cixi")


def write_csv(path: Path, rows: Iterable[Sequence[object]], encoding: str = "utf-8") -> Path:
    """A table as a file; the first row is the header."""
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a file that was written for a spreadsheet."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write_teams(folder: Path) -> Path:
    """A squad under a brigade under a corps, the squad in front."""
    rows = [
        ("团队编号", "团队名称", "团队类别", "行政区划代码", "上级团队编号"),
        ("T111", "浒山小队", "平安", REGION, "T11"),
        ("T1", "平安总队", "平安", REGION, ""),
        ("T11", "浒山大队", "平安", REGION, "T1"),
    ]
    return write_csv(folder / "teams.csv", rows)


PERSON_HEADER = ("志愿者编号", "姓名", "手机号", "身份证号码", "行政区划代码", "所属团队编号", "出生日期")


def a_person(number: int, **cells: object) -> tuple[object, ...]:
    """A row of a volunteer born on the first of January 1990, with a document of their own; cells may be changed."""
    body = f"{330282 + number // 1000}19900101{number % 1000:03}"
    told: dict[str, Any] = {
        "志愿者编号": f"V{number}",
        "姓名": "陈志明",
        "手机号": "13800000000",
        "身份证号码": body + id_check_character(body),
        "行政区划代码": REGION,
        "所属团队编号": "T111",
        "出生日期": "1990-01-01",
    }
    return tuple({**told, **cells}.values())


def write_volunteers(folder: Path, count: int = 3) -> Path:
    """Volunteers V1, V2 …, with names, phones and documents, and a column that is nobody's business."""
    people = [(*a_person(number), "村口第三家") for number in _to(count)]
    return write_csv(folder / "volunteers.csv", [(*PERSON_HEADER, "家庭住址"), *people])


def _to(count: int) -> range:
    return range(1, count + 1)


def a_line(number: int, volunteer: str = "V1", day: int | None = None, **cells: object) -> tuple[object, ...]:
    """A row of service: two hours on a day of its own, three of which may be changed."""
    told: dict[str, Any] = {
        "记录编号": f"R{number}",
        "志愿者编号": volunteer,
        "活动名称": "清洁家园",
        "日期": date(2025, 1, 1 + (number if day is None else day) % 28).isoformat(),
        "开始时间": "09:00",
        "结束时间": "12:00",
        "服务时间": "2.5",
        "组织单位": "T111",
        "时长类别": "信用时长",
    }
    return tuple({**told, **cells}[header] for header in RECORD_HEADER)


async def make_administrators(database: Database, clock: Clock) -> None:
    """Two administrators, who stand for imports."""
    async with database.begin() as tx:
        for name in ("enterer", "verifier"):
            new = NewUser(id=UserId(uuid7()), kind=ActorKind.ADMIN, username=name, password="long enough to be one")
            await create_user(tx, PROGRAMME, new, clock.now)


def an_order(kind: ImportKind, path: Path, **options: object) -> ImportOrder:
    """The order to import a file of the system `old`."""
    told: dict[str, Any] = {"entered_by": "enterer", "verified_by": "verifier", "source": "old", **options}
    return ImportOrder(kind=kind, path=path, programme=PROGRAMME, **told)


async def import_file(
    database: Database, clock: Clock, kind: ImportKind, path: Path, **options: object
) -> ImportReport:
    """Import a file of the system `old`."""
    order = an_order(kind, path, **options)
    return await run_import(database, order, clock, lambda _counts: None, lambda: KeyCabinet(database, MASTER_KEY))


async def import_people(database: Database, clock: Clock, folder: Path, count: int = 3) -> None:
    """The administrators, the teams, and so many volunteers."""
    await make_administrators(database, clock)
    teams = await import_file(database, clock, ImportKind.TEAMS, write_teams(folder))
    volunteers = await import_file(database, clock, ImportKind.VOLUNTEERS, write_volunteers(folder, count))
    assert (teams.counts.added, volunteers.counts.added) == (3, count)
