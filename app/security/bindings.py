"""What stands between a WeChat log-in and its volunteer: blind indexes of openids, binding tokens, one-time codes."""

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import UTC, datetime

from app.core.ids import ProgrammeId
from app.security.sealing import Keyring, UnsealRefused

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No 0, O, 1 or I: the code is read out loud and typed on a phone."""
_CODE_LENGTH = 10
_START = "wbt_"


def index_openid(key: bytes, programme: ProgrammeId, openid: str) -> bytes:
    """What an openid is found by: another for each programme, and no way back."""
    return hmac.digest(key, f"{programme}|{openid}".encode(), hashlib.sha256)


def draw_binding_code() -> str:
    """A one-time code of 50 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))


def hash_binding_code(key: bytes, programme: ProgrammeId, code: str) -> bytes:
    """How a code is kept, however it was typed."""
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hmac.digest(key, f"{programme}|{plain}".encode(), hashlib.sha256)


def _place(programme: ProgrammeId, until_s: int) -> str:
    return f"wechat-binding|{programme}|{until_s}"


def issue_binding_token(vault: Keyring, programme: ProgrammeId, openid: str, until: datetime) -> str:
    """An account that is nobody's yet, sealed: whoever holds it can bind that account and nothing else."""
    until_s = int(until.timestamp())
    sealed = vault.seal(openid.encode(), _place(programme, until_s))
    return f"{_START}{until_s}_{base64.urlsafe_b64encode(sealed).decode()}"


def read_binding_token(vault: Keyring, programme: ProgrammeId, token: str, at: datetime) -> str | None:
    """The openid of a token; None when it is not ours, of another programme, or too old."""
    until, _, written = token.removeprefix(_START).partition("_")
    if not token.startswith(_START) or not until.isascii() or not until.isdigit() or not written.isascii():
        return None
    try:
        openid = vault.unseal(base64.urlsafe_b64decode(written), _place(programme, int(until))).decode()
        good_until = datetime.fromtimestamp(int(until), UTC)
    except (binascii.Error, ValueError, OverflowError, OSError, UnsealRefused):
        return None
    return openid if at < good_until else None
