"""Correcting what the vault keeps of a person, together with what follows from it: the mask and the birthday."""

from dataclasses import dataclass, field
from datetime import datetime

from app.actions.vault import open_personal_data, store_personal_data
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, VolunteerId
from app.core.masking import mask_name
from app.core.personal_data import PersonalData
from app.security.vault import PersonVault
from app.security.words import Place
from app.store.database import Tx
from app.store.volunteers import update_identity
from app.store.words import seal_words


@dataclass(frozen=True, slots=True)
class ChangedData:
    """What is kept after a correction, and why it was made, sealed."""

    data: PersonalData = field(repr=False)
    reason: str


async def change_personal_data(
    tx: Tx,
    vault: PersonVault,
    programme: ProgrammeId,
    volunteer: VolunteerId,
    data: PersonalData,
    reason: str,
    at: datetime,
) -> ChangedData | Rejected:
    """Put what is right in the place of what was wrong. A document tells the birthday as well."""
    if refusal := await store_personal_data(tx, vault, programme, volunteer, data, at):
        return refusal
    masked = mask_name(data.name) if data.name is not None else None
    await update_identity(tx, programme, volunteer, masked, data.document.born_on if data.document else None)
    kept = await open_personal_data(tx, vault, programme, volunteer)
    sealed = await seal_words(tx, programme, volunteer, Place.AUDIT_CHANGES, volunteer.hex, reason, at)
    return ChangedData(kept, sealed) if kept else Rejected(Code.NOT_FOUND)
