"""One-time codes are those of the RFCs, and each is good once."""

import pytest

from app.security.totp import (
    STEP_S,
    hash_recovery_code,
    matching_step,
    one_time_code,
    recovery_code,
    totp_uri,
)

SECRET = b"12345678901234567890"
SECRETS = {"sha1": SECRET, "sha256": (SECRET * 2)[:32], "sha512": (SECRET * 4)[:64]}
VECTORS = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]
HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]


@pytest.mark.parametrize("at_s, sha1, sha256, sha512", VECTORS)
def test_the_vectors_of_rfc_6238(at_s: int, sha1: str, sha256: str, sha512: str) -> None:
    """Appendix B, all three algorithms, eight digits."""
    for algorithm, code in (("sha1", sha1), ("sha256", sha256), ("sha512", sha512)):
        assert one_time_code(SECRETS[algorithm], at_s // STEP_S, digits=8, algorithm=algorithm) == code


@pytest.mark.parametrize("counter, code", list(enumerate(HOTP)))
def test_the_vectors_of_rfc_4226(counter: int, code: str) -> None:
    """Appendix D, six digits."""
    assert one_time_code(SECRET, counter) == code


@pytest.mark.parametrize("drift_s, matches", [(0, True), (-30, True), (30, True), (-60, False), (60, False)])
def test_a_clock_may_be_one_step_off(drift_s: int, *, matches: bool) -> None:
    """Either way, and no more."""
    now = 1_772_413_200
    code = one_time_code(SECRET, (now + drift_s) // STEP_S)
    assert (matching_step(SECRET, code, now, 0) is not None) is matches


def test_a_step_that_was_used_is_gone() -> None:
    """The code matches its step only after a smaller one; the same again does not."""
    now = 1_772_413_200
    step = now // STEP_S
    code = one_time_code(SECRET, step)
    assert matching_step(SECRET, code, now, step - 1) == step
    assert matching_step(SECRET, code, now, step) is None
    assert matching_step(SECRET, "000000" if code != "000000" else "000001", now, 0) is None


def test_an_authenticator_can_read_the_secret() -> None:
    """The address has it in base32, with names escaped."""
    uri = totp_uri(SECRET, "Liyu 慈溪", "ad min")
    assert uri.startswith("otpauth://totp/Liyu%20%E6%85%88%E6%BA%AA:ad%20min?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&")


def test_a_recovery_code_is_taken_however_it_was_typed() -> None:
    """In capitals, without its dashes; not another's, not for another user."""
    code = recovery_code(bytes(range(10)))
    assert len(code) == 19
    kept = hash_recovery_code(b"k", "cixi", "u1", code)
    assert hash_recovery_code(b"k", "cixi", "u1", code.upper().replace("-", " ")) == kept
    others = (("cixi", "u2", code), ("yuyao", "u1", code), ("cixi", "u1", recovery_code(bytes(10))))
    assert all(hash_recovery_code(b"k", *other) != kept for other in others)
