"""Idempotency: an answer is kept under its key as long as the entry lives, refusals included.

Same key and same body: the same answer. Same key, other body: a conflict, and nothing is touched.
"""

import json
from dataclasses import dataclass
from typing import NamedTuple

from app.core.book import Accepted, AnswerFields, Decision
from app.core.codes import Code, Rejected
from app.core.ids import RedemptionId, parse_id
from app.core.rows import Sale


class AnswerKey(NamedTuple):
    """Where an answer is kept: the caller's scope (`till:<merchant>`, `user:<id>`, a job) and the caller's number."""

    scope: str
    key: str


def till_key(sale: Sale) -> AnswerKey:
    """Where the answer to a till's order number is kept: numbers are unique per merchant, whichever till asks."""
    return AnswerKey(f"till:{sale.merchant.hex}", sale.trade_no)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it is stored: the hash of the body that it answers, and the outcome as JSON."""

    body_hash: bytes
    outcome: str
    seq: int | None = None


_encode = json.JSONEncoder(separators=(",", ":")).encode

NOT_KEPT = frozenset((Code.SIGN_ERROR, Code.SYSTEM_BUSY, Code.SYSTEM_ERROR))
"""Refusals that say nothing about the command itself: the same number may be tried again."""

ANY_BODY = b""
"""The body hash of an answer that stands for every body, as a tombstone does."""


def encode_outcome(decision: Decision) -> str:
    """Write a decision as it is kept: its answer, or its refusal with the figures."""
    if isinstance(decision, Accepted):
        return _encode({"ok": decision.answer})
    return _encode({"code": decision.code.value, "detail": dict(decision.detail)})


def replay(kept: KeptAnswer, body_hash: bytes, conflict: Code) -> AnswerFields | Rejected:
    """Give a kept answer again to the same body; another body gets the conflict."""
    if kept.body_hash not in (body_hash, ANY_BODY):
        return Rejected(conflict)
    outcome = json.loads(kept.outcome)
    return outcome["ok"] if "ok" in outcome else Rejected(Code(outcome["code"]), outcome["detail"])


def sold(kept: KeptAnswer) -> RedemptionId | Code | None:
    """What became of a till's number, as its kept answer says: a redemption, or the code of its refusal."""
    outcome = json.loads(kept.outcome)
    if "ok" not in outcome:
        return Code(outcome["code"])
    redemption = parse_id("red", str(outcome["ok"]["redemption"]))
    return RedemptionId(redemption) if redemption else None
