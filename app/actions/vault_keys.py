"""Rotating the vault's keys: each person's key is sealed anew under the newest, some hundred at a time."""

from app.core.ids import ProgrammeId
from app.security.vault import PersonVault
from app.store.database import Tx
from app.store.vault import lock_stale_keys, update_person_keys

_AT_ONCE = 1_000


async def rotate_person_keys(tx: Tx, vault: PersonVault, programme: ProgrammeId) -> int:
    """Re-seal the next of those that an older key seals; 0 when none is left. What is done stays done after a crash.

    Raises UnsealRefused where the key that sealed one is not at hand: nothing of the round is written then.
    """
    stale = await lock_stale_keys(tx, programme, vault.newest, _AT_ONCE)
    resealed = {person.volunteer: vault.reseal(programme, person.volunteer, person.sealed_key) for person in stale}
    await update_person_keys(tx, programme, vault.newest, resealed)
    return len(stale)
