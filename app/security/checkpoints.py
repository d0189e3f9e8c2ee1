"""The signature on a head of the tree: whoever holds it can prove later that the journal was changed."""

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.ids import ProgrammeId


def checkpoint_text(programme: ProgrammeId, size: int, root: bytes, recorded_at: str) -> bytes:
    """What is signed: programme, number of transactions, root, time, a line each."""
    encoded = base64.b64encode(root).decode()
    return f"liyu checkpoint v1\n{programme}\n{size}\n{encoded}\n{recorded_at}\n".encode()


def is_signed_by(public_key: bytes, signature: bytes, text: bytes) -> bool:
    """Whether a checkpoint's text was signed with the private half of a key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True
