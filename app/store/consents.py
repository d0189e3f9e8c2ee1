"""The consent ledger: one row a step, numbered for each volunteer and purpose, only ever appended to."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.consent_texts import is_asked_again
from app.core.consents import Channel, Consent, ConsentRow, ConsentStep, GivenBy, Purpose, consent_at
from app.core.ids import ConsentId, ProgrammeId, VolunteerId
from app.store.consent_texts import fetch_texts
from app.store.database import Reader, Tx

_COLUMNS = "id, purpose, number, step, version, channel, given_by, actor, at, text_hash"
_ROWS = text(f"""
SELECT {_COLUMNS} FROM consents WHERE programme_id = :programme AND volunteer_id = :volunteer
  AND (CAST(:purpose AS text) IS NULL OR purpose = :purpose)
ORDER BY at, purpose, number
""")


def _row(row: RowMapping) -> ConsentRow:
    return ConsentRow(
        id=row["id"],
        purpose=Purpose(row["purpose"]),
        number=row["number"],
        step=ConsentStep(row["step"]),
        version=row["version"],
        channel=Channel(row["channel"]),
        given_by=GivenBy(row["given_by"]),
        actor=row["actor"],
        at=row["at"],
        text_hash=row["text_hash"],
    )


async def fetch_consent_rows(
    reader: Reader | Tx, programme: ProgrammeId, volunteer: VolunteerId, purpose: Purpose | None = None
) -> Sequence[ConsentRow]:
    """All steps of a volunteer, or those about one purpose, in their order."""
    values = {"programme": programme, "volunteer": volunteer, "purpose": purpose.value if purpose else None}
    return [_row(row) for row in (await reader.execute(_ROWS, values)).mappings()]


_PAGE = text(f"""
SELECT {_COLUMNS} FROM consents WHERE programme_id = :programme AND volunteer_id = :volunteer AND id > :after
ORDER BY id LIMIT :limit
""")


async def fetch_consent_page(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, after: ConsentId, limit: int
) -> Sequence[ConsentRow]:
    """The steps of a volunteer after a given one, in the order in which they were written."""
    values = {"programme": programme, "volunteer": volunteer, "after": after, "limit": limit}
    return [_row(row) for row in (await reader.execute(_PAGE, values)).mappings()]


async def fetch_consent(
    reader: Reader | Tx, programme: ProgrammeId, volunteer: VolunteerId, purpose: Purpose, at: datetime
) -> Consent | None:
    """The consent to a purpose that was in force at a moment; None when there was none, or a newer text asks again."""
    found = consent_at(await fetch_consent_rows(reader, programme, volunteer, purpose), at)
    if found and is_asked_again(found, await fetch_texts(reader, programme, purpose), at):
        return None
    return found


_INSERT = text("""
INSERT INTO consents (programme_id, volunteer_id, id, purpose, number, step, version, channel, given_by, actor, at,
                      text_hash)
VALUES (:programme, :volunteer, :id, :purpose, :number, :step, :version, :channel, :given_by, :actor, :at, :text_hash)
""")


async def insert_consent_row(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, row: ConsentRow) -> None:
    """Add a step. The volunteer is locked, so numbers have no gap."""
    values = {
        "programme": programme,
        "volunteer": volunteer,
        "id": row.id,
        "purpose": row.purpose.value,
        "number": row.number,
        "step": row.step.value,
        "version": row.version,
        "channel": row.channel.value,
        "given_by": row.given_by.value,
        "actor": row.actor,
        "at": row.at,
        "text_hash": row.text_hash,
    }
    await tx.execute(_INSERT, values)
