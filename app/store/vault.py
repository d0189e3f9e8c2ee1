"""The vault's tables: sealed keys of persons, sealed values, blind indexes. Nothing here can open any of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId, VolunteerId
from app.core.personal_data import Field
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class SealedPerson:
    """A person's sealed key, and which key of the vault opens it."""

    volunteer: VolunteerId
    sealed_key: bytes
    sealed_under: str


_KEY = text("""
SELECT volunteer_id, sealed_key, sealed_under FROM person_keys
WHERE programme_id = :programme AND volunteer_id = :volunteer
""")


async def fetch_person_key(reader: Reader | Tx, programme: ProgrammeId, volunteer: VolunteerId) -> SealedPerson | None:
    """The sealed key of a person; None for one of whom nothing is kept, or nothing any more."""
    row = (await reader.execute(_KEY, {"programme": programme, "volunteer": volunteer})).one_or_none()
    return SealedPerson(*row) if row else None


_INSERT_KEY = text("""
INSERT INTO person_keys (programme_id, volunteer_id, sealed_key, sealed_under, created_at)
VALUES (:programme, :volunteer, :sealed_key, :sealed_under, :at)
""")


async def insert_person_key(tx: Tx, programme: ProgrammeId, person: SealedPerson, at: datetime) -> None:
    """Add a person's key. The volunteer is locked, so there is none yet."""
    values = {"programme": programme, "volunteer": person.volunteer, "at": at}
    await tx.execute(_INSERT_KEY, {**values, "sealed_key": person.sealed_key, "sealed_under": person.sealed_under})


_FIELDS = text("""
SELECT field, sealed FROM vault_fields WHERE programme_id = :programme AND volunteer_id = :volunteer
""")


async def fetch_sealed_fields(
    reader: Reader | Tx, programme: ProgrammeId, volunteer: VolunteerId
) -> Mapping[Field, bytes]:
    """The sealed values of a person."""
    rows = await reader.execute(_FIELDS, {"programme": programme, "volunteer": volunteer})
    return {Field(field): sealed for field, sealed in rows}


_UPSERT_FIELD = text("""
INSERT INTO vault_fields (programme_id, volunteer_id, field, sealed, changed_at)
VALUES (:programme, :volunteer, :field, :sealed, :at)
ON CONFLICT (programme_id, volunteer_id, field) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at
""")


async def upsert_sealed_fields(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, sealed: Mapping[Field, bytes], at: datetime
) -> None:
    """Put sealed values in the place of what was there."""
    values = {"programme": programme, "volunteer": volunteer, "at": at}
    rows = [{**values, "field": field.value, "sealed": value} for field, value in sealed.items()]
    if rows:
        await tx.execute(_UPSERT_FIELD, rows)


_HOLDER = text("""
SELECT volunteer_id FROM vault_indexes
WHERE programme_id = :programme AND field = :field AND digest = :digest AND volunteer_id > :after
ORDER BY volunteer_id LIMIT :limit
""")


async def fetch_indexed(
    reader: Reader | Tx, programme: ProgrammeId, field: Field, digest: bytes, after: VolunteerId, limit: int = 20
) -> Sequence[VolunteerId]:
    """Whose value has this blind index: one person's for a document, perhaps a family's for a phone."""
    values = {"programme": programme, "field": field.value, "digest": digest, "after": after, "limit": limit}
    return [VolunteerId(row[0]) for row in await reader.execute(_HOLDER, values)]


_UPSERT_INDEX = text("""
INSERT INTO vault_indexes (programme_id, volunteer_id, field, digest) VALUES (:programme, :volunteer, :field, :digest)
ON CONFLICT (programme_id, volunteer_id, field) DO UPDATE SET digest = excluded.digest
""")
_LOCK_DIGEST = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


async def upsert_index(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, field: Field, digest: bytes) -> None:
    """Index a value of a person anew."""
    values = {"programme": programme, "volunteer": volunteer, "field": field.value, "digest": digest}
    await tx.execute(_UPSERT_INDEX, values)


def name_digest(programme: ProgrammeId, digest: bytes) -> str:
    """Under which name a document is locked."""
    return f"vault|{programme}|{digest.hex()}"


async def lock_digest(tx: Tx, programme: ProgrammeId, digest: bytes) -> None:
    """Let two who bring the same document at once come one after the other."""
    await tx.execute(_LOCK_DIGEST, {"name": name_digest(programme, digest)})


_DELETE = tuple(
    text(f"DELETE FROM {table} WHERE programme_id = :programme AND volunteer_id = :volunteer")
    for table in ("application_files", "vault_indexes", "vault_fields", "person_keys")
)


async def delete_person(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId) -> None:
    """Destroy a person's key, with all that it opened and by which it was found."""
    for statement in _DELETE:
        await tx.execute(statement, {"programme": programme, "volunteer": volunteer})


_STALE = text("""
SELECT volunteer_id, sealed_key, sealed_under FROM person_keys
WHERE programme_id = :programme AND sealed_under <> :newest ORDER BY volunteer_id LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_RESEAL = text("""
UPDATE person_keys SET sealed_key = :sealed_key, sealed_under = :newest
WHERE programme_id = :programme AND volunteer_id = :volunteer
""")


async def lock_stale_keys(tx: Tx, programme: ProgrammeId, newest: str, limit: int) -> Sequence[SealedPerson]:
    """Some persons' keys that another key of the vault seals, kept from others until the transaction ends."""
    values = {"programme": programme, "newest": newest, "limit": limit}
    return [SealedPerson(*row) for row in await tx.execute(_STALE, values)]


async def update_person_keys(
    tx: Tx, programme: ProgrammeId, newest: str, resealed: Mapping[VolunteerId, bytes]
) -> None:
    """Put newly sealed keys in the place of the old ones."""
    rows = [
        {"programme": programme, "volunteer": volunteer, "sealed_key": key, "newest": newest}
        for volunteer, key in resealed.items()
    ]
    if rows:
        await tx.execute(_RESEAL, rows)


_KEY_NAMES = text("""
SELECT sealed_under, count(*) AS people FROM person_keys WHERE programme_id = :programme GROUP BY 1 ORDER BY 1
""")


async def count_keys_by_name(reader: Reader, programme: ProgrammeId) -> Mapping[str, int]:
    """How many persons' keys each key of the vault seals: one that seals none can go."""
    rows = await reader.execute(_KEY_NAMES, {"programme": programme})
    return {row.sealed_under: row.people for row in rows}
