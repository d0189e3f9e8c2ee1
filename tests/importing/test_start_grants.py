"""Start grants of imported volunteers: by the policy in force on the day they registered, never for older ones."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from app.core.bonuses import brings_start_grant
from app.core.ids import ProgrammeId
from app.core.policies import Bonuses
from app.engine.committer import Committers
from app.importing.fields import ImportKind
from app.jobs.bonuses import run_bonuses
from app.store.database import Database
from tests.core.builders import a_policy
from tests.support.cities import a_city
from tests.support.city_rows import REGION, name_city
from tests.support.clocks import Clock
from tests.support.import_files import import_file, import_people, write_csv
from tests.support.ledgers import fetch_rows
from tests.support.rewards import put_in_force
from tests.support.soundness import assert_all_sound

HEADER = ("志愿者编号", "行政区划代码", "注册日期", "状态")
GIVEN = """
SELECT x.external_id, b.points, b.day FROM bonuses b
JOIN volunteer_external_ids x ON x.volunteer_id = b.volunteer_id ORDER BY x.external_id
"""
PROGRAMME = ProgrammeId("cixi")


def test_only_a_policy_of_the_day_promises_a_grant() -> None:
    """The day before it is in force brings nothing, its first day does; a policy without one brings none."""
    none = a_policy("v1", date(2024, 1, 1))
    giving = replace(a_policy("v2", date(2026, 1, 1)), bonuses=Bonuses(start_grant=5))
    days = (date(2023, 1, 1), date(2025, 12, 31), date(2026, 1, 1))
    assert [brings_start_grant((none, giving), day) for day in days] == [False, False, True]
    assert not brings_start_grant((none,), days[-1])


@pytest.fixture(autouse=True)
async def _city(database: Database, clock: Clock, tmp_path: Path) -> None:
    """A city whose policy has start grants from the first of January 2026 on; the day is the second of March."""
    await a_city(database, clock, volunteers=0, merchants=0, fund_fen=0)
    await put_in_force(database, PROGRAMME, clock.now, date(2026, 1, 1))
    await import_people(database, clock, tmp_path)


async def test_registrations_since_the_policy_bring_grants_once(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """On its first day and later; not before it, not without a day, not of one who left; a second run adds none."""
    lines = [
        ("N1", REGION, "2026-01-01", ""),
        ("N2", REGION, "2026-02-28", "冻结"),
        ("N3", REGION, "2025-12-31", ""),
        ("N4", REGION, "", ""),
        ("N5", REGION, "2026-02-01", "注销"),
        ("N6", REGION, "2019-05-05", ""),
    ]
    path = write_csv(tmp_path / "new.csv", [HEADER, *lines])
    committers = Committers(database, clock)
    for added in (6, 0):
        report = await import_file(database, clock, ImportKind.VOLUNTEERS, path)
        assert report.counts.added == added
        await run_bonuses(database, committers, PROGRAMME)
        assert await fetch_rows(database, GIVEN) == [("N1", 5, date(2026, 1, 1)), ("N2", 5, date(2026, 2, 28))]
    await committers.close()
    await assert_all_sound(database, name_city("cixi", volunteers=0, merchants=0))


async def test_a_dry_run_claims_nothing(database: Database, clock: Clock, tmp_path: Path) -> None:
    """What was only rehearsed brings nothing."""
    path = write_csv(tmp_path / "new.csv", [HEADER, ("N1", REGION, "2026-01-01", "")])
    await import_file(database, clock, ImportKind.VOLUNTEERS, path, dry_run=True)
    assert await fetch_rows(database, "SELECT count(*) FROM start_claims") == [(0,)]
