"""Imports: the end of one is written down with an audit row that says who stood for it."""

from collections.abc import Mapping
from uuid import UUID

from app.core.ids import ProgrammeId, format_id
from app.core.quantities import Instant
from app.store.audit_rows import insert_audit_row
from app.store.database import Tx
from app.store.imports import Counts, ImportKey, finish_import

VIA = "liyu import, with database privileges"
"""How it came in: no token said who acts; whoever can run the command names those who stand for it."""


async def close_import(
    tx: Tx,
    programme: ProgrammeId,
    import_id: UUID,
    key: ImportKey,
    counts: Counts,
    audit_row: UUID,
    at: Instant,
    more: Mapping[str, object],
) -> None:
    """Note that all rows of a file are done, and in the audit trail by whom, with what result, and what `more` says."""
    await finish_import(tx, programme, import_id, at)
    await insert_audit_row(
        tx,
        programme,
        audit_row,
        actor=format_id("usr", key.entered_by) if key.entered_by else "system",
        action="import.finish",
        subject=format_id("imp", import_id),
        changes={
            "kind": key.kind,
            "source": key.source,
            "file_sha256": key.file_sha256.hex(),
            "via": VIA,
            "verified_by": format_id("usr", key.verified_by) if key.verified_by else "",
            **counts._asdict(),
            **more,
        },
        at=at,
    )
