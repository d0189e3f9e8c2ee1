"""Sealed values open with their key, in their place, unchanged, and not otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security.sealing import Algorithm, Keyring, UnsealRefused, derive_key

OLD = Keyring({"m1": b"1" * 32}, "m1")
BOTH = Keyring({"m1": b"1" * 32, "m2": b"2" * 32}, "m2")


@pytest.mark.parametrize("algorithm", list(Algorithm))
@given(plain=st.binary(max_size=300))
def test_what_was_sealed_opens_again(algorithm: Algorithm, plain: bytes) -> None:
    """With both algorithms, for any content; twice the same never looks the same."""
    ring = Keyring({"m1": b"1" * 32}, "m1", algorithm)
    sealed = ring.seal(plain, "t|c|1")
    assert ring.unseal(sealed, "t|c|1") == plain
    assert ring.seal(plain, "t|c|1") != sealed


def test_another_place_does_not_open_it() -> None:
    """A value copied to another row, column or table stays shut."""
    with pytest.raises(UnsealRefused):
        OLD.unseal(OLD.seal(b"secret", "terminals|secret|1"), "terminals|secret|2")


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_any_changed_byte_is_noticed(algorithm: Algorithm) -> None:
    """Header, key name, nonce, content and tag: no byte may differ, none may be missing."""
    ring = Keyring({"m1": b"1" * 32}, "m1", algorithm)
    sealed = ring.seal(b"secret", "place")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(UnsealRefused):
            ring.unseal(bytes(changed), "place")
    for length in range(len(sealed)):
        with pytest.raises(UnsealRefused):
            ring.unseal(sealed[:length], "place")


def test_the_newest_key_seals_and_all_open() -> None:
    """After a new master key the old values still open; the old ring does not open the new ones."""
    assert BOTH.unseal(OLD.seal(b"x", "p"), "p") == b"x"
    with pytest.raises(UnsealRefused):
        OLD.unseal(BOTH.seal(b"x", "p"), "p")


def test_each_purpose_has_its_own_key() -> None:
    """Derived keys differ by label and by master, and are always the same."""
    keys = {derive_key(b"m" * 32, "a"), derive_key(b"m" * 32, "b"), derive_key(b"n" * 32, "a")}
    assert len(keys) == 3
    assert derive_key(b"m" * 32, "a") in keys


def test_a_keyring_needs_its_newest_key_and_full_keys() -> None:
    """A missing newest key or a short key is a mistake found at the start."""
    for keys, newest in (({"m1": b"1" * 32}, "m2"), ({"m1": b"1" * 16}, "m1")):
        with pytest.raises(ValueError, match="32 bytes"):
            Keyring(keys, newest)
