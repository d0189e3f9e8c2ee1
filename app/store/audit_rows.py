"""The audit trail of the control plane: who changed what, and when. Only ever appended to."""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.core.ids import ProgrammeId
from app.store.database import Tx

_INSERT = text("""
INSERT INTO audit_rows (programme_id, id, actor, action, subject, changes, recorded_at)
VALUES (:programme, :id, :actor, :action, :subject, CAST(:changes AS json), :at)
""")


async def insert_audit_row(
    tx: Tx,
    programme: ProgrammeId,
    row: UUID,
    *,
    actor: str,
    action: str,
    subject: str,
    changes: Mapping[str, object],
    at: datetime,
) -> None:
    """Note one action. `changes` may hold no secret and no personal data in clear."""
    await tx.execute(
        _INSERT,
        {
            "programme": programme,
            "id": row,
            "actor": actor,
            "action": action,
            "subject": subject,
            "changes": json.dumps(changes, ensure_ascii=False, default=str),
            "at": at,
        },
    )
