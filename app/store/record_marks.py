"""Marks on records, the limits from which the rules speak, and the pace of those who enter and verify."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text

from app.core.ids import ProgrammeId, RecordId, UserId
from app.core.marks import Clearing, SetMark
from app.core.suspicions import Mark, Suspicion, SuspicionLimits
from app.store.database import Reader, Tx

_INSERT = text("""
INSERT INTO record_marks (programme_id, record_id, kind, figures, marked_at)
SELECT :programme, record_id, kind, CAST(figures AS json), :at
FROM unnest(CAST(:records AS uuid[]), CAST(:kinds AS text[]), CAST(:figures AS text[])) AS t (record_id, kind, figures)
ORDER BY record_id, kind
ON CONFLICT (programme_id, record_id, kind) DO NOTHING
""")


async def insert_marks(tx: Tx, programme: ProgrammeId, marks: Iterable[tuple[RecordId, Mark]], at: datetime) -> None:
    """Mark records. A mark of a kind that is there already stays as it is, cleared or not."""
    rows = [(record, mark.kind.value, json.dumps(dict(mark.figures))) for record, mark in marks]
    if rows:
        records, kinds, figures = map(list, zip(*rows, strict=True))
        values = {"programme": programme, "records": records, "kinds": kinds, "figures": figures, "at": at}
        await tx.execute(_INSERT, values)


_FETCH = text("""
SELECT record_id, kind, figures, cleared_by, cleared_at, clearing_reason FROM record_marks
WHERE programme_id = :programme AND record_id = ANY(:records)
ORDER BY record_id, kind
""")


async def fetch_marks(
    reader: Reader | Tx, programme: ProgrammeId, records: Sequence[RecordId]
) -> Mapping[RecordId, Sequence[SetMark]]:
    """The marks of these records; those without one are left out."""
    found: dict[RecordId, list[SetMark]] = defaultdict(list)
    rows = await reader.execute(_FETCH, {"programme": programme, "records": list(records)})
    for record, kind, figures, by, at, reason in rows:
        clearing = Clearing(UserId(by), at, reason) if by else None
        found[RecordId(record)].append(SetMark(Mark(Suspicion(kind), figures), clearing))
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
INSERT INTO paces AS p (programme_id, user_id, deed, period, amount) VALUES (:programme, :user, :deed, :period, :by)
ON CONFLICT (programme_id, user_id, deed, period) DO UPDATE SET amount = p.amount + excluded.amount
""")
_FORGET = text("""
DELETE FROM paces WHERE programme_id = :programme AND user_id = :user AND deed = :deed AND period < :since
""")
_SINCE = text("""
SELECT period, amount FROM paces WHERE programme_id = :programme AND user_id = :user AND deed = :deed
ORDER BY period
""")


async def count_deeds(
    tx: Tx, programme: ProgrammeId, user: UserId, deed: Deed, *, period: str, since: str, by: int = 1
) -> Mapping[str, int]:
    """Count so many more deeds in a period, and give all counts since another; what is older is forgotten.

    The row is held until the transaction ends: two at once are both counted.
    """
    values = {"programme": programme, "user": user, "deed": deed.value}
    await tx.execute(_ADD, {**values, "period": period, "by": by})
    await tx.execute(_FORGET, {**values, "since": since})
    return {str(row.period): int(row.amount) for row in await tx.execute(_SINCE, values)}
