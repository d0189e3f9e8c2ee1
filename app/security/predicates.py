"""A signed yes or no (RFC 7515): to whom, to which question, and nothing else. It names nobody and gives no reason."""

import json
from datetime import datetime, timedelta

from joserfc import jws

from app.core.ids import ClientId, ProgrammeId
from app.core.predicates import Question
from app.security.client_secrets import format_client
from app.security.tokens import TokenKeys

ISSUER = "liyu-predicate"
ANSWER_TYPE = "liyu-predicate+jws"
ANSWER_LIFETIME = timedelta(minutes=15)
"""An answer is for the desk where it was asked for; whoever needs it later asks again."""
_ALGORITHM = "Ed25519"


def sign_answer(
    keys: TokenKeys, programme: ProgrammeId, client: ClientId, question: Question, *, yes: bool, at: datetime
) -> str:
    """Sign an answer. Raises LookupError for a programme without a signing key."""
    kid, key = keys.signer()
    claims = {
        "iss": ISSUER,
        "aud": format_client(programme, client),
        "iat": int(at.timestamp()),
        "exp": int((at + ANSWER_LIFETIME).timestamp()),
        "question": question.hash.hex(),
        "nonce": question.nonce,
        "on": question.on.isoformat(),
        "answer": yes,
    }
    payload = json.dumps(claims, separators=(",", ":")).encode()
    header = {"alg": _ALGORITHM, "kid": kid, "typ": ANSWER_TYPE}
    return jws.serialize_compact(header, payload, key, algorithms=[_ALGORITHM])
