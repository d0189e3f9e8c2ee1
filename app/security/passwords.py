"""Passwords: argon2id in a bounded pool of threads, so that a flood of log-ins starves nothing else."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_THREADS = 2
_LENGTH_MIN = 10
_LENGTH_MAX = 128

_hasher = PasswordHasher()
_pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="argon2")
_DUMMY_HASH = _hasher.hash("a password that nobody has")

_COMMON = frozenset(
    (
        "1234567890",
        "0123456789",
        "1111111111",
        "qwertyuiop",
        "password123",
        "passw0rd123",
        "administrator",
        "woaini1314",
    )
)


class PasswordProblem(StrEnum):
    """Why a password is not taken."""

    TOO_SHORT = "too short: at least 10 characters"
    TOO_LONG = "too long: at most 128 characters"
    COMMON = "too common"
    HAS_USERNAME = "contains the user name"


def check_password_rules(password: str, username: str) -> PasswordProblem | None:
    """What is wrong with a new password; None when nothing is. Length counts, not signs (NIST SP 800-63B)."""
    if len(password) < _LENGTH_MIN:
        return PasswordProblem.TOO_SHORT
    if len(password) > _LENGTH_MAX:
        return PasswordProblem.TOO_LONG
    lowered = password.lower()
    if lowered in _COMMON or len(set(lowered)) == 1:
        return PasswordProblem.COMMON
    return PasswordProblem.HAS_USERNAME if username.lower() in lowered else None


async def hash_password(password: str) -> str:
    """Hash a new password with argon2id and a fresh salt."""
    return await asyncio.get_running_loop().run_in_executor(_pool, _hasher.hash, password)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


async def verify_password(password_hash: str | None, password: str) -> bool:
    """Check a password. Without a hash (no such user) it takes as long, and is False."""
    run = asyncio.get_running_loop().run_in_executor
    matched = await run(_pool, _verify, password_hash or _DUMMY_HASH, password[: _LENGTH_MAX + 1])
    return matched and password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)
