"""Marks on records, the limits from which the rules speak, and the pace of those who enter and verify."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text

from app.core.ids import ProgrammeId, RecordId, UserId
from app.core.suspicions import Mark, Suspicion, SuspicionLimits
from app.store.database import Reader, Tx

_INSERT = text("""
INSERT INTO record_marks (programme_id, record_id, kind, figures, marked_at)
VALUES (:programme, :record, :kind, CAST(:figures AS json), :at)
ON CONFLICT (programme_id, record_id, kind) DO NOTHING
""")


async def insert_marks(tx: Tx, programme: ProgrammeId, record: RecordId, marks: Sequence[Mark], at: datetime) -> None:
    """Mark a record. A mark of a kind that is there already stays as it is."""
    if marks:
        shared = {"programme": programme, "record": record, "at": at}
        rows = [{**shared, "kind": mark.kind.value, "figures": json.dumps(dict(mark.figures))} for mark in marks]
        await tx.execute(_INSERT, rows)


_FETCH = text("""
SELECT record_id, kind, figures FROM record_marks WHERE programme_id = :programme AND record_id = ANY(:records)
ORDER BY record_id, kind
""")


async def fetch_marks(
    reader: Reader | Tx, programme: ProgrammeId, records: Sequence[RecordId]
) -> Mapping[RecordId, Sequence[Mark]]:
    """The marks of these records; those without one are left out."""
    found: dict[RecordId, list[Mark]] = defaultdict(list)
    for record, kind, figures in await reader.execute(_FETCH, {"programme": programme, "records": list(records)}):
        found[RecordId(record)].append(Mark(Suspicion(kind), figures))
    return found


_LIMITS = text("SELECT name, amount FROM suspicion_limits WHERE programme_id = :programme")
LIMIT_NAMES = frozenset(field.name for field in fields(SuspicionLimits))


async def fetch_limits(reader: Reader | Tx, programme: ProgrammeId) -> SuspicionLimits:
    """The programme's limits; what it has not set is as the program has it."""
    rows = await reader.execute(_LIMITS, {"programme": programme})
    return SuspicionLimits(**{name: amount for name, amount in rows if name in LIMIT_NAMES})


_SET_LIMIT = text("""
INSERT INTO suspicion_limits (programme_id, name, amount) VALUES (:programme, :name, :amount)
ON CONFLICT (programme_id, name) DO UPDATE SET amount = excluded.amount
""")


async def set_limits(tx: Tx, programme: ProgrammeId, limits: Mapping[str, int]) -> None:
    """Set some limits; the others stay."""
    if limits:
        await tx.execute(
            _SET_LIMIT, [{"programme": programme, "name": name, "amount": limits[name]} for name in limits]
        )


class Deed(StrEnum):
    """What a pace is counted of."""

    ENTERED = "entered"
    VERIFIED = "verified"


_ADD = text("""
INSERT INTO paces AS p (programme_id, user_id, deed, period, amount) VALUES (:programme, :user, :deed, :period, 1)
ON CONFLICT (programme_id, user_id, deed, period) DO UPDATE SET amount = p.amount + 1
""")
_FORGET = text("""
DELETE FROM paces WHERE programme_id = :programme AND user_id = :user AND deed = :deed AND period < :since
""")
_SINCE = text("""
SELECT period, amount FROM paces WHERE programme_id = :programme AND user_id = :user AND deed = :deed
ORDER BY period
""")


async def count_deed(
    tx: Tx, programme: ProgrammeId, user: UserId, deed: Deed, *, period: str, since: str
) -> Mapping[str, int]:
    """Count one more deed in a period, and give all counts since another; what is older is forgotten.

    The row is held until the transaction ends: two at once are both counted.
    """
    values = {"programme": programme, "user": user, "deed": deed.value}
    await tx.execute(_ADD, {**values, "period": period})
    await tx.execute(_FORGET, {**values, "since": since})
    return {str(row.period): int(row.amount) for row in await tx.execute(_SINCE, values)}
