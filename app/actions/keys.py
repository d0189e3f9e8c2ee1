"""The keys of a deployment: sub-keys of its master key, and each programme's signing keys with their rotation."""

import time
from collections.abc import Callable
from datetime import datetime

from app.core.audit_trail import Edited
from app.core.ids import ProgrammeId
from app.security.sealing import Keyring, derive_key
from app.security.tokens import SigningKey, TokenKeys, generate_signing_key
from app.security.vault import PersonVault, make_person_vault
from app.store.database import Database, Tx
from app.store.keys import SealedKey, fetch_keys, insert_key, retire_keys_but
from app.store.programmes import lock_settings

_FRESH_S = 5.0
_KEYS_MAX = 1_000


class KeyCabinet:
    """Derived keys, and signing keys cached for a few seconds so that a rotation is seen everywhere soon."""

    def __init__(self, database: Database, master_key: bytes, people: PersonVault | None = None) -> None:
        self._database = database
        self.people = people or make_person_vault(master_key)
        self.vault = Keyring({"m1": derive_key(master_key, "seal.v1")}, "m1")
        self.pay_codes = derive_key(master_key, "pay-codes.v1")
        self.vouchers = derive_key(master_key, "vouchers.v1")
        self.tickets = derive_key(master_key, "tickets.v1")
        self.lotteries = derive_key(master_key, "lotteries.v1")
        self.certificates = derive_key(master_key, "certificates.v1")
        self.blinding = derive_key(master_key, "blinding.v1")
        self.logins = derive_key(master_key, "logins.v1")
        self.sessions = derive_key(master_key, "sessions.v1")
        self.recovery_codes = derive_key(master_key, "recovery-codes.v1")
        self.openids = derive_key(master_key, "openids.v1")
        self.binding_codes = derive_key(master_key, "binding-codes.v1")
        self._token_keys: dict[ProgrammeId, tuple[float, TokenKeys]] = {}

    async def token_keys(self, programme: ProgrammeId) -> TokenKeys:
        """The signing keys of a programme; none for a programme that does not exist."""
        cached = self._token_keys.get(programme)
        if cached and time.monotonic() - cached[0] < _FRESH_S:
            return cached[1]
        async with self._database.read() as reader:
            sealed = await fetch_keys(reader, programme)
        keys = TokenKeys([self._open(programme, key) for key in sealed])
        if sealed or len(self._token_keys) < _KEYS_MAX:
            self._token_keys[programme] = (time.monotonic(), keys)
        return keys

    def _open(self, programme: ProgrammeId, key: SealedKey) -> SigningKey:
        private = None
        if key.retired_at is None:
            private = self.vault.unseal(key.private_key, f"signing_keys|private_key|{programme}|{key.kid}")
        return SigningKey(kid=key.kid, private=private, public=key.public_key, retired=key.retired_at is not None)

    def forget(self, programme: ProgrammeId) -> None:
        """Fetch the keys anew the next time."""
        self._token_keys.pop(programme, None)


async def replace_signing_key(
    tx: Tx, cabinet: KeyCabinet, programme: ProgrammeId, clock: Callable[[], datetime]
) -> Edited[str | None]:
    """Sign with a new key from now on; the names of the one before, if there was one, and of the new."""
    await lock_settings(tx, programme)
    signing = [key.kid for key in await fetch_keys(tx, programme) if key.retired_at is None]
    kid = await rotate_signing_key(tx, cabinet, programme, clock)
    return Edited(signing[-1] if signing else None, kid)


async def rotate_signing_key(tx: Tx, cabinet: KeyCabinet, programme: ProgrammeId, clock: Callable[[], datetime]) -> str:
    """Make a new signing key and let it sign from now on. Returns its kid, `<programme>.<number>`.

    Whoever calls it keeps others from doing the same: the programme is new, or its settings are locked.
    """
    number = len(await fetch_keys(tx, programme)) + 1
    kid = f"{programme}.{number}"
    private, public = generate_signing_key()
    sealed = cabinet.vault.seal(private, f"signing_keys|private_key|{programme}|{kid}")
    at = clock()
    await insert_key(tx, programme, SealedKey(kid, sealed, public, at, None))
    await retire_keys_but(tx, programme, kid, at)
    cabinet.forget(programme)
    return kid
