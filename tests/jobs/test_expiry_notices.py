"""Notices before points expire: each volunteer once for each distance, numbered without gaps."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from app.jobs.expiry_notices import run_expiry_notices
from app.jobs.lots import run_expiries
from app.security.actors import ActorKind
from app.store.database import Database
from tests.support.clocks import Clock
from tests.support.ledgers import fetch_rows
from tests.support.service_calls import a_volunteer, person
from tests.support.sites import Site, a_site

NOTICES = "SELECT number, volunteer_id, days_before, points FROM expiry_notices ORDER BY number"
MIDNIGHT = datetime(2028, 11, 30, 16, tzinfo=UTC)
"""The first of December begins in Shanghai: thirty days before the lots of the city end."""


async def tell(site: Site, chunk: int = 2) -> int:
    """Run the job in small chunks."""
    return await run_expiry_notices(site.database, site.city.programme, site.clock, chunk)


async def told(site: Site) -> list[tuple[int, str, int, int]]:
    """What was written, by number: how many there are tells whether somebody was told twice."""
    rows = await fetch_rows(site.database, NOTICES)
    return [(number, str(volunteer), days, points) for number, volunteer, days, points in rows]


async def test_everybody_is_told_thirty_and_seven_days_before(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Not a moment before the day begins in Shanghai; run again, nothing is told twice; numbers have no gap."""
    async with a_site(database, clock, tmp_path) as site:
        clock.now = MIDNIGHT - timedelta(seconds=1)
        assert await tell(site) == 0
        clock.now = MIDNIGHT
        assert await tell(site) == 3
        for later in (timedelta(0), timedelta(hours=1), timedelta(days=22)):
            clock.now = MIDNIGHT + later
            assert await tell(site) == 0
        clock.now = MIDNIGHT + timedelta(days=23)
        assert await tell(site) == 3
        rows = await told(site)
    assert [(number, days, points) for number, _, days, points in rows] == [
        *((number, 30, 500) for number in (1, 2, 3)),
        *((number, 7, 500) for number in (4, 5, 6)),
    ]
    assert len({volunteer for _, volunteer, _, _ in rows}) == 3


async def test_a_job_that_stood_still_tells_late_and_only_from_the_nearer_distance(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """Ten days late the first notice comes; a month late only the second; after the last day none."""
    async with a_site(database, clock, tmp_path) as site:
        clock.now = MIDNIGHT + timedelta(days=27)
        assert await tell(site) == 3
        assert {days for _, _, days, _ in await told(site)} == {7}
        clock.now = MIDNIGHT + timedelta(days=31)
        assert await tell(site) == 0


async def test_processes_that_run_at_once_tell_each_once(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Four at a time, one volunteer a chunk: three notices, numbered one to three."""
    async with a_site(database, clock, tmp_path) as site:
        clock.now = MIDNIGHT
        assert sum(await asyncio.gather(*(tell(site, 1) for _ in range(4)))) == 3
        assert [number for number, _, _, _ in await told(site)] == [1, 2, 3]


async def test_a_run_that_was_broken_off_goes_on(database: Database, clock: Clock, tmp_path: Path) -> None:
    """What the first chunk has told is kept; the rest follows, also on another day."""
    async with a_site(database, clock, tmp_path) as site:
        clock.now = MIDNIGHT
        first = min(site.city.volunteers)
        async with database.begin() as tx:
            await tx.execute(
                text("""
                INSERT INTO expiry_notices VALUES (:programme, 1, :first, '2028-12-31', 30, 500, :at)
                """),
                {"programme": site.city.programme, "first": first, "at": clock.now},
            )
            await tx.execute(text("INSERT INTO notice_heads VALUES (:programme, 2)"), {"programme": "cixi"})
            await tx.execute(
                text("INSERT INTO expiry_notice_runs VALUES ('cixi', '2028-12-31', 30, '2028-12-01', :first, false)"),
                {"first": first},
            )
        clock.move(timedelta(days=1))
        assert await tell(site, 1) == 2
        assert [number for number, _, _, _ in await told(site)] == [1, 2, 3]


async def test_who_has_nothing_left_or_has_gone_is_not_told(database: Database, clock: Clock, tmp_path: Path) -> None:
    """A wallet spent empty, a volunteer who left: no notice. What comes later that month is told on the next day."""
    async with a_site(database, clock, tmp_path) as site:
        await site.redeem("A-1", await site.pay_code(0), 500)
        async with database.begin() as tx:
            await tx.execute(
                text("UPDATE volunteers SET status = 'left' WHERE id = :id"), {"id": site.city.volunteers[1]}
            )
        clock.now = MIDNIGHT
        assert await tell(site) == 1
        assert [volunteer for _, volunteer, _, _ in await told(site)] == [str(site.city.volunteers[2])]
        async with database.begin() as tx:
            await tx.execute(text("UPDATE volunteers SET status = 'active'"))
        assert await tell(site) == 0
        clock.move(timedelta(days=1))
        assert await tell(site) == 1


async def test_notices_are_read_as_a_stream_and_by_their_volunteer(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """The cursor leads through all of them and waits for more; a volunteer reads their own, in two languages."""
    async with a_site(database, clock, tmp_path) as site:
        auditor, volunteer = person(site, "auditor", ActorKind.AUDITOR), a_volunteer(site)
        assert await auditor.get("/v1/notices") == {"notices": [], "next": "0"}
        clock.now = MIDNIGHT
        await tell(site)
        seen, cursor = [], "0"
        for _ in range(4):
            page = await auditor.get(f"/v1/notices?limit=2&after={cursor}")
            seen += [notice["number"] for notice in page["notices"]]
            cursor = page["next"]
        assert (seen, cursor) == ([1, 2, 3], "3")
        own = (await volunteer.get("/v1/me/notices"))["notices"]
        assert [(notice["points"], notice["expires_on"], notice["days_before"]) for notice in own] == [
            (500, "2028-12-31", 30)
        ]
        assert own[0]["text"] == "您有 500 积分即将到期，最后可用日为2028年12月31日（当日 24:00 失效）。"
        headers = {**await site.volunteer_headers(), "Accept-Language": "en"}
        english = (await site.client.get("/v1/me/notices", headers=headers)).json()
        assert english["notices"][0]["text"].startswith("500 points can be spent until the end of 2028-12-31")
        clock.now = MIDNIGHT + timedelta(days=31)
        await run_expiries(database, site.services.committers, site.city.programme, clock)
        assert len((await volunteer.get("/v1/me/notices"))["notices"]) == 1, "what was told stays told"
