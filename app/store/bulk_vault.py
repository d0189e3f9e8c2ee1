"""The vault's tables for many people at once, in the transaction of an import's chunk. Nothing here can open any of it.

Whoever brings personal data locks the volunteers first, by id, and then the documents, by digest: so does a
registration, and nobody waits in a circle.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from app.core.consents import Channel, ConsentStep, GivenBy, Purpose
from app.core.ids import ConsentId, ProgrammeId, VolunteerId
from app.core.personal_data import Field
from app.store.database import BatchConnection
from app.store.vault import name_digest


class SealedRow(NamedTuple):
    """A person with nothing in the vault yet: the sealed key, the sealed values, the blind indexes."""

    volunteer: VolunteerId
    sealed_key: bytes
    values: Mapping[Field, bytes]
    digests: Mapping[Field, bytes]


_LOCK_BARE = """
SELECT v.id FROM volunteers v
WHERE v.programme_id = $1 AND v.id = ANY($2::uuid[]) AND v.status <> 'left'
  AND NOT EXISTS (SELECT FROM person_keys k WHERE k.programme_id = v.programme_id AND k.volunteer_id = v.id)
ORDER BY v.id FOR UPDATE OF v
"""


async def lock_bare(
    connection: BatchConnection, programme: ProgrammeId, volunteers: Collection[VolunteerId]
) -> frozenset[VolunteerId]:
    """Those of these volunteers of whom the vault keeps nothing, kept from others. Who has left stays as they are."""
    if not volunteers:
        return frozenset()
    rows = await connection.fetch(_LOCK_BARE, programme, sorted(volunteers))
    keyed = await connection.fetch(_KEYED, programme, [row["id"] for row in rows])
    return frozenset(VolunteerId(row["id"]) for row in rows) - {VolunteerId(row["volunteer_id"]) for row in keyed}


# Asked again when the locks are held: the first look may be of before somebody else's commit.
_KEYED = """
SELECT volunteer_id FROM person_keys WHERE programme_id = $1 AND volunteer_id = ANY($2::uuid[])
"""
_LOCK_DIGESTS = "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest($1::text[]) AS t (name)"
_HELD = """
SELECT digest FROM vault_indexes WHERE programme_id = $1 AND field = 'id_number' AND digest = ANY($2::bytea[])
"""


async def lock_documents(
    connection: BatchConnection, programme: ProgrammeId, digests: Collection[bytes]
) -> frozenset[bytes]:
    """Keep others from bringing these documents until the transaction ends; those that belong to somebody already."""
    if not digests:
        return frozenset()
    ordered = sorted(digests)
    await connection.execute(_LOCK_DIGESTS, [name_digest(programme, digest) for digest in ordered])
    return frozenset(row["digest"] for row in await connection.fetch(_HELD, programme, ordered))


async def copy_sealed_people(
    connection: BatchConnection, programme: ProgrammeId, sealed_under: str, people: Sequence[SealedRow], at: datetime
) -> None:
    """Put people into the vault."""
    await connection.copy_records_to_table(
        "person_keys",
        records=[(programme, row.volunteer, row.sealed_key, sealed_under, at) for row in people],
        columns=("programme_id", "volunteer_id", "sealed_key", "sealed_under", "created_at"),
    )
    await connection.copy_records_to_table(
        "vault_fields",
        records=[
            (programme, row.volunteer, field.value, sealed, at)
            for row in people
            for field, sealed in row.values.items()
        ],
        columns=("programme_id", "volunteer_id", "field", "sealed", "changed_at"),
    )
    await connection.copy_records_to_table(
        "vault_indexes",
        records=[
            (programme, row.volunteer, field.value, digest) for row in people for field, digest in row.digests.items()
        ],
        columns=("programme_id", "volunteer_id", "field", "digest"),
    )


class ImportedConsent(NamedTuple):
    """That somebody agreed, in another system, to the keeping of what an import seals."""

    volunteer: VolunteerId
    id: ConsentId
    given_by: GivenBy


_SPOKEN = """
SELECT DISTINCT volunteer_id FROM consents
WHERE programme_id = $1 AND volunteer_id = ANY($2::uuid[]) AND purpose = 'data_registration'
"""


async def fetch_spoken(
    connection: BatchConnection, programme: ProgrammeId, volunteers: Collection[VolunteerId]
) -> frozenset[VolunteerId]:
    """Those of these volunteers who have given or withdrawn a consent to the keeping of their data themselves."""
    if not volunteers:
        return frozenset()
    rows = await connection.fetch(_SPOKEN, programme, list(volunteers))
    return frozenset(VolunteerId(row["volunteer_id"]) for row in rows)


async def copy_imported_consents(
    connection: BatchConnection,
    programme: ProgrammeId,
    consents: Sequence[ImportedConsent],
    *,
    version: str,
    given_at: datetime,
    actor: str,
) -> None:
    """Note the consents of volunteers who have not said anything on this purpose before. They are locked, or new."""
    purpose, step, channel = Purpose.DATA_REGISTRATION.value, ConsentStep.GIVEN.value, Channel.IMPORT.value
    await connection.copy_records_to_table(
        "consents",
        records=[
            (programme, it.volunteer, it.id, purpose, 1, step, version, channel, it.given_by.value, actor, given_at)
            for it in consents
        ],
        columns=_CONSENT_COLUMNS,
    )


_CONSENT_COLUMNS = (
    "programme_id",
    "volunteer_id",
    "id",
    "purpose",
    "number",
    "step",
    "version",
    "channel",
    "given_by",
    "actor",
    "at",
)
_IDENTIFY = """
UPDATE volunteers v SET masked_name = CASE WHEN v.masked_name = '*' THEN t.masked_name ELSE v.masked_name END,
    born_on = coalesce(v.born_on, t.born_on), revision = v.revision + 1
FROM unnest($2::uuid[], $3::text[], $4::date[]) AS t (id, masked_name, born_on)
WHERE v.programme_id = $1 AND v.id = t.id
"""


async def identify_volunteers(
    connection: BatchConnection,
    programme: ProgrammeId,
    people: Sequence[tuple[VolunteerId, str, date | None]],
) -> None:
    """Give volunteers who came without a name their mask and their birthday; what is there already stays."""
    if people:
        await connection.execute(_IDENTIFY, programme, *map(list, zip(*people, strict=True)))
