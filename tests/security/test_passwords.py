"""Passwords: hashed with argon2id, checked at equal cost, and good enough to begin with."""

import pytest

from app.security.passwords import (
    PasswordProblem,
    check_password_rules,
    hash_password,
    needs_rehash,
    verify_password,
)


async def test_a_password_opens_only_its_own_hash() -> None:
    """Right: yes. Wrong, no user, or a damaged hash: no."""
    hashed = await hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$")
    assert await verify_password(hashed, "correct horse battery")
    assert not await verify_password(hashed, "correct horse batterY")
    assert not await verify_password(None, "a password that nobody has")
    assert not await verify_password("damaged", "correct horse battery")


async def test_the_same_password_never_looks_the_same() -> None:
    """Each hash has its own salt, and is up to date."""
    first, second = await hash_password("correct horse battery"), await hash_password("correct horse battery")
    assert first != second
    assert not needs_rehash(first)


@pytest.mark.parametrize(
    "password, problem",
    [
        ("123456789", PasswordProblem.TOO_SHORT),
        ("x" * 129, PasswordProblem.TOO_LONG),
        ("1234567890", PasswordProblem.COMMON),
        ("aaaaaaaaaaaa", PasswordProblem.COMMON),
        ("my-Li-Si-password", PasswordProblem.HAS_USERNAME),
        ("correct horse battery", None),
        ("一个相当长的中文口令呀", None),
    ],
)
def test_bad_passwords_are_told_why(password: str, problem: PasswordProblem | None) -> None:
    """Length, the most common ones, and the user's own name."""
    assert check_password_rules(password, "li-si") is problem
