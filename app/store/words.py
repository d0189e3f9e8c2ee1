"""Sealing words with the key of whom they are about, and opening them again, in whatever answer they stand.

A person of whom nothing is kept gets a key with the first words. One who was erased gets none any more: of words that
come later nothing is kept but that there were some.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, VolunteerId
from app.security.vault import PersonKey
from app.security.words import Place, seal_text
from app.store.database import Reader, Tx, people_of
from app.store.vault import fetch_person_key

NOT_KEPT = "（不予保存：其个人信息已删除）Not kept: the person's data was erased."
"""What is written in the place of words about somebody who was erased before."""

_SHARE = text("SELECT id FROM volunteers WHERE programme_id = :programme AND id = :volunteer FOR KEY SHARE")
_MAKE = text("""
INSERT INTO person_keys (programme_id, volunteer_id, sealed_key, sealed_under, created_at)
SELECT v.programme_id, v.id, :sealed_key, :sealed_under, :at FROM volunteers v
WHERE v.programme_id = :programme AND v.id = :volunteer
  AND NOT EXISTS (SELECT FROM erasures e WHERE e.programme_id = v.programme_id AND e.volunteer_id = v.id)
ON CONFLICT (programme_id, volunteer_id) DO NOTHING
""")


async def fetch_or_make_key(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, at: datetime) -> PersonKey | None:
    """The person's key, opened, made where there is none; None for who was erased, or is not known."""
    people = people_of(tx)
    person = await fetch_person_key(tx, programme, volunteer)
    if person is None:
        # An erasure locks the volunteer: it is over, or it waits for us. Two who make a key find one.
        await tx.execute(_SHARE, {"programme": programme, "volunteer": volunteer})
        _, sealed = people.make(programme, volunteer)
        values = {"programme": programme, "volunteer": volunteer, "sealed_key": sealed, "at": at}
        await tx.execute(_MAKE, {**values, "sealed_under": people.newest})
        person = await fetch_person_key(tx, programme, volunteer)
    return people.open(programme, volunteer, person.sealed_key) if person else None


def seal_or_drop(key: PersonKey | None, place: Place, row: str, words: str) -> str:
    """Words as they may be kept, with a key that was fetched before; None: of somebody who was erased."""
    if not words:
        return ""
    return seal_text(key, place, row, words) if key else NOT_KEPT


async def seal_words(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, place: Place, row: str, words: str, at: datetime
) -> str:
    """Words about a person as they may be kept. `row`: which row of the place, in letters, digits and dashes."""
    if not words:
        return ""
    key = await fetch_or_make_key(tx, programme, volunteer, at)
    return seal_or_drop(key, place, row, words)


_KEYS = text("""
SELECT volunteer_id, sealed_key FROM person_keys WHERE programme_id = :programme AND volunteer_id = ANY(:volunteers)
""")


async def fetch_keys_of(
    reader: Reader | Tx, programme: ProgrammeId, volunteers: Collection[VolunteerId]
) -> Mapping[VolunteerId, PersonKey]:
    """The keys of these people, opened. Who was erased has none."""
    people = people_of(reader)
    rows = await reader.execute(_KEYS, {"programme": programme, "volunteers": list(volunteers)})
    return {
        VolunteerId(row.volunteer_id): people.open(programme, VolunteerId(row.volunteer_id), row.sealed_key)
        for row in rows
    }
