"""Sealing many people at once, as an import and the demo bring them: each with a key of their own, indexed blindly."""

from collections.abc import Mapping, Sequence

from app.core.ids import ProgrammeId, VolunteerId
from app.core.personal_data import SEARCHABLE, Field, PersonalData
from app.security.vault import PersonVault
from app.store.bulk_vault import SealedRow


def index_person(vault: PersonVault, programme: ProgrammeId, data: PersonalData) -> dict[Field, bytes]:
    """The blind indexes of what a person is found by."""
    values = data.fields()
    return {field: vault.index(programme, field, values[field]) for field in SEARCHABLE if field in values}


def seal_people(
    vault: PersonVault,
    programme: ProgrammeId,
    people: Sequence[tuple[VolunteerId, PersonalData, Mapping[Field, bytes]]],
) -> list[SealedRow]:
    """Seal what is told of people who have nothing in the vault yet, given with their blind indexes."""
    rows = []
    for volunteer, data, digests in people:
        key, sealed = vault.make(programme, volunteer)
        values = {field: key.seal(field, value) for field, value in data.fields().items()}
        rows.append(SealedRow(volunteer, sealed, values, digests))
    return rows
