"""How long a back-test over a city takes: `python -m benchmarks.back_testing --records 340000`.

Rows as verifications leave them are made inside a database of its own, ten records a volunteer over three years, in
the order of time, so that one volunteer's records lie far apart. Then drafts of rising cost are tested over all of it.
"""

import argparse
import asyncio
import json
import os
import resource
import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.actions.accrual_policies import draft_policy
from app.actions.back_tests import ask_for_back_test
from app.core.ids import BackTestId, ProgrammeId, UserId
from app.core.policies import AccrualPolicy, Band, Caps, Overlay, Rule, Scale, ScalePeriod
from app.core.policies.back_test_reports import Cell
from app.hosting import migrate_database
from app.jobs.back_tests import Manner, run_waiting
from app.settings import Settings
from app.store.back_tests import fetch_back_test
from app.store.database import Database
from app.store.postgres import EmbeddedPostgres, find_binaries

CITY = ProgrammeId("cixi")
CITY_RECORDS = 3_400_000
RECORDS_EACH = 10
_SINCE, _UNTIL = date(2023, 1, 1), date(2025, 12, 31)
_AUTHOR = UserId(UUID(int=1))

_ROWS = (
    """INSERT INTO programmes (id, name, region_code, zone, fen_per_hundred_points, lapse_policy, grace_days,
           notice_days, expiry_years, points_max, created_at)
       VALUES ('cixi', '慈溪', '330282', 'Asia/Shanghai', 300, 'grace', 30, 0, 2, 100000, '2023-01-01+08')""",
    """INSERT INTO regions (programme_id, code, name, level, kind)
       SELECT 'cixi', (330282000 + n)::text, 'town ' || n, 'town', 'official' FROM generate_series(1, 20) n""",
    """INSERT INTO teams (programme_id, id, tier, kind, name, region_code, created_at)
       SELECT 'cixi', md5('team' || n)::uuid, 1, 'general', 'team ' || n, (330282001 + n % 20)::text, '2023-01-01+08'
       FROM generate_series(0, 1334) n""",
    """INSERT INTO accrual_policies (programme_id, version, effective_from, rate_per_hour, coefficients_bp, created_by,
           created_at)
       VALUES ('cixi', '2020-1', '2020-01-01', 10, '{"1": 10000, "2": 12000, "3": 15000}', md5('')::uuid,
           '2020-01-01+08')""",
    """INSERT INTO journal_heads (programme_id, next_seq, next_account_no, recorded_at)
       VALUES ('cixi', :records + 1, 1, '2026-01-01+08')""",
    """INSERT INTO volunteers (programme_id, id, status, masked_name, region_code, team_id, registered_at, created_at)
       SELECT 'cixi', md5('v' || n)::uuid, 'active', '王**', '330282001', md5('team' || n % 1335)::uuid,
           '2023-01-01+08', '2023-01-01+08' FROM generate_series(0, :people - 1) n""",
    """CREATE TEMPORARY TABLE made AS
       SELECT n, md5('r' || n)::uuid AS record, md5('t' || n)::uuid AS transaction,
           md5('v' || (n * 7919 % :people))::uuid AS volunteer, n * 7919 % :people AS person,
           20 + n * 104729 % 461 AS minutes, 1 + n * 17 % 3 AS level, (330282001 + n * 13 % 20)::text AS town,
           timestamptz '2023-01-01 09:00+08' + (n * 1095 / :records) * interval '1 day' AS began
       FROM generate_series(1, :records) n""",
    """INSERT INTO service_records (programme_id, id, state, volunteer_id, team_id, evidence, activity, minutes, level,
           started_at, ended_at, recorder_id, verifier_id, points, expires_on, policy, transaction_id, created_at,
           activity_id, category, place, place_region, content, in_charge, check_ins)
       SELECT 'cixi', record, 'verified', volunteer, md5('team' || person % 1335)::uuid, 'checked-in', '文明劝导',
           minutes, level, began, began + minutes * interval '1 minute', md5('e')::uuid, md5('c')::uuid,
           minutes * 10 * (ARRAY[10000, 12000, 15000])[level] / 600000, '2026-12-31', '2020-1', transaction, began,
           'act-' || n % 50000, (ARRAY['垃圾分类', '文明创建', '应急救护', '平安夜巡', '助老'])[1 + n % 5], '虞波广场',
           town, '在路口劝导行人和车辆', '李四', ARRAY[began, began + minutes * interval '1 minute'] FROM made""",
    """INSERT INTO accruals (programme_id, record_id, volunteer_id, day, activity, counted, points, policy, inputs,
           steps)
       SELECT 'cixi', record, volunteer, (began AT TIME ZONE 'Asia/Shanghai')::date, 'a/' || n % 50000, minutes,
           minutes * 10 * (ARRAY[10000, 12000, 15000])[level] / 600000, '2020-1',
           json_build_object('service', json_build_object('minutes', minutes, 'level', level, 'day', began::date,
               'category', '垃圾分类', 'organiser', false, 'activity', 'a/' || n % 50000, 'region', town),
               'standing', json_build_object('activity_minutes', 0, 'day_minutes', 0, 'year_minutes', 0, 'minutes', 0,
               'day_points', 0, 'year_points', 0, 'balance', 0, 'first', true, 'overlay_left', 0)),
           json_build_array(json_build_array('minutes', minutes, 1, ''), json_build_array('rate', 10, 1, ''),
               json_build_array('earned', minutes / 6, 1, '')) FROM made""",
    """INSERT INTO transactions (programme_id, seq, id, kind, actor, reason, occurred_at, recorded_at, policy, document,
           leaf_hash)
       SELECT 'cixi', n, transaction, 'accrue.v1', 'usr_' || md5('c'), 'service-verified', began, began, '2020-1',
           'rec_' || replace(record::text, '-', ''), sha256(n::text::bytea) FROM made""",
    """INSERT INTO accounts (programme_id, account_no, owner_id, kind, part, balance)
       SELECT 'cixi', 4 * (n + 1) + k, md5('v' || n)::uuid, (ARRAY['hours', 'wallet'])[k],
           (ARRAY['', '2026-12-31'])[k], 3000
       FROM generate_series(0, :people - 1) n, generate_series(1, 2) k""",
    """INSERT INTO transfers (programme_id, seq, position, debit_account_no, credit_account_no, amount, debit_balance,
           credit_balance)
       SELECT 'cixi', n, k - 1, k, 4 * (person + 1) + k, minutes, 0, 0 FROM made, generate_series(1, 2) k""",
)


def _drafts() -> dict[str, AccrualPolicy]:
    plain = AccrualPolicy(
        version="plain",
        effective_from=date(2026, 6, 1),
        rate_per_hour=12,
        coefficients_bp={1: 10_000, 2: 12_000, 3: 15_000},
        category_bp={"垃圾分类": 5_000},
        organiser_bp=11_000,
    )
    capped = replace(
        plain,
        caps=Caps(activity_minutes=240, day_minutes=360, year_minutes=1_200),
        scale=Scale(period=ScalePeriod.YEAR, bands=(Band(until_minutes=600, per=1), Band(until_minutes=None, per=2))),
    )
    rule = Rule(name="周末", when="weekday >= 6 && total_minutes >= 600 && category != '助老'", coefficient_bp=12_000)
    town = Overlay(region_code="330282001", extra_bp=2_000, year_budget=100_000)
    return {
        "plain rates": plain,
        "caps and a scale": replace(capped, version="capped"),
        "caps and a condition": replace(capped, version="condition", rules=(rule,)),
        "a cap on what is stored": replace(plain, version="stored", caps=Caps(balance_points=300)),
        "caps and a town's budget": replace(capped, version="town", overlays=(town,)),
    }


async def _fill(database: Database, records: int) -> None:
    values = {"records": records, "people": max(1, records // RECORDS_EACH)}
    connection = await database.connect_reading()
    try:
        await connection.execute("SET session_replication_role = replica; SET work_mem = '256MB'")
        for statement in _ROWS:
            filled = statement
            for name, value in values.items():
                filled = filled.replace(f":{name}", f"{value}::bigint")
            await connection.execute(filled)
        await connection.execute("DROP TABLE made")
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


def _now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


async def _measure(database: Database, draft: AccrualPolicy, processes: int) -> tuple[float, Cell]:
    back_test = BackTestId(uuid7())
    async with database.begin() as tx:
        await draft_policy(tx, CITY, draft, _AUTHOR, _now())
        await ask_for_back_test(tx, CITY, draft.version, back_test, since=_SINCE, until=_UNTIL, by=_AUTHOR, at=_now())
    began = time.perf_counter()
    await run_waiting(database, CITY, _now, Manner(processes=processes))
    seconds = time.perf_counter() - began
    async with database.read() as reader:
        found = await fetch_back_test(reader, CITY, back_test)
    if found is None or found.report is None:
        raise TypeError("there is no report")
    return seconds, found.report.tally.total


def _cpu_s() -> float:
    """What this process and those that it has started and awaited have computed so far."""
    spent = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in spent)


async def _postgres_cpu_s(database: Database) -> float:
    """What the server's connections that have ended have computed so far."""
    async with database.read() as reader:
        backend = await reader.scalar(text("SELECT pg_backend_pid()"))
    server = _stat(int(backend or 0))[1]
    user, system = _stat(int(server))[13:15]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()


async def _run(url: str, records: int, processes: int) -> None:
    await migrate_database(replace(Settings(), database_url=url))
    database = Database(url)
    try:
        began = time.perf_counter()
        await _fill(database, records)
        print(f"{records:,} records made in {time.perf_counter() - began:.0f} s", flush=True)
        for name, draft in _drafts().items():
            spent, served = _cpu_s(), await _postgres_cpu_s(database)
            seconds, total = await _measure(database, draft, processes)
            rate = records / seconds
            figures = {
                "draft": name,
                "records": total.records,
                "seconds": round(seconds, 1),
                "records_per_s": round(rate),
                "city_s": round(CITY_RECORDS / rate),
                "python_cpu_s": round(_cpu_s() - spent, 1),
                "postgres_cpu_s": round(await _postgres_cpu_s(database) - served, 1),
                "process_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
                "server_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
            print(json.dumps(figures), flush=True)
    finally:
        await database.close()


def main() -> None:
    """Make the rows in a scratch folder, measure, print a line for each draft."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=340_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the scratch database goes")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=arguments.folder) as folder,
        EmbeddedPostgres(Path(folder), binaries=find_binaries(None)) as url,
    ):
        asyncio.run(_run(url, arguments.records, arguments.processes))


if __name__ == "__main__":
    main()
