"""Many records entered by one statement, in the order of their numbers: two requests never wait for each other."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from app.core.bulk_entries import NewRecord
from app.core.check_ins import CheckIn
from app.core.ids import ProgrammeId
from app.store.database import Tx

_TYPES = {
    "id": "uuid",
    "state": "text",
    "volunteer_id": "uuid",
    "team_id": "uuid",
    "evidence": "text",
    "activity": "text",
    "minutes": "int",
    "level": "smallint",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "recorder_id": "uuid",
    "activity_id": "text",
    "category": "text",
    "place_region": "text",
    "role": "text",
    "place": "text",
    "content": "text",
    "in_charge": "text",
    "guardian": "text",
    "hazardous": "boolean",
    "due_at": "timestamptz",
    "source": "text",
    "external_no": "text",
    "check_ins": "text",
}
_NAMES = ", ".join(_TYPES)
_PLAIN = ", ".join(name for name in _TYPES if name != "check_ins")
_INSERT = text(f"""
INSERT INTO service_records (programme_id, created_at, {_NAMES})
SELECT :programme, :at, {_PLAIN}, CAST(check_ins AS timestamptz[])
FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _TYPES.items())}) AS t ({_NAMES})
ON CONFLICT (programme_id, source, external_no) WHERE external_no <> '' DO NOTHING
RETURNING id
""")


async def insert_filed(tx: Tx, programme: ProgrammeId, new: Sequence[NewRecord], at: datetime) -> int:
    """Enter records; gives how many. Fewer than were given: a number was taken by another request meanwhile."""
    if not new:
        return 0
    ordered = sorted(new, key=lambda each: each.number or ("", ""))
    columns = zip(*map(_values, ordered), strict=True)
    values = {name: list(column) for name, column in zip(_TYPES, columns, strict=True)}
    entered = await tx.execute(_INSERT, {"programme": programme, "at": at, **values})
    return len(entered.all())


def _values(new: NewRecord) -> tuple[object, ...]:
    """The values of a record in the order of `_TYPES`; an array of arrays must be square, so check-ins go as text."""
    record, items = new.filing.record, new.filing.items
    source, external_no = new.number or ("", "")
    return (
        record.id,
        record.state.value,
        record.volunteer,
        record.team,
        record.evidence.value,
        new.filing.activity,
        record.minutes,
        record.level,
        record.started_at,
        record.ended_at,
        record.recorder,
        record.activity_id,
        record.category,
        record.region,
        record.role.value,
        items.place,
        items.content,
        items.in_charge,
        items.guardian.value,
        items.hazardous,
        items.due_at,
        source,
        external_no,
        _as_text(items.check_ins),
    )


def _as_text(stays: Sequence[CheckIn]) -> str:
    return "{" + ",".join(moment.isoformat() for stay in stays for moment in stay) + "}"
