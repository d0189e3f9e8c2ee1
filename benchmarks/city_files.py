"""The files that an older system of the synthetic city would hand over, the same for the same seed and scale.

`python -m benchmarks.city_files --scale 0.05 FOLDER` writes teams.csv, volunteers.csv and records.csv: 340,500
volunteers with 10.134 million hours in about 3.4 million records over three years at scale 1.
"""

import argparse
import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from app.core.identity_numbers import Document
from app.core.personal_data import PersonalData
from app.demo.figures import CityFigures, city_figures
from app.demo.identities import draw_identities

FIRST_DAY = date(2023, 1, 1)
DAYS = 3 * 365
RECORD_MINUTES = (90, 120, 150, 180, 180, 200, 210, 240, 240)
MEAN_RECORD_MINUTES = sum(RECORD_MINUTES) / len(RECORD_MINUTES)
SPREAD = 1.1
"""Sigma of the lognormal distribution of hours: many give a little, a few give very much."""

TEAM_HEADER = ("团队编号", "团队名称", "团队类别", "行政区划代码", "上级团队编号")
VOLUNTEER_HEADER = (
    "志愿者编号",
    "行政区划代码",
    "所属团队编号",
    "出生日期",
    "注册日期",
    "状态",
    "姓名",
    "手机号",
    "身份证号",
)
RECORD_HEADER = (
    "记录编号",
    "志愿者编号",
    "活动名称",
    "活动编号",
    "日期",
    "开始时间",
    "结束时间",
    "地点",
    "服务内容",
    "服务时间",
    "组织单位",
    "负责人",
    "服务类别",
    "活动等级",
    "时长类别",
)
_CONTENTS = (
    "维护秩序、引导群众",
    "入户走访、陪伴老人",
    "清扫街道、分类垃圾",
    "讲解政策、发放资料",
    "指挥交通、劝导文明出行",
)


class DrawnTeam(NamedTuple):
    """A team of the lowest tier, as records name it."""

    number: str
    region: str
    town: str
    kind: str


class DrawnRecord(NamedTuple):
    """One record, before it is written: people and teams by their place in the files."""

    volunteer: int
    team: int
    start: int
    minutes: int
    activity: int


@dataclass(frozen=True, slots=True)
class CityFiles:
    """Where the three files are, and how many rows they have."""

    teams: Path
    volunteers: Path
    records: Path
    volunteer_count: int
    record_count: int
    minutes: int


def write_city(folder: Path, scale: float, seed: int = 20231105, figures: CityFigures | None = None) -> CityFiles:
    """Write the files of a city of this scale. Teams are always all there."""
    figures = figures or city_figures()
    draw = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "teams.csv", folder / "volunteers.csv", folder / "records.csv"
    teams = _write_teams(paths[0], figures)
    count = max(20, round(figures.volunteers * scale))
    days: list[list[DrawnRecord]] = [[] for _ in range(DAYS)]
    with paths[1].open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(VOLUNTEER_HEADER)
        for person, told in enumerate(islice(draw_identities(seed), count)):
            home = draw.randrange(len(teams))
            writer.writerow(
                (*_volunteer(draw, person, teams[home], told.document), told.name, told.phone, _number(told))
            )
            for day, record in _serve(draw, figures, person, home, len(teams)):
                days[day].append(record)
    written, minutes = _write_records(paths[2], figures, teams, days)
    return CityFiles(*paths, count, written, minutes)


def _write_teams(path: Path, figures: CityFigures) -> list[DrawnTeam]:
    """Three tiers: a corps for each kind, a brigade of each for each town, and squads until there are enough."""
    lowest: list[DrawnTeam] = []
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(TEAM_HEADER)
        written = 0
        brigades = []
        for number, kind in enumerate(figures.team_kinds, start=1):
            writer.writerow((f"T{number:02d}", f"{kind}总队", kind, figures.region, ""))
            written += 1
            for place, town in enumerate(figures.towns, start=1):
                brigades.append((f"T{number:02d}{place:02d}", town, kind))
                writer.writerow((brigades[-1][0], f"{town.name}{kind}大队", kind, town.code, f"T{number:02d}"))
                written += 1
        while written < figures.teams:
            above, town, kind = brigades[len(lowest) % len(brigades)]
            squad = len(lowest) // len(brigades) + 1
            team = DrawnTeam(f"{above}{squad:03d}", town.code, town.name, kind)
            writer.writerow((team.number, f"{kind}第{squad}小队", kind, town.code, above))
            lowest.append(team)
            written += 1
    return lowest


def _number(told: PersonalData) -> str:
    return told.document.number if told.document else ""


def _volunteer(draw: random.Random, person: int, team: DrawnTeam, shown: Document | None) -> tuple[str, ...]:
    drawn = date(1945, 1, 1) + timedelta(days=draw.randrange(60 * 365))
    born = (shown.born_on if shown else None) or drawn
    registered = FIRST_DAY - timedelta(days=draw.randrange(1, 2000))
    status = "冻结" if draw.random() < 0.002 else "正常"
    return f"V{person:07d}", team.region, team.number, born.isoformat(), registered.isoformat(), status


def _serve(
    draw: random.Random, figures: CityFigures, person: int, home: int, teams: int
) -> Iterator[tuple[int, DrawnRecord]]:
    """All service of one person, on different days: no two records overlap."""
    hours = min(1500.0, figures.mean_hours * draw.lognormvariate(-SPREAD * SPREAD / 2, SPREAD))
    count = min(DAYS, max(1, round(hours * 60 / MEAN_RECORD_MINUTES)))
    for day in draw.sample(range(DAYS), count):
        team = home if draw.random() < 0.8 else draw.randrange(teams)
        start = 60 * draw.randrange(8, 19) + 15 * draw.randrange(4)
        activity = draw.randrange(len(figures.activities))
        yield day, DrawnRecord(person, team, start, draw.choice(RECORD_MINUTES), activity)


def _write_records(
    path: Path, figures: CityFigures, teams: list[DrawnTeam], days: list[list[DrawnRecord]]
) -> tuple[int, int]:
    """Write the records in the order in which the city gave them."""
    number = minutes = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(RECORD_HEADER)
        for offset, records in enumerate(days):
            day = (FIRST_DAY + timedelta(days=offset)).isoformat()
            for record in sorted(records, key=lambda each: (each.start, each.volunteer)):
                number += 1
                minutes += record.minutes
                writer.writerow(_record(number, day, record, figures, teams[record.team]))
    return number, minutes


def _record(number: int, day: str, record: DrawnRecord, figures: CityFigures, team: DrawnTeam) -> tuple[str | int, ...]:
    end = record.start + record.minutes
    level = ("1", "1", "1", "1", "2", "1", "1", "1", "1", "3")[number % 10]
    return (
        f"R{number:08d}",
        f"V{record.volunteer:07d}",
        figures.activities[record.activity],
        f"A{day[2:4]}{day[5:7]}{record.activity:03d}",
        day,
        f"{record.start // 60:02d}:{record.start % 60:02d}",
        f"{end // 60:02d}:{end % 60:02d}",
        f"{team.town}新时代文明实践站",
        _CONTENTS[record.activity % len(_CONTENTS)],
        f"{record.minutes / 60:.2f}".rstrip("0").rstrip("."),
        team.number,
        f"V{record.volunteer // 50 * 50:07d}",
        team.kind,
        level,
        "荣誉时长" if number % 20 == 0 else "信用时长",
    )


def main() -> None:
    """Write the files into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=20231105)
    given = parser.parse_args()
    files = write_city(given.folder, given.scale, given.seed)
    print(f"{files.volunteer_count:,} volunteers, {files.record_count:,} records, {files.minutes / 60:,.0f} hours")


if __name__ == "__main__":
    main()
