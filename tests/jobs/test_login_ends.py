"""What log-ins leave behind: deleted in time, and told to the audit trail first."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.ids import ProgrammeId, UserId
from app.core.refused_logins import UNKNOWN_MAX, Door
from app.core.sessions import SESSIONS_KEPT
from app.jobs import refused_logins as refused_job
from app.jobs import sessions as sessions_job
from app.jobs.refused_logins import run_refused_logins
from app.jobs.running import run_jobs_once
from app.jobs.seen import flush_refused
from app.jobs.sessions import run_login_purge
from app.settings import BadSetting, read_settings
from app.store.database import Database
from app.store.wechat import replace_binding_code
from tests.support.clocks import Clock
from tests.support.log_ins import PASSWORD, a_user, ask_in, come_in, post_as
from tests.support.sites import Site, a_site

OTHER = ProgrammeId("yuyao")


async def _rows(site: Site, statement: str) -> list[tuple[object, ...]]:
    async with site.database.read() as reader:
        return [tuple(row) for row in await reader.execute(text(statement))]


async def _tell(site: Site) -> int:
    """What this process has counted, written down and noted."""
    await flush_refused(site.database, site.services.logins.refused)
    return await run_refused_logins(site.database, site.city.programme, site.clock)


async def _told(site: Site) -> list[tuple[str, str, int, int]]:
    """Of each audit row: the door, the subject, and the two counts."""
    rows = await _rows(site, "SELECT subject, changes FROM audit_rows WHERE action = 'login.refused' ORDER BY number")
    found = []
    for subject, changes in rows:
        said = changes if isinstance(changes, dict) else json.loads(str(changes))
        found.append((said["door"], str(subject), said["refused"], said["turned_away"]))
    return found


async def test_sessions_long_over_are_deleted_and_no_others(site: Site) -> None:
    """Ended or run out half a year ago: gone. Running, or over since: kept. The trail keeps its beginning and end."""
    user = await a_user(site)
    ended, left = await come_in(site), await come_in(site)
    await post_as(site, ended, f"/v1/auth/sessions/{ended['session_id']}/end")
    site.clock.move(timedelta(hours=2))
    assert await run_login_purge(site.database, site.city.programme, site.clock, SESSIONS_KEPT) == 0
    site.clock.move(SESSIONS_KEPT - timedelta(minutes=1))
    running = await come_in(site)
    assert await run_login_purge(site.database, OTHER, site.clock, SESSIONS_KEPT) == 0
    await run_login_purge(site.database, site.city.programme, site.clock, SESSIONS_KEPT)
    kept = {f"ses_{row[0].hex}" for row in await _rows(site, "SELECT id FROM sessions")}  # type: ignore[attr-defined]  # a UUID
    assert kept == {left["session_id"], running["session_id"]}
    site.clock.move(timedelta(minutes=2))
    await run_login_purge(site.database, site.city.programme, site.clock, SESSIONS_KEPT)
    assert len(await _rows(site, "SELECT id FROM sessions")) == 1
    trail = await _rows(site, "SELECT action FROM audit_rows WHERE action ~ '^session' ORDER BY number")
    assert [row[0] for row in trail] == ["session.begin", "session.begin", "session.end", "session.begin"]
    assert user.disabled_at is None


async def test_deleting_goes_in_small_steps_until_nothing_is_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a chunk is deleted chunk by chunk; run again there is nothing to do. Old attempts and codes go too."""
    monkeypatch.setattr(sessions_job, "CHUNK", 2)
    await a_user(site)
    for _ in range(5):
        await come_in(site)
    await ask_in(site, password="wrong one")
    async with site.database.begin() as tx:
        by, until = UserId(uuid7()), site.clock.now + timedelta(minutes=30)
        for number in range(3):
            volunteer = site.city.volunteers[number]
            await replace_binding_code(tx, site.city.programme, volunteer, b"%d" % number, by, site.clock.now, until)
    site.clock.move(SESSIONS_KEPT + timedelta(days=1))
    attempts = len(await _rows(site, "SELECT 1 FROM login_attempts"))
    assert attempts > 0
    purged = await run_login_purge(site.database, site.city.programme, site.clock, SESSIONS_KEPT)
    assert purged == 5 + attempts + 3
    assert await run_login_purge(site.database, site.city.programme, site.clock, SESSIONS_KEPT) == 0


def test_how_long_sessions_are_kept_is_a_setting() -> None:
    """In days; half a year unless said otherwise."""
    assert read_settings({}).sessions_kept == timedelta(days=180)
    assert read_settings({"LIYU_SESSIONS_KEPT_DAYS": "365"}).sessions_kept == timedelta(days=365)
    with pytest.raises(BadSetting, match="LIYU_SESSIONS_KEPT_DAYS"):
        read_settings({"LIYU_SESSIONS_KEPT_DAYS": "0"})


async def test_guessing_is_noted_with_its_count(site: Site) -> None:
    """Five wrong passwords and two turned away are one row, once the quarter of an hour is over, with no password."""
    user = await a_user(site)
    for _ in range(7):
        await ask_in(site, password="wrong one 7")
    for minutes in (0, 14, 1):
        site.clock.move(timedelta(minutes=minutes))
        assert await _tell(site) == 0
    site.clock.move(timedelta(minutes=1))
    assert await _tell(site) == 1
    assert await _told(site) == [("password", f"usr_{user.id.hex}", 5, 2)]
    assert await _tell(site) == 0
    trail = str(await _rows(site, "SELECT actor, subject, CAST(changes AS text) FROM audit_rows"))
    assert "wrong one" not in trail
    assert PASSWORD not in trail


async def test_a_name_that_is_nobodys_is_noted_by_its_hash(site: Site) -> None:
    """Somebody may have typed a password as the name: neither the table nor the trail has it in clear."""
    for name in ("my-secret-name", "my-secret-name", "another"):
        await ask_in(site, username=name)
    await flush_refused(site.database, site.services.logins.refused)
    stored = str(await _rows(site, "SELECT subject FROM refused_logins"))
    site.clock.move(timedelta(minutes=17))
    await _tell(site)
    told = await _told(site)
    assert sorted(count for _, _, count, _ in told) == [1, 2]
    assert all(subject.startswith("name:") for _, subject, _, _ in told)
    assert "secret" not in stored + str(told)


async def test_a_flood_of_names_over_several_processes_makes_few_rows(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are gathered in the table as well, and told in chunks; no count is lost, and who exists is seen."""
    monkeypatch.setattr(refused_job, "CHUNK", 3)
    user = f"usr_{uuid7().hex}"
    guard, programme = site.services.logins, site.city.programme
    for process in range(5):
        for number in range(UNKNOWN_MAX + 10):
            guard.refused.note(programme, Door.PASSWORD, None, f"{process}-{number}", site.clock.now)
        guard.refused.note(programme, Door.PASSWORD, user, "meng", site.clock.now)
        guard.refused.note(OTHER, Door.PASSWORD, None, "nobody", site.clock.now)
        await flush_refused(site.database, guard.refused)
    site.clock.move(timedelta(minutes=31))
    assert await _tell(site) == UNKNOWN_MAX + 2
    told = {subject: count for _, subject, count, _ in await _told(site)}
    assert sum(told.values()) == 5 * (UNKNOWN_MAX + 11)
    assert (told[user], told["others"]) == (5, 5 * (UNKNOWN_MAX + 10) - UNKNOWN_MAX)


async def test_what_was_counted_is_written_when_the_process_ends(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """A service that is told to stop loses no count."""
    async with a_site(database, clock, tmp_path) as site:
        await ask_in(site, username="nobody")
        assert not await _rows(site, "SELECT 1 FROM refused_logins")
    async with database.read() as reader:
        assert list(await reader.scalars(text("SELECT refused FROM refused_logins"))) == [1]


async def test_the_work_of_each_minute_does_both(site: Site) -> None:
    """Notes what was refused and deletes what is kept no longer, as long as the setting says."""
    await a_user(site)
    await come_in(site)
    await ask_in(site, password="wrong one")
    await flush_refused(site.database, site.services.logins.refused)
    site.clock.move(timedelta(days=3))
    services = site.services
    for days, left in ((4, 1), (2, 0)):
        kept = timedelta(days=days)
        await run_jobs_once(site.database, services.committers, services.cabinet, site.clock, kept)
        assert len(await _rows(site, "SELECT 1 FROM sessions")) == left
    assert [(door, count) for door, _, count, _ in await _told(site)] == [("password", 1)]


async def test_what_cannot_be_written_now_is_written_the_next_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database was away for a moment: no count is lost, and what came meanwhile is added."""
    guard = site.services.logins

    async def failing(*_arguments: object) -> None:
        guard.refused.note(site.city.programme, Door.PASSWORD, "usr_1", "meng", site.clock.now)
        raise OSError("away")

    guard.refused.note(site.city.programme, Door.PASSWORD, "usr_1", "meng", site.clock.now)
    with monkeypatch.context() as patched:
        patched.setattr("app.jobs.seen.add_refusals", failing)
        with pytest.raises(OSError, match="away"):
            await flush_refused(site.database, guard.refused)
    await flush_refused(site.database, guard.refused)
    assert await _rows(site, "SELECT subject, refused FROM refused_logins") == [("usr_1", 2)]
