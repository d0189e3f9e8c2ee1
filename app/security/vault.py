"""The vault's cryptography (DESIGN D10): a data key for each person, sealed under the vault's keys, and blind indexes.

Each value is sealed with its person's key and bound to programme, volunteer and field; the person's key is sealed under
a named key of the vault and bound to programme and volunteer. Destroying the person's key is erasure. The index keys
are apart: whoever reads the table of indexes without them learns nothing, and rotating the vault's keys leaves them.
"""

import hmac
import secrets
from collections.abc import Mapping

from app.core.ids import ProgrammeId, VolunteerId
from app.core.personal_data import SEARCHABLE, Field
from app.security.sealing import Algorithm, Keyring, derive_key

_PERSON_KEY_BYTES = 32
_NAME = "p"
ORIGINAL_KEY = "m1"
"""The vault's first key is derived from the master key: it always opens, so nothing is lost by naming others."""


class PersonKey:
    """The opened data key of one person: it lives as long as the request."""

    def __init__(self, programme: ProgrammeId, volunteer: VolunteerId, key: bytes, algorithm: Algorithm) -> None:
        self.programme = programme
        self.volunteer = volunteer
        self._ring = Keyring({_NAME: key}, _NAME, algorithm)
        self._person = f"{programme}|{volunteer.hex}"
        self._place = f"vault_fields|sealed|{self._person}"

    def seal(self, field: Field, value: str) -> bytes:
        """Seal one value for its place."""
        return self._ring.seal(value.encode(), f"{self._place}|{field.value}")

    def open(self, field: Field, sealed: bytes) -> str:
        """Open one value. Raises UnsealRefused for anything sealed by another key or for another place."""
        return self._ring.unseal(sealed, f"{self._place}|{field.value}").decode()

    def seal_bytes(self, place: str, plain: bytes) -> bytes:
        """Seal anything else of the person, bound to programme, person and a place outside the vault."""
        return self._ring.seal(plain, f"{place}|{self._person}")

    def open_bytes(self, place: str, sealed: bytes) -> bytes:
        """Open what was sealed for this place. Raises UnsealRefused."""
        return self._ring.unseal(sealed, f"{place}|{self._person}")


class PersonVault:
    """Makes, opens and re-seals persons' keys, and derives blind indexes."""

    def __init__(self, ring: Keyring, index_master: bytes, algorithm: Algorithm) -> None:
        self._ring = ring
        self._algorithm = algorithm
        self._index_keys = {field: derive_key(index_master, f"index|{field.value}.v1") for field in SEARCHABLE}

    @property
    def newest(self) -> str:
        """The name of the key that seals now."""
        return self._ring.newest

    def knows(self, name: str) -> bool:
        """Whether persons' keys that were sealed under the key of this name can be opened."""
        return name in self._ring

    def make(self, programme: ProgrammeId, volunteer: VolunteerId) -> tuple[PersonKey, bytes]:
        """A new person's key, opened and sealed."""
        key = secrets.token_bytes(_PERSON_KEY_BYTES)
        sealed = self._ring.seal(key, _place(programme, volunteer))
        return PersonKey(programme, volunteer, key, self._algorithm), sealed

    def open(self, programme: ProgrammeId, volunteer: VolunteerId, sealed: bytes) -> PersonKey:
        """Open a person's key. Raises UnsealRefused where the vault's key is not at hand, or the row is another's."""
        key = self._ring.unseal(sealed, _place(programme, volunteer))
        return PersonKey(programme, volunteer, key, self._algorithm)

    def reseal(self, programme: ProgrammeId, volunteer: VolunteerId, sealed: bytes) -> bytes:
        """The same person's key under the newest key of the vault."""
        place = _place(programme, volunteer)
        return self._ring.seal(self._ring.unseal(sealed, place), place)

    def index(self, programme: ProgrammeId, field: Field, value: str) -> bytes:
        """The blind index of a value: 32 bytes, another for each programme and field."""
        return hmac.digest(self._index_keys[field], f"{programme}|{field.value}|{value}".encode(), "sha256")


def make_person_vault(
    master_key: bytes,
    keys: Mapping[str, bytes] | None = None,
    newest: str | None = None,
    algorithm: Algorithm = Algorithm.AES_256_GCM,
) -> PersonVault:
    """The vault of a deployment: its named keys, the newest of which seals, and the one from the master key."""
    ring = {ORIGINAL_KEY: derive_key(master_key, "vault.v1"), **(keys or {})}
    index_master = derive_key(master_key, "vault-index.v1")
    return PersonVault(Keyring(ring, newest or ORIGINAL_KEY, algorithm), index_master, algorithm)


def _place(programme: ProgrammeId, volunteer: VolunteerId) -> str:
    return f"person_keys|sealed_key|{programme}|{volunteer.hex}"
