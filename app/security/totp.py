"""One-time codes of authenticators (动态验证码): HOTP (RFC 4226) over the time (RFC 6238); time is an argument."""

import base64
import hashlib
import hmac
from urllib.parse import quote

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
_DRIFT_STEPS = 1
"""A clock may be one step off, either way (RFC 6238, section 5.2)."""


def one_time_code(secret: bytes, step: int, *, digits: int = DIGITS, algorithm: str = "sha1") -> str:
    """The code of a step: dynamic truncation of the HMAC of its number (RFC 4226, section 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), algorithm)
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, at_s: int, after: int) -> int | None:
    """The step whose code this is, around now and later than `after`: a step that was used is gone. None: no match."""
    now = at_s // STEP_S
    found = None
    for step in range(now - _DRIFT_STEPS, now + _DRIFT_STEPS + 1):
        matches = hmac.compare_digest(one_time_code(secret, step).encode(), code.encode())
        if matches and step > after and found is None:
            found = step
    return found


def totp_uri(secret: bytes, issuer: str, account: str) -> str:
    """What authenticators read from a QR code."""
    written = base64.b32encode(secret).decode()
    label = f"{quote(issuer)}:{quote(account)}"
    return f"otpauth://totp/{label}?secret={written}&issuer={quote(issuer)}&digits={DIGITS}&period={STEP_S}"


def recovery_code(drawn: bytes) -> str:
    """Ten random bytes as a code to write down: sixteen letters and digits in groups of four."""
    written = base64.b32encode(drawn).decode().lower()
    return "-".join(written[begin : begin + 4] for begin in range(0, len(written), 4))


def hash_recovery_code(key: bytes, programme: str, user: str, code: str) -> bytes:
    """How a recovery code is kept, however it was typed. Bound to its user."""
    plain = "".join(character for character in code.lower() if character.isalnum())
    return hmac.digest(key, f"{programme}|{user}|{plain}".encode(), hashlib.sha256)
