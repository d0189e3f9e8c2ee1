"""A signed yes or no (RFC 7515): to whom, to which question, and nothing else. It names nobody and gives no reason."""

from datetime import datetime, timedelta

from app.core.ids import ClientId, ProgrammeId
from app.core.predicates import Question
from app.security.client_secrets import format_client
from app.security.tokens import TokenKeys, sign_statement

ISSUER = "liyu-predicate"
ANSWER_TYPE = "liyu-predicate+jws"
ANSWER_LIFETIME = timedelta(minutes=15)
"""An answer is for the desk where it was asked for; whoever needs it later asks again."""


def sign_answer(
    keys: TokenKeys, programme: ProgrammeId, client: ClientId, question: Question, *, yes: bool, at: datetime
) -> str:
    """Sign an answer. Raises LookupError for a programme without a signing key."""
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
    return sign_statement(keys, ANSWER_TYPE, claims)
