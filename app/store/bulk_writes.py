"""Writing what a bulk import has decided: COPY in its binary form, the fastest way into a table that is in use.

JSON has no binary COPY of its own in the driver; PostgreSQL takes the text as it is, so the connection is told so.
"""

from collections.abc import Iterable, Sequence

from app.core.accruals import Accrual
from app.core.ids import ProgrammeId
from app.core.rows import ImportedRecord
from app.store.accounts import AccountRow, write_accounts
from app.store.batch_accruals import encode_inputs, encode_steps
from app.store.batch_imports import RECORD_COLUMNS, record_values
from app.store.database import BatchConnection

_ACCRUAL_COLUMNS = (
    "programme_id",
    "record_id",
    "volunteer_id",
    "day",
    "activity",
    "counted",
    "points",
    "overlay_region",
    "overlay_points",
    "policy",
    "inputs",
    "steps",
)
_ACCOUNT_COLUMNS = ("programme_id", "account_no", "owner_id", "kind", "part", "balance")


async def prepare_copying(connection: BatchConnection) -> None:
    """Let JSON be written in the binary form of COPY."""
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=str.encode, decoder=bytes.decode, format="binary"
    )


async def copy_records(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[ImportedRecord]) -> None:
    """Add records that arrived."""
    await connection.copy_records_to_table(
        "service_records",
        records=[(programme, *record_values(row)) for row in rows],
        columns=("programme_id", *RECORD_COLUMNS),
    )


async def copy_accruals(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[Accrual]) -> None:
    """Append accruals."""
    await connection.copy_records_to_table(
        "accruals",
        records=[
            (
                programme,
                row.record,
                row.volunteer,
                row.service.day,
                row.service.activity,
                row.counted,
                row.points,
                row.overlay_region,
                row.overlay_points,
                row.policy,
                encode_inputs(row),
                encode_steps(row.steps),
            )
            for row in rows
        ],
        columns=_ACCRUAL_COLUMNS,
    )


async def copy_accounts(
    connection: BatchConnection, programme: ProgrammeId, rows: Iterable[AccountRow], first_new: int
) -> None:
    """Open the accounts numbered from `first_new` on, and write the balances of the others."""
    fresh: list[AccountRow] = []
    others: list[AccountRow] = []
    for row in rows:
        (fresh if row.account_no >= first_new else others).append(row)
    if others:
        await write_accounts(connection, programme, others)
    await connection.copy_records_to_table(
        "accounts",
        records=[(programme, number, key.owner, key.kind.value, key.part, balance) for number, key, balance in fresh],
        columns=_ACCOUNT_COLUMNS,
    )
