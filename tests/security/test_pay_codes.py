"""Pay codes: their form, that they repeat for a retry only, and that the stored hash needs the key."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import ProgrammeId, VolunteerId
from app.security.pay_codes import derive_pay_code, hash_pay_code

CIXI = ProgrammeId("cixi")
PERSON = VolunteerId(UUID(int=7))


@given(st.binary(min_size=32, max_size=32), st.text(max_size=64))
def test_a_code_is_eighteen_digits_beginning_with_96(key: bytes, number: str) -> None:
    """Clear of the prefixes of WeChat, Alipay and UnionPay, also with leading zeros behind."""
    code = derive_pay_code(key, CIXI, PERSON, number)
    assert (len(code), code[:2], code.isdigit()) == (18, "96", True)


def test_a_code_depends_on_everything_it_is_for() -> None:
    """Another key, programme, volunteer or request: another code. The same: the same."""
    codes = {
        derive_pay_code(b"k" * 32, CIXI, PERSON, "1"),
        derive_pay_code(b"l" * 32, CIXI, PERSON, "1"),
        derive_pay_code(b"k" * 32, ProgrammeId("yuyao"), PERSON, "1"),
        derive_pay_code(b"k" * 32, CIXI, VolunteerId(UUID(int=8)), "1"),
        derive_pay_code(b"k" * 32, CIXI, PERSON, "2"),
    }
    assert len(codes) == 5
    assert derive_pay_code(b"k" * 32, CIXI, PERSON, "1") in codes


def test_the_stored_hash_needs_the_key_and_the_programme() -> None:
    """Who has the table and not the key learns no code; a code of one programme is none of another."""
    hashes = {
        hash_pay_code(b"k" * 32, CIXI, "961"),
        hash_pay_code(b"l" * 32, CIXI, "961"),
        hash_pay_code(b"k" * 32, ProgrammeId("yuyao"), "961"),
        hash_pay_code(b"k" * 32, CIXI, "962"),
    }
    assert len(hashes) == 4
    assert all(len(hashed) == 32 for hashed in hashes)


def test_codes_are_spread_over_their_digits() -> None:
    """Over ten thousand codes each last digit comes about a tenth of the time, and none comes twice."""
    codes = [derive_pay_code(b"k" * 32, CIXI, PERSON, str(number)) for number in range(10_000)]
    assert len(set(codes)) == len(codes)
    assert all(800 < sum(code.endswith(str(digit)) for code in codes) < 1200 for digit in range(10))
