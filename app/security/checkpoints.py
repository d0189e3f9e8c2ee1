"""The signature on a head of the tree: whoever holds it can prove later that the journal was changed."""

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.ids import ProgrammeId


def checkpoint_text(programme: ProgrammeId, size: int, root: bytes, recorded_at: str) -> bytes:
    """What is signed: programme, number of transactions, root, time, a line each."""
    return _head_text("liyu checkpoint v1", programme, size, root, recorded_at)


def trail_text(programme: ProgrammeId, size: int, root: bytes, recorded_at: str) -> bytes:
    """What is signed of the audit trail: the same with the number of its rows, under a name of its own."""
    return _head_text("liyu trail v1", programme, size, root, recorded_at)


def _head_text(form: str, programme: ProgrammeId, size: int, root: bytes, recorded_at: str) -> bytes:
    return f"{form}\n{programme}\n{size}\n{base64.b64encode(root).decode()}\n{recorded_at}\n".encode()


def is_signed_by(public_key: bytes, signature: bytes, text: bytes) -> bool:
    """Whether a checkpoint's text was signed with the private half of a key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True
