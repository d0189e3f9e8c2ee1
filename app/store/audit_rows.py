"""The audit trail: who did what, and from where. Only ever appended to, under a number without gaps.

The number is taken from the trail's head, which stays locked until the transaction ends, so rows become visible in
their order. Take it last: after an audit row a transaction writes nothing that others could be waiting for. Tills and
the committer never touch this head.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.core.audit_trail import AuditRow, hash_audit_row
from app.core.ids import ProgrammeId
from app.security.origins import CALL, device_of, network_of
from app.store.database import Tx

_NUMBER = text("""
INSERT INTO audit_heads (programme_id, next_number) VALUES (:programme, 2)
ON CONFLICT (programme_id) DO UPDATE SET next_number = audit_heads.next_number + 1
RETURNING next_number - 1
""")
_INSERT = text("""
INSERT INTO audit_rows (programme_id, number, id, actor, action, subject, changes, request_id, network, device,
    recorded_at, leaf_hash)
VALUES (:programme, :number, :id, :actor, :action, :subject, CAST(:changes AS json), :request_id, :network, :device,
    :at, :leaf_hash)
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
    """Note one act, with the request behind it. `changes` may hold no secret and no personal data in clear."""
    call = CALL.get()
    noted = AuditRow(
        number=(await tx.execute(_NUMBER, {"programme": programme})).scalar_one(),
        id=row,
        actor=actor,
        action=action,
        subject=subject,
        changes=json.dumps(changes, ensure_ascii=False, default=str),
        request_id=call.request_id if call else "",
        network=network_of(call.address) if call else "",
        device=device_of(call.user_agent) if call else "",
        recorded_at=at,
    )
    await tx.execute(
        _INSERT,
        {
            "programme": programme,
            "number": noted.number,
            "id": row,
            "actor": actor,
            "action": action,
            "subject": subject,
            "changes": noted.changes,
            "request_id": noted.request_id,
            "network": noted.network,
            "device": noted.device,
            "at": at,
            "leaf_hash": hash_audit_row(programme, noted),
        },
    )
