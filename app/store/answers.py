"""Answers kept under their idempotency keys, in the transaction of what they answer."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import text

from app.core.idempotency import AnswerKey, KeptAnswer
from app.core.ids import ProgrammeId
from app.store.database import BatchConnection, Reader, Tx

_FETCH = """
SELECT a.scope, a.key, a.body_hash, a.outcome, a.seq
FROM unnest($2::text[], $3::text[]) AS k (scope, key)
CROSS JOIN LATERAL (
    SELECT * FROM answers WHERE programme_id = $1 AND scope = k.scope AND key = k.key LIMIT 1
) a
"""


async def fetch_answers(
    connection: BatchConnection, programme: ProgrammeId, keys: Collection[AnswerKey]
) -> dict[AnswerKey, KeptAnswer]:
    """The answers that are known under these keys."""
    rows = await connection.fetch(_FETCH, programme, [key.scope for key in keys], [key.key for key in keys])
    return {AnswerKey(scope, key): KeptAnswer(body_hash, outcome, seq) for scope, key, body_hash, outcome, seq in rows}


_INSERT = """
INSERT INTO answers (programme_id, scope, key, body_hash, outcome, seq, recorded_at)
SELECT $1, t.scope, t.key, t.body_hash, t.outcome, t.seq, $2
FROM unnest($3::text[], $4::text[], $5::bytea[], $6::json[], $7::bigint[]) AS t (scope, key, body_hash, outcome, seq)
"""


async def insert_answers(
    connection: BatchConnection,
    programme: ProgrammeId,
    recorded_at: datetime,
    answers: Mapping[AnswerKey, KeptAnswer],
) -> None:
    """Keep answers. A key that is there already violates the primary key: no key has two answers."""
    await connection.execute(
        _INSERT,
        programme,
        recorded_at,
        [key.scope for key in answers],
        [key.key for key in answers],
        [answer.body_hash for answer in answers.values()],
        [answer.outcome for answer in answers.values()],
        [answer.seq for answer in answers.values()],
    )


_FETCH_ONE = text("""
SELECT body_hash, CAST(outcome AS text), seq FROM answers
WHERE programme_id = :programme AND scope = :scope AND key = :key
""")


async def fetch_answer(reader: Reader | Tx, programme: ProgrammeId, key: AnswerKey) -> KeptAnswer | None:
    """The answer kept under one key."""
    found = await reader.execute(_FETCH_ONE, {"programme": programme, "scope": key.scope, "key": key.key})
    row = found.one_or_none()
    return KeptAnswer(*row) if row else None


_INSERT_ONE = text("""
INSERT INTO answers (programme_id, scope, key, body_hash, outcome, recorded_at)
VALUES (:programme, :scope, :key, :body_hash, CAST(:outcome AS json), :at)
""")


async def insert_answer(tx: Tx, programme: ProgrammeId, key: AnswerKey, answer: KeptAnswer, at: datetime) -> None:
    """Keep the answer of an action."""
    await tx.execute(
        _INSERT_ONE,
        {
            "programme": programme,
            "scope": key.scope,
            "key": key.key,
            "body_hash": answer.body_hash,
            "outcome": answer.outcome,
            "at": at,
        },
    )
