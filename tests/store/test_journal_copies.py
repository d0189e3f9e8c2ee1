"""What COPY puts into the journal reads back as it was: every text, every moment, every figure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.accounts import AccountKey, AccountKind
from app.core.ids import NOBODY, ProgrammeId, TransactionId
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer
from app.store.database import Database
from app.store.journal import TransactionRow, TransferRow
from app.store.journal_copies import copy_journal
from tests.support.commands import a_connection

PROGRAMME = ProgrammeId("慈溪-1")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
FIRST, LAST = datetime(1990, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001 - the strategy adds a zone
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.sampled_from((UTC, timezone(timedelta(hours=8)))))
BIGINT = st.integers(-(2**63), 2**63 - 1)
TRANSFERS = (Transfer(AccountKey(AccountKind.WALLET, NOBODY), AccountKey(AccountKind.REDEEMED, NOBODY), 1),)
TRANSACTIONS = st.builds(
    Transaction,
    id=st.uuids().map(TransactionId),
    kind=st.sampled_from(TransactionKind),
    actor=TEXT,
    reason=st.sampled_from(Reason),
    occurred_at=MOMENTS,
    transfers=st.just(TRANSFERS),
    policy=TEXT,
    document=TEXT,
    reverses=st.none() | st.uuids().map(TransactionId),
)
ROWS = st.lists(st.tuples(TRANSACTIONS, st.binary(min_size=32, max_size=32)), min_size=1, max_size=5)
FIGURES = st.lists(st.tuples(st.integers(1, 2**63 - 1), BIGINT, BIGINT), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, figures=FIGURES, recorded_at=MOMENTS)
async def test_the_journal_reads_back_as_it_was_written(
    database: Database,
    rows: Sequence[tuple[Transaction, bytes]],
    figures: Sequence[tuple[int, int, int]],
    recorded_at: datetime,
) -> None:
    """Texts of any script and length, moments of any zone, nulls, and the largest figures that a bigint holds."""
    transactions = [TransactionRow(2**62 + number, *row) for number, row in enumerate(rows)]
    transfers = [TransferRow(2**62, number, 7, 2**63 - 1, *three) for number, three in enumerate(figures)]
    async with a_connection(database) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await copy_journal(connection, PROGRAMME, recorded_at, transactions, transfers)
        found = await connection.fetch("SELECT * FROM transactions WHERE programme_id = $1 ORDER BY seq", PROGRAMME)
        moved = await connection.fetch("SELECT * FROM transfers WHERE programme_id = $1 ORDER BY position", PROGRAMME)
        await transaction.rollback()
    for row, (seq, it, leaf_hash) in zip(found, transactions, strict=True):
        assert row["seq"] == seq
        assert row["leaf_hash"] == leaf_hash
        assert row["recorded_at"] == recorded_at
        for name in ("id", "kind", "actor", "reason", "occurred_at", "policy", "document", "reverses"):
            assert row[name] == getattr(it, name), name
    assert [tuple(row)[1:] for row in moved] == transfers
