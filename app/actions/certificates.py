"""Giving out certificates of service: the first time is written down, every further time finds it there."""

from datetime import datetime

from uuid_utils.compat import uuid7

from app.core.certificates import Certified
from app.core.ids import format_id
from app.security.actors import Actor
from app.store.audit_rows import insert_audit_row
from app.store.certificates import IssuedCertificate, fetch_issued_at, insert_certificate
from app.store.database import Database


async def issue_certificate(
    database: Database, actor: Actor, number: str, certified: Certified, at: datetime
) -> datetime:
    """Give out a certificate. The moment when it was given out first, with an audit row of that time only."""
    async with database.read() as reader:
        known = await fetch_issued_at(reader, actor.programme, number)
    if known:
        return known
    certificate = IssuedCertificate(
        number=number,
        volunteer=certified.volunteer,
        minutes=certified.minutes,
        records=certified.records,
        issued_at=at,
    )
    async with database.begin() as tx:
        if not await insert_certificate(tx, actor.programme, certificate):
            return await fetch_issued_at(tx, actor.programme, number) or at
        await insert_audit_row(
            tx,
            actor.programme,
            uuid7(),
            actor=actor.reference,
            action="certificate.issue",
            subject=format_id("vol", certified.volunteer),
            changes={"minutes": certified.minutes, "records": len(certified.records)},
            at=at,
        )
    return at
