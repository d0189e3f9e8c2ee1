"""Running an action for a route: under its idempotency key, answering a repetition as the first time."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from fastapi import Response

from app.actions.running import Done, Ticket, run_action
from app.api.bodies import Answer, json_answer
from app.api.problems import refuse
from app.api.services import Services
from app.core.audit_trail import Edited, changed
from app.core.codes import Rejected
from app.security.actors import Actor
from app.store.database import Tx

Value = TypeVar("Value")
_NO_MORE: Mapping[str, object] = MappingProxyType({})


async def act(
    services: Services,
    ticket: Ticket,
    do: Callable[[Tx], Awaitable[Value | Rejected]],
    describe: Callable[[Value], Done],
    status: int = 201,
) -> Response:
    """Run an action and answer it. `describe` writes the answer and the audit row from what the action returned."""

    async def done(tx: Tx) -> Done | Rejected:
        value = await do(tx)
        return value if isinstance(value, Rejected) else describe(value)

    answered = await run_action(services.database, ticket, done)
    if isinstance(answered, Rejected):
        raise refuse(answered)
    return json_answer(answered.answer, status, replayed=answered.replayed)


def ticket_of(services: Services, actor: Actor, key: str, body_hash: bytes) -> Ticket:
    """Who acts, under which key, with which body, at the time of this process."""
    return Ticket(actor=actor, key=key, body_hash=body_hash, at=services.clock())


def secret_ticket_of(services: Services, actor: Actor, key: str, body_hash: bytes) -> Ticket:
    """A ticket for a body that holds what could be guessed from its hash: a name, a phone, a password, a few words."""
    return ticket_of(services, actor, key, blind(services, body_hash))


def blind(services: Services, body_hash: bytes) -> bytes:
    """The hash of a body under a key of the service: whoever has the database alone can try no guesses at it."""
    return hmac.digest(services.cabinet.blinding, body_hash, "sha256")


def note(answer: Answer, action: str, subject: str, changes: Mapping[str, object]) -> Done:
    """What an action did, for its answer and for the audit trail."""
    return Done(answer=answer.model_dump_json(), action=action, subject=subject, changes=changes)


def note_edit(
    edited: Edited[Value],
    render: Callable[[Value], Answer],
    action: str,
    subject: str,
    more: Mapping[str, object] = _NO_MORE,
) -> Done:
    """What an edit did: for the answer what is there now, for the audit trail the fields that differ, before and after.

    `more` is what stands in no field: above all the reason that the caller gave.
    """
    before, after = render(edited.before), render(edited.after)
    differs = changed(before.model_dump(mode="json"), after.model_dump(mode="json"))
    return note(after, action, subject, {**differs, **more})
