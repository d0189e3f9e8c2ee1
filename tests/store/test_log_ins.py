"""The tables of log-ins: what a granted role may do with them, and what one programme sees of another's."""

from dataclasses import replace
from uuid import UUID, uuid4

from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.attempts import BY_NAME, Attempts, count_attempt
from app.core.ids import NOBODY, ProgrammeId, SessionId, UserId, VolunteerId
from app.core.refused_logins import Door, Knock, Refusals, window_of
from app.core.sessions import EndedBy, LoginMethod, Session
from app.store.database import Database
from app.store.login_attempts import drop_old_attempts, lock_attempts, update_attempts
from app.store.migrating import grant
from app.store.refused_logins import add_refusals, take_refusals
from app.store.sessions import (
    delete_sessions_over,
    end_sessions_of,
    fetch_open_sessions,
    insert_session,
    lock_session,
)
from app.store.totps import begin_totp, confirm_totp, remove_totp, replace_recovery_codes, use_recovery_code, use_step
from app.store.wechat import delete_binding_codes, fetch_bound_volunteer, replace_binding_code, use_binding_code
from tests.support.cities import a_city
from tests.support.clocks import Clock
from tests.support.log_ins import insert_user_row

OTHER = ProgrammeId("yuyao")


def _a_session(subject: UUID, clock: Clock) -> Session:
    """A session that lasts until next year."""
    return Session(
        id=SessionId(uuid7()),
        kind="volunteer",
        subject=subject,
        method=LoginMethod.WECHAT,
        device="wechat",
        network="-",
        created_at=clock.now,
        refreshed_at=clock.now,
        idle_until=clock.now.replace(year=2027),
        expires_at=clock.now.replace(year=2027),
    )


async def test_a_granted_role_logs_people_in(database: Database, clock: Clock) -> None:
    """Counting, forgetting, second factors set up and taken away, deleting: with the privileges of the service."""
    city = await a_city(database, clock, points=0, fund_fen=0)
    user = await insert_user_row(database, city.programme, clock.now)
    role = f"liyu_test_{uuid4().hex[:8]}"
    async with database.begin() as tx:
        await tx.execute(text(f"CREATE ROLE {role}"))
    await grant(database, role)
    async with database.begin() as tx:
        await tx.execute(text(f"SET LOCAL ROLE {role}"))
        found = await lock_attempts(tx, city.programme, [b"a", b"b"], clock.now)
        counted = count_attempt(found[b"a"], BY_NAME, clock.now)
        assert isinstance(counted, Attempts)
        await update_attempts(tx, city.programme, b"a", counted)
        await drop_old_attempts(tx, city.programme, clock.now)
        assert await begin_totp(tx, city.programme, user, b"sealed", clock.now)
        await confirm_totp(tx, city.programme, user, clock.now)
        await replace_recovery_codes(tx, city.programme, user, [b"one", b"two"], clock.now)
        assert await remove_totp(tx, city.programme, user)
        assert not await remove_totp(tx, city.programme, user)
        await insert_session(tx, city.programme, replace(_a_session(user, clock), expires_at=clock.now))
        assert await delete_sessions_over(tx, city.programme, clock.now.replace(year=2027), 10) == 1
        knock, window = Knock(Door.PASSWORD, "others", known=False), window_of(clock.now)
        await add_refusals(tx, city.programme, window, {knock: Refusals(2, 1)})
        await add_refusals(tx, city.programme, window, {knock: Refusals(1)})
        [taken] = await take_refusals(tx, city.programme, clock.now, 10)
        assert (taken.subject, taken.refusals) == ("others", Refusals(3, 1))
        assert not await take_refusals(tx, city.programme, clock.now, 10)
        await replace_binding_code(tx, city.programme, city.volunteers[0], b"code", user, clock.now, clock.now)
        assert await delete_binding_codes(tx, city.programme, clock.now.replace(year=2027), 10) == 1
    async with database.begin() as tx:
        await tx.execute(text(f"DROP OWNED BY {role}"))
        await tx.execute(text(f"DROP ROLE {role}"))


async def test_a_step_and_a_recovery_code_are_used_once(database: Database, clock: Clock) -> None:
    """The second who comes with the same finds it gone; an earlier step too."""
    city = await a_city(database, clock, points=0, fund_fen=0)
    user = await insert_user_row(database, city.programme, clock.now)
    async with database.begin() as tx:
        await begin_totp(tx, city.programme, user, b"sealed", clock.now)
        assert [await use_step(tx, city.programme, user, step) for step in (7, 7, 6, 8)] == [True, False, False, True]
        await replace_recovery_codes(tx, city.programme, user, [b"one"], clock.now)
        used = [await use_recovery_code(tx, city.programme, user, b"one", clock.now) for _ in range(2)]
        assert used == [True, False]


async def test_no_look_up_crosses_programmes(database: Database, clock: Clock) -> None:
    """With the ids of one programme another finds, ends and uses nothing."""
    city = await a_city(database, clock, points=0, fund_fen=0)
    volunteer, by = city.volunteers[0], UserId(uuid7())
    session = _a_session(volunteer, clock)
    until = clock.now.replace(year=2027)
    async with database.begin() as tx:
        await insert_session(tx, city.programme, session)
        await replace_binding_code(tx, city.programme, volunteer, b"code", by, clock.now, until)
        assert await lock_session(tx, OTHER, session.id) is None
        assert await end_sessions_of(tx, OTHER, volunteer, EndedBy.OWN, clock.now) == 0
        assert await use_binding_code(tx, OTHER, b"code", clock.now) is None
        assert await fetch_bound_volunteer(tx, OTHER, b"openid") is None
        assert await use_binding_code(tx, city.programme, b"code", clock.now) == VolunteerId(volunteer)
    async with database.read() as reader:
        nobody = SessionId(NOBODY)
        assert not await fetch_open_sessions(reader, OTHER, volunteer, nobody, 10, clock.now)
        [found] = await fetch_open_sessions(reader, city.programme, volunteer, nobody, 10, clock.now)
    assert found == session
