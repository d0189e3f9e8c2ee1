"""Audit rows that were there before they were numbered: the migration's hashes are those that the program makes."""

from sqlalchemy import text

from app.core.ids import ProgrammeId
from app.jobs.verifying_trail import check_trail
from app.store.migrating import upgrade
from tests.support.commands import a_connection
from tests.support.databases import EMPTY, TestServer, a_database
from tests.support.ledgers import fetch_rows

_ROWS = text("""
INSERT INTO audit_rows (programme_id, id, actor, action, subject, changes, recorded_at)
SELECT p.id, gen_random_uuid(), 'usr_' || n, 'fund.register', E'quote" slash\\\\ tab\t line\n \x01 é 礼',
       CAST(E'{ "a" :  1, "名称": "x\\\\u0001\\\\n" }' AS json),
       CAST('2026-03-02T01:00:00.000100Z' AS timestamptz) - n * interval '1 hour 7 microseconds'
FROM (VALUES ('cixi'), ('other')) AS p (id), generate_series(1, 5) AS n
""")
_PROGRAMME = text("""
INSERT INTO programmes (id, name, region_code, zone, fen_per_hundred_points, lapse_policy, grace_days, notice_days,
    points_max, created_at)
VALUES (:id, :id, '330282', 'Asia/Shanghai', 100, 'original', 30, 0, 1000000, now())
""")


async def test_rows_of_before_are_numbered_and_proved(server: TestServer) -> None:
    """In the order of their time, each programme by itself; whatever a text held, the hash is that of its bytes."""
    async with a_database(server, EMPTY) as database:
        await upgrade(database, "20261214")
        async with database.begin() as tx:
            await tx.execute(text("SET LOCAL session_replication_role = replica"))
            for name in ("cixi", "other"):
                await tx.execute(_PROGRAMME, {"id": name})
            await tx.execute(_ROWS)
        await upgrade(database)
        for name in ("cixi", "other"):
            async with a_connection(database) as connection:
                assert await check_trail(connection, ProgrammeId(name)) == []
        rows = await fetch_rows(database, "SELECT actor FROM audit_rows WHERE programme_id = 'cixi' ORDER BY number")
        assert [actor for (actor,) in rows] == [f"usr_{n}" for n in (5, 4, 3, 2, 1)]
        assert await fetch_rows(database, "SELECT next_number FROM audit_heads ORDER BY programme_id") == [(6,), (6,)]
