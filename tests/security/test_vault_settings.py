"""The vault's settings: named keys, newest first, from the environment or a file; a wrong one is named, never told."""

import base64
from pathlib import Path

import pytest

from app.core.ids import NOBODY, ProgrammeId, VolunteerId
from app.settings import BadSetting, read_settings, vault_of

MASTER = base64.b64encode(b"m" * 32).decode()
OLD, NEW = base64.b64encode(b"o" * 32).decode(), base64.b64encode(b"n" * 32).decode()
WHO = (ProgrammeId("cixi"), VolunteerId(NOBODY))


def newest(**given: str) -> str:
    """The name of the key that seals under these settings."""
    return vault_of(read_settings({"LIYU_MASTER_KEY": MASTER, **given})).newest


def test_without_keys_the_master_key_carries_the_vault() -> None:
    """And what it sealed opens after keys were named."""
    _, sealed = vault_of(read_settings({"LIYU_MASTER_KEY": MASTER})).make(*WHO)
    later = vault_of(read_settings({"LIYU_MASTER_KEY": MASTER, "LIYU_VAULT_KEYS": f"2027={NEW}"}))
    later.open(*WHO, sealed)


def test_the_first_key_seals(tmp_path: Path) -> None:
    """In the environment with commas, in a file line by line."""
    assert newest(LIYU_VAULT_KEYS=f"2027={NEW},2026={OLD}") == "2027"
    file = tmp_path / "vault.keys"
    file.write_text(f"2028={NEW}\n2027={OLD}\n", encoding="ascii")
    assert newest(LIYU_VAULT_KEYS_FILE=str(file)) == "2028"


@pytest.mark.parametrize(
    "given",
    [
        {"LIYU_VAULT_KEYS": "2027"},
        {"LIYU_VAULT_KEYS": f"={NEW}"},
        {"LIYU_VAULT_KEYS": f"m1={NEW}"},
        {"LIYU_VAULT_KEYS": f"a={NEW},a={OLD}"},
        {"LIYU_VAULT_KEYS": "a=c2hvcnQ="},
        {"LIYU_VAULT_KEYS": "a=!"},
        {"LIYU_VAULT_KEYS_FILE": "/nowhere/at/all"},
        {"LIYU_VAULT_ALGORITHM": "ROT13"},
    ],
)
def test_a_setting_that_cannot_be_is_named(given: dict[str, str]) -> None:
    """By the variable; the key itself is not repeated."""
    with pytest.raises(BadSetting) as refused:
        newest(**given)
    assert next(iter(given)) in str(refused.value)
    assert NEW not in str(refused.value)


def test_national_algorithms_are_a_setting() -> None:
    """SM4-GCM seals; what AES sealed before still opens."""
    settings = {"LIYU_MASTER_KEY": MASTER}
    _, sealed = vault_of(read_settings(settings)).make(*WHO)
    national = vault_of(read_settings({**settings, "LIYU_VAULT_ALGORITHM": "SM4-GCM"}))
    national.open(*WHO, sealed)
    assert national.make(*WHO)[1][1] == 2
