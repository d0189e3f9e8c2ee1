"""Running an action: one transaction holds its change, its audit row and its kept answer."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from app.actions.sealing_answers import seal_telling
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey, KeptAnswer
from app.core.ids import ProgrammeId
from app.security.actors import Actor
from app.store.answers import fetch_answer, insert_answer
from app.store.audit_rows import insert_audit_row
from app.store.database import Database, Tx

_ANSWER_TAKEN = "pk_answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Who acts, under which idempotency key, with which body, and when."""

    actor: Actor
    key: str
    body_hash: bytes
    at: datetime

    @property
    def programme(self) -> ProgrammeId:
        """The programme of the actor: nobody acts in another."""
        return self.actor.programme

    @property
    def answer_key(self) -> AnswerKey:
        """Keys are each actor's own; a guardian who acts for a child is another than the child."""
        return AnswerKey(self.actor.hand, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an action did: the answer as JSON, and for the audit trail what it did to whom.

    `shown_once` is added to the first answer only and never kept.
    """

    answer: str
    action: str
    subject: str
    changes: Mapping[str, object]
    shown_once: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """The answer of an action, fresh or replayed, as JSON."""

    answer: str
    replayed: bool


async def run_action(
    database: Database, ticket: Ticket, do: Callable[[Tx], Awaitable[Done | Rejected]]
) -> ActionAnswer | Rejected:
    """Run an action once per key. The same key and body get the same answer, another body a conflict.

    A refusal is kept too. Two calls with one key at the same time: one acts, the other gets its answer.
    """
    async with database.read() as reader:
        kept = await fetch_answer(reader, ticket.programme, ticket.answer_key)
    if kept:
        return _replay(kept, ticket)
    try:
        async with database.begin() as tx:
            done = await do(tx)
            await _keep(tx, ticket, done)
    except IntegrityError as error:
        if _ANSWER_TAKEN not in str(error.orig):
            raise
        async with database.read() as reader:
            kept = await fetch_answer(reader, ticket.programme, ticket.answer_key)
        if kept is None:
            raise
        return _replay(kept, ticket)
    if isinstance(done, Rejected):
        return done
    if done.shown_once:
        return ActionAnswer(
            json.dumps({**json.loads(done.answer), **done.shown_once}, ensure_ascii=False), replayed=False
        )
    return ActionAnswer(done.answer, replayed=False)


async def _keep(tx: Tx, ticket: Ticket, done: Done | Rejected) -> None:
    if isinstance(done, Rejected):
        outcome = json.dumps({"code": done.code.value, "detail": dict(done.detail)})
    else:
        outcome = f'{{"ok":{await seal_telling(tx, ticket.programme, done.answer, ticket.at)}}}'
        await insert_audit_row(
            tx,
            ticket.programme,
            uuid7(),
            actor=ticket.actor.hand,
            action=done.action,
            subject=done.subject,
            changes=done.changes,
            at=ticket.at,
        )
    kept = KeptAnswer(ticket.body_hash, outcome)
    await insert_answer(tx, ticket.programme, ticket.answer_key, kept, ticket.at)


def _replay(kept: KeptAnswer, ticket: Ticket) -> ActionAnswer | Rejected:
    if kept.body_hash != ticket.body_hash:
        return Rejected(Code.IDEMPOTENCY_KEY_USED)
    outcome = json.loads(kept.outcome)
    if "ok" not in outcome:
        return Rejected(Code(outcome["code"]), outcome["detail"])
    return ActionAnswer(json.dumps(outcome["ok"], ensure_ascii=False), replayed=True)
