"""Refresh tokens: `rft_<programme>_<session>_<number>_<proof>`. Nothing secret of them is stored.

The proof is an HMAC over the rest, so an old token is told from one that somebody made up: only what was ours once can
end a session by being used again.
"""

import base64
import hashlib
import hmac
import re
from uuid import UUID

from app.core.ids import ProgrammeId, SessionId, is_programme_id

_TOKEN = re.compile(r"rft_([a-z][a-z0-9-]{1,15})_([0-9a-f]{32})_([0-9]{1,9})_([A-Za-z0-9_-]{43})")
_TOKEN_MAX = 128


def _proof(key: bytes, programme: str, session: str, seq: int) -> str:
    mac = hmac.digest(key, f"{programme}|{session}|{seq}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def issue_refresh_token(key: bytes, programme: ProgrammeId, session: SessionId, seq: int) -> str:
    """The refresh token of a number: the same each time."""
    return f"rft_{programme}_{session.hex}_{seq}_{_proof(key, programme, session.hex, seq)}"


def read_refresh_token(key: bytes, token: str) -> tuple[ProgrammeId, SessionId, int] | None:
    """Whose it is and its number; None for what was never ours."""
    found = _TOKEN.fullmatch(token) if len(token) <= _TOKEN_MAX else None
    if found is None or not is_programme_id(found[1]):
        return None
    if not hmac.compare_digest(_proof(key, found[1], found[2], int(found[3])), found[4]):
        return None
    return ProgrammeId(found[1]), SessionId(UUID(hex=found[2])), int(found[3])
