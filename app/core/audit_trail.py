"""The audit trail (审计日志): who did what to whom, from where; numbered without gaps, each row with a leaf hash.

The canonical form of version 1 is a JSON array: UTF-8, no spaces, what changed as the text that is stored. It holds ids
and figures, no personal data. A new form gets a new name; the old one is kept for ever.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from app.core.canonical import format_instant, hash_leaf
from app.core.ids import ProgrammeId
from app.core.quantities import Instant

AUDIT_FORM = "liyu audit v1"

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Edited(Generic[Thing]):
    """What an edit found, in the transaction that made it, and what it left: the same when there was nothing to do."""

    before: Thing
    after: Thing


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
    """The fields that differ, as they were and as they are. A field that one side lacks is not the same as a null."""
    return {
        "before": {name: value for name, value in before.items() if name not in after or after[name] != value},
        "after": {name: value for name, value in after.items() if name not in before or before[name] != value},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One administrative act, or one read of personal data.

    `changes` is JSON as it was written. `network` and `device` say where it came from, no finer than needed; they and
    `request_id` are empty for what no request began.
    """

    number: int
    id: UUID
    actor: str
    action: str
    subject: str
    changes: str
    request_id: str
    network: str
    device: str
    recorded_at: Instant


def encode_audit_row(programme: ProgrammeId, row: AuditRow) -> bytes:
    """The canonical bytes of a row."""
    said = [
        AUDIT_FORM,
        programme,
        row.number,
        row.id.hex,
        row.actor,
        row.action,
        row.subject,
        row.changes,
        row.request_id,
        row.network,
        row.device,
        format_instant(row.recorded_at),
    ]
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def hash_audit_row(programme: ProgrammeId, row: AuditRow) -> bytes:
    """The leaf hash of a row (RFC 6962 section 2.1)."""
    return hash_leaf(encode_audit_row(programme, row))
