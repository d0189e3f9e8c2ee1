"""The vault: each value opens for its person, its field and its programme only, under any of its keys, old or new."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import ProgrammeId, VolunteerId
from app.core.personal_data import Field
from app.security.sealing import Algorithm, UnsealRefused
from app.security.vault import ORIGINAL_KEY, PersonVault, make_person_vault

MASTER = b"m" * 32
CIXI, YUYAO = ProgrammeId("cixi"), ProgrammeId("yuyao")
ONE, TWO = VolunteerId(UUID(int=1)), VolunteerId(UUID(int=2))
NAMED = {"2026": b"6" * 32, "2027": b"7" * 32}


def vaults() -> list[PersonVault]:
    """The same vault through its life: without named keys, with one, with two, and with SM4."""
    return [
        make_person_vault(MASTER),
        make_person_vault(MASTER, {"2026": NAMED["2026"]}, "2026"),
        make_person_vault(MASTER, NAMED, "2027"),
        make_person_vault(MASTER, NAMED, "2027", Algorithm.SM4_GCM),
    ]


@pytest.mark.parametrize("algorithm", list(Algorithm))
@given(value=st.text(max_size=80))
def test_what_was_sealed_for_a_person_opens_for_them(algorithm: Algorithm, value: str) -> None:
    """Any text, with both algorithms."""
    vault = make_person_vault(MASTER, algorithm=algorithm)
    key, sealed_key = vault.make(CIXI, ONE)
    sealed = key.seal(Field.NAME, value)
    assert vault.open(CIXI, ONE, sealed_key).open(Field.NAME, sealed) == value


def test_a_key_or_value_in_another_place_stays_shut() -> None:
    """Rows that are swapped between people, fields or programmes open for nobody."""
    vault = make_person_vault(MASTER)
    key, sealed_key = vault.make(CIXI, ONE)
    sealed = key.seal(Field.NAME, "张三丰")
    for programme, volunteer in ((CIXI, TWO), (YUYAO, ONE)):
        with pytest.raises(UnsealRefused):
            vault.open(programme, volunteer, sealed_key)
    with pytest.raises(UnsealRefused):
        key.open(Field.PHONE, sealed)
    other, _ = vault.make(CIXI, TWO)
    with pytest.raises(UnsealRefused):
        other.open(Field.NAME, sealed)


def test_keys_rotate_and_nothing_is_lost() -> None:
    """What any key of the past sealed opens under the vault of today, and re-sealed under its newest."""
    for older in vaults():
        key, sealed_key = older.make(CIXI, ONE)
        sealed = key.seal(Field.PHONE, "13812341234")
        today = vaults()[-1]
        resealed = today.reseal(CIXI, ONE, sealed_key)
        assert today.open(CIXI, ONE, sealed_key).open(Field.PHONE, sealed) == "13812341234"
        alone = make_person_vault(b"x" * 32, {"2027": NAMED["2027"]}, "2027")
        assert alone.open(CIXI, ONE, resealed).open(Field.PHONE, sealed) == "13812341234"


def test_without_the_key_nothing_opens() -> None:
    """A thief of the tables has nothing; nor has a vault whose key was taken away before it was rotated."""
    _, sealed_key = make_person_vault(MASTER, NAMED, "2026").make(CIXI, ONE)
    for stranger in (make_person_vault(b"x" * 32), make_person_vault(MASTER, {"2027": NAMED["2027"]}, "2027")):
        with pytest.raises(UnsealRefused):
            stranger.open(CIXI, ONE, sealed_key)


def test_an_index_finds_the_same_value_and_tells_nothing_else() -> None:
    """Equal for equal values; another for each programme, field and master key; no rotation changes it."""
    digests = {vault.index(CIXI, Field.PHONE, "13812341234") for vault in vaults()}
    assert len(digests) == 1
    vault = vaults()[0]
    others = {
        vault.index(YUYAO, Field.PHONE, "13812341234"),
        vault.index(CIXI, Field.ID_NUMBER, "13812341234"),
        vault.index(CIXI, Field.PHONE, "13812341235"),
        make_person_vault(b"x" * 32).index(CIXI, Field.PHONE, "13812341234"),
    }
    assert len(others | digests) == 5


def test_the_newest_key_seals() -> None:
    """By its name, which the row keeps, so that a rotation knows what is left to do."""
    assert [vault.newest for vault in vaults()] == [ORIGINAL_KEY, "2026", "2027", "2027"]
