"""Correcting what the vault keeps of a person, together with what follows from it: the mask and the birthday."""

from datetime import datetime

from app.actions.vault import open_personal_data, store_personal_data
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, VolunteerId
from app.core.masking import mask_name
from app.core.personal_data import PersonalData
from app.security.vault import PersonVault
from app.store.database import Tx
from app.store.volunteers import update_identity


async def change_personal_data(
    tx: Tx, vault: PersonVault, programme: ProgrammeId, volunteer: VolunteerId, data: PersonalData, at: datetime
) -> PersonalData | Rejected:
    """Put what is right in the place of what was wrong. A document tells the birthday as well."""
    if refusal := await store_personal_data(tx, vault, programme, volunteer, data, at):
        return refusal
    masked = mask_name(data.name) if data.name is not None else None
    await update_identity(tx, programme, volunteer, masked, data.document.born_on if data.document else None)
    return await open_personal_data(tx, vault, programme, volunteer) or Rejected(Code.NOT_FOUND)
