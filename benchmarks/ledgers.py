"""A large ledger to measure reading on: rows as verifications would have left them, copied straight into the tables.

Programme, teams, users and keys come through production's own commands; what follows is three years of records.
"""

import asyncio
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.core.accounts import CHART, AccountKey, AccountKind, Side, lot
from app.core.canonical import encode_transaction, format_instant, hash_leaf
from app.core.ids import ProgrammeId, RecordId, TransactionId, VolunteerId, format_id
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from app.demo.loaded import LoadedCity
from app.hosting import migrate_database
from app.jobs.checkpoints import run_checkpoint
from app.main import make_services
from app.settings import Settings
from app.store.database import Database
from app.store.postgres import EmbeddedPostgres, find_binaries
from benchmarks.city import load_city

CHUNK = 20_000
RECORDS_EACH = 10
"""How many records a volunteer has on average."""
HEAVY = 20
"""So many volunteers have far more than the others, as the busiest of a city do."""
HEAVY_RECORDS = 600
_FIRST_DAY = datetime(2023, 1, 1, 1, tzinfo=UTC)
_DAYS = 3 * 365
_BATCH = 256
"""Transactions that share a moment of recording."""

_COLUMNS = {
    "volunteers": "programme_id id status masked_name region_code team_id registered_at created_at",
    "service_records": "programme_id id state volunteer_id team_id evidence activity minutes level started_at ended_at "
    "recorder_id verifier_id points expires_on policy transaction_id created_at",
    "accruals": "programme_id record_id volunteer_id day activity counted points policy inputs steps",
    "transactions": "programme_id seq id kind actor reason occurred_at recorded_at policy document reverses leaf_hash",
    "transfers": "programme_id seq position debit_account_no credit_account_no amount debit_balance credit_balance",
    "accounts": "programme_id account_no owner_id kind part balance",
}

Row = tuple[Any, ...]


@dataclass(slots=True)
class LedgerWriter:
    """Writes accruals behind what a programme's journal holds already."""

    city: LoadedCity
    teams: Sequence[tuple[UUID, str]]
    next_seq: int
    next_account_no: int
    recorded_at: datetime
    numbers: dict[AccountKey, int]
    balances: dict[int, int]
    fresh: set[int] = field(default_factory=set)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def accrue(self, volunteer: VolunteerId, team: UUID, began: datetime, minutes: int) -> None:
        """One verified record: its row, its accrual, its transaction and both transfers."""
        programme, record, actor = self.city.programme, RecordId(uuid7()), self.city.admin
        points, day = minutes * 10 // 60, (began + timedelta(hours=8)).date()
        expires, ended = date(day.year + 2, 12, 31), began + timedelta(minutes=minutes)
        if self.next_seq % _BATCH == 0:
            self.recorded_at += timedelta(milliseconds=37)
        hours = AccountKey(AccountKind.HOURS, volunteer)
        transaction = Transaction(
            id=TransactionId(uuid7()),
            kind=TransactionKind.ACCRUE,
            actor=format_id("usr", actor),
            reason=Reason.SERVICE_VERIFIED,
            occurred_at=ended,
            transfers=(
                Transfer(AccountKey(AccountKind.SERVICE), hours, minutes),
                Transfer(AccountKey(AccountKind.ISSUANCE), lot(AccountKind.WALLET, volunteer, expires), points),
            ),
            document=format_id("rec", record),
            policy="2020-1",
        )
        inputs = f'{{"service": {{"minutes": {minutes}, "level": 1, "day": "{day}"}}, "standing": {{}}}}'
        steps = f'[["minutes", {minutes}, 1, ""], ["rate", 10, 1, ""], ["earned", {points}, 1, ""]]'
        row = (record, "verified", volunteer, team, "imported", "文明劝导", minutes, 1, began, ended, actor, actor)
        self._add("service_records", *row, points, expires, "2020-1", transaction.id, self.recorded_at)
        self._add("accruals", record, volunteer, day, record.hex, minutes, points, "2020-1", inputs, steps)
        self._post(programme, transaction)

    def _post(self, programme: ProgrammeId, transaction: Transaction) -> None:
        seq, self.next_seq = self.next_seq, self.next_seq + 1
        leaf = hash_leaf(encode_transaction(programme, seq, format_instant(self.recorded_at), transaction))
        said = (transaction.id, transaction.kind.value, transaction.actor, transaction.reason.value)
        moments = (transaction.occurred_at, self.recorded_at)
        self._add("transactions", seq, *said, *moments, transaction.policy, transaction.document, None, leaf)
        for position, (debit, credit, amount) in enumerate(transaction.transfers):
            numbers = self._number(debit), self._number(credit)
            after = self._move(debit, amount, Side.DEBIT), self._move(credit, amount, Side.CREDIT)
            self._add("transfers", seq, position, *numbers, amount, *after)

    def _number(self, key: AccountKey) -> int:
        if key not in self.numbers:
            self.numbers[key] = self.next_account_no
            self.fresh.add(self.next_account_no)
            self.next_account_no += 1
        return self.numbers[key]

    def _move(self, key: AccountKey, amount: int, side: Side) -> int:
        number = self.numbers[key]
        moved = amount if CHART[key.kind].side is side else -amount
        self.balances[number] = balance = self.balances.get(number, 0) + moved
        return balance

    def _add(self, table: str, *values: object) -> None:
        self.rows.setdefault(table, []).append((self.city.programme, *values))

    def add_volunteer(self, volunteer: VolunteerId, team: UUID, region: str) -> None:
        """A volunteer who is active since before the first day."""
        self._add("volunteers", volunteer, "active", "张**", region, team, _FIRST_DAY, _FIRST_DAY)

    def account_rows(self) -> Iterator[Row]:
        """The accounts that were opened here, with what they hold."""
        for key, number in self.numbers.items():
            if number in self.fresh:
                yield self.city.programme, number, key.owner, key.kind.value, key.part, self.balances[number]


async def write_ledger(database: Database, city: LoadedCity, transactions: int, seed: int = 7) -> list[VolunteerId]:
    """Append so many accruals. Gives the volunteers, those with the most records first."""
    connection = await database.connect_reading()
    try:
        # As a restore does: what the rows name is there, and checking each would take longer than writing it.
        await connection.execute("SET session_replication_role = replica")
        writer = await _writer(connection, city)
        people = [VolunteerId(uuid7()) for _ in range(max(HEAVY + 1, transactions // RECORDS_EACH))]
        homes = {person: writer.teams[number % len(writer.teams)] for number, person in enumerate(people)}
        for person, (team, region) in homes.items():
            writer.add_volunteer(person, team, region)
        services = _services(people, transactions, random.Random(seed))
        while chunk := list(islice(services, CHUNK)):
            for person, began, minutes in chunk:
                writer.accrue(person, homes[person][0], began, minutes)
            await _copy(connection, writer)
        writer.rows["accounts"] = list(writer.account_rows())
        await _copy(connection, writer)
        await _close(connection, writer)
    finally:
        await connection.close()
    return people


def _services(
    people: Sequence[VolunteerId], count: int, chance: random.Random
) -> Iterator[tuple[VolunteerId, datetime, int]]:
    """Who served from when for how many minutes: in the order of time, as a city's history is."""
    heavy = min(HEAVY * HEAVY_RECORDS, count // 2)
    who = [people[number % HEAVY] for number in range(heavy)]
    who += [people[HEAVY + number % (len(people) - HEAVY)] for number in range(count - heavy)]
    chance.shuffle(who)
    for number, person in enumerate(who):
        second = number * _DAYS * 86_400 // count + chance.randrange(3_600)
        yield person, _FIRST_DAY + timedelta(seconds=second), chance.randrange(6, 480)


async def _writer(connection: Any, city: LoadedCity) -> LedgerWriter:  # noqa: ANN401 - the driver's connection
    head = "SELECT next_seq, next_account_no, recorded_at FROM journal_heads WHERE programme_id = $1"
    teams = "SELECT id, region_code FROM teams WHERE programme_id = $1 AND tier = 3 ORDER BY id"
    accounts = "SELECT account_no, kind, owner_id, part, balance FROM accounts WHERE programme_id = $1"
    found = await connection.fetch(accounts, city.programme)
    next_seq, next_account_no, recorded_at = await connection.fetchrow(head, city.programme)
    return LedgerWriter(
        city,
        [tuple(row) for row in await connection.fetch(teams, city.programme)],
        next_seq,
        next_account_no,
        recorded_at,
        {AccountKey(AccountKind(kind), owner, part): number for number, kind, owner, part, _ in found},
        {row["account_no"]: row["balance"] for row in found},
    )


async def _copy(connection: Any, writer: LedgerWriter) -> None:  # noqa: ANN401 - the driver's connection
    for table, rows in writer.rows.items():
        await connection.copy_records_to_table(table, records=rows, columns=_COLUMNS[table].split())
    writer.rows = {}


async def _close(connection: Any, writer: LedgerWriter) -> None:  # noqa: ANN401 - the driver's connection
    """Move the head, and give the accounts that were there before their new balances."""
    old = [(writer.city.programme, number, balance) for number, balance in writer.balances.items()]
    statement = "UPDATE accounts SET balance = $3 WHERE programme_id = $1 AND account_no = $2"
    await connection.executemany(statement, [row for row in old if row[1] not in writer.fresh])
    advance = "UPDATE journal_heads SET next_seq = $2, next_account_no = $3, recorded_at = $4 WHERE programme_id = $1"
    await connection.execute(
        advance, writer.city.programme, writer.next_seq, writer.next_account_no, writer.recorded_at
    )
    await connection.execute("VACUUM (ANALYZE)")


@dataclass(frozen=True, slots=True)
class Measured:
    """A ledger that is ready to be measured: its database, and the volunteers, the busiest first."""

    settings: Settings
    city: LoadedCity
    people: Sequence[VolunteerId]


@contextmanager
def a_ledger(transactions: int) -> Iterator[Measured]:
    """A server of its own with a programme of so many transactions, checkpoints included, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="liyu-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with EmbeddedPostgres(folder / "data", binaries=find_binaries()) as url:
            settings = replace(Settings(), database_url=url, data_dir=folder / "data")
            yield asyncio.run(_build(settings, transactions))


async def _build(settings: Settings, transactions: int) -> Measured:
    await migrate_database(settings)
    database = Database(str(settings.database_url))
    services = make_services(settings, database)
    try:
        city = await load_city(services, 20)
        print(f"writing {transactions:,} transactions", flush=True)
        people = await write_ledger(database, city, transactions)
        keys = await services.cabinet.token_keys(city.programme)
        await run_checkpoint(database, city.programme, keys, services.clock)
    finally:
        await services.committers.close()
        await database.close()
    return Measured(settings, city, people)
