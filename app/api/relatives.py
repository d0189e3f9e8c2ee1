"""Relatives of users (亲属回避): registered, so that nobody reviews their own family."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.actions.users import register_relative
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import UserRef, VolunteerRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.services import Serves
from app.api.users import user_named
from app.api.volunteers import volunteer_named
from app.core.codes import Code, Rejected
from app.core.ids import VolunteerId, format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.relatives import fetch_relatives

router = APIRouter(prefix="/v1/users/{user_id}/relatives", tags=["People"])


class RelativeRequest(Body):
    """A relative of a user."""

    volunteer_id: VolunteerRef


class RelativesAnswer(Answer):
    """The relatives of a user, as registered."""

    user_id: UserRef
    volunteer_ids: list[VolunteerRef]


def _render(user: str, volunteers: frozenset[VolunteerId]) -> RelativesAnswer:
    return RelativesAnswer(user_id=user, volunteer_ids=sorted(format_id("vol", volunteer) for volunteer in volunteers))


@router.post(
    "",
    operation_id="registerRelative",
    summary="Register a relative of a user (亲属回避)",
    status_code=201,
    response_model=RelativesAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def post_relative(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.USERS_WRITE))],
    received: Annotated[Received[RelativeRequest], Depends(JsonBody(RelativeRequest))],
    key: IdempotencyKey,
    user_id: str,
) -> Response:
    """From now on this user neither verifies nor rejects records of that volunteer."""
    user = user_named(user_id)
    volunteer = volunteer_named(received.body.volunteer_id)
    ticket = ticket_of(services, actor, key, received.hash + user_id.encode())

    async def register(tx: Tx) -> frozenset[VolunteerId] | Rejected:
        return await register_relative(tx, actor.programme, user, volunteer, ticket.at)

    described = {"volunteer_id": received.body.volunteer_id}
    return await act(
        services,
        ticket,
        register,
        lambda made: note(_render(user_id, made), "user.relative", user_id, described),
    )


@router.get(
    "",
    operation_id="listRelatives",
    summary="The relatives of a user",
    response_model=RelativesAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def list_relatives(
    services: Serves, actor: Annotated[Actor, Depends(Requires(Scope.USERS_READ))], user_id: str
) -> RelativesAnswer:
    """As registered; nobody for a user that is not here."""
    user = user_named(user_id)
    async with services.database.read() as reader:
        return _render(user_id, await fetch_relatives(reader, actor.programme, user))
