"""Reading the whole trail is an act of its own: the export is noted before the first row goes out."""

from collections.abc import Mapping
from datetime import datetime

from uuid_utils.compat import uuid7

from app.security.actors import Actor
from app.store.audit_rows import insert_audit_row
from app.store.database import Database


async def note_export(database: Database, actor: Actor, asked: Mapping[str, str], at: datetime) -> None:
    """Note that somebody took the trail, or a part of it, as a file."""
    async with database.begin() as tx:
        await insert_audit_row(
            tx,
            actor.programme,
            uuid7(),
            actor=actor.hand,
            action="audit.export",
            subject=actor.programme,
            changes=asked,
            at=at,
        )
