"""What an organiser does for a volunteer's way in: a code to bind a phone; after a lost phone, the way is shut."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from app.actions.reaches import fetch_reach
from app.actions.running import Done
from app.actions.wechat import IssuedCode, close_out, issue_code
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.auth_sessions import EndedSessions
from app.api.bodies import Answer
from app.api.fields import VolunteerRef
from app.api.operations import IdempotencyKey, writes
from app.api.problems import Problem
from app.api.services import Serves, Services
from app.api.volunteers import volunteer_named
from app.core.audit_trail import changed
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.ids import UserId, VolunteerId
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.programmes import fetch_zone
from app.store.volunteers import fetch_volunteer

router = APIRouter(prefix="/v1/volunteers", tags=["People"])

Binds = Annotated[Actor, Depends(Requires(Scope.VOLUNTEERS_BIND))]


class BindingCodeAnswer(Answer):
    """A one-time code, shown this once: a repetition of the call has null. Issue another if it is lost."""

    volunteer_id: VolunteerRef
    code: Annotated[str | None, Field(examples=["7KQ2M9XW4R"])] = None
    valid_until: datetime


async def check_reach(services: Services, actor: Actor, volunteer: VolunteerId) -> None:
    """404 for a volunteer outside an organiser's part of the teams."""
    async with services.database.read() as reader:
        reach = await fetch_reach(reader, actor)
        if reach is None:
            return
        found = await fetch_volunteer(reader, actor.programme, volunteer)
    if found is None or found.team is None or found.team not in reach:
        raise Problem(Code.NOT_FOUND)


@router.post(
    "/{volunteer_id}/binding-codes",
    operation_id="issueBindingCode",
    summary="A one-time code with which a volunteer binds a phone (绑定码)",
    status_code=201,
    response_model=BindingCodeAnswer,
    responses=writes(Code.NOT_FOUND, Code.GUARDIAN_REQUIRED),
)
async def post_binding_code(services: Serves, actor: Binds, key: IdempotencyKey, volunteer_id: str) -> Response:
    """For a volunteer whom one sees and knows, for half an hour. It replaces an account that was bound before."""
    volunteer = volunteer_named(volunteer_id)
    await check_reach(services, actor, volunteer)
    ticket = ticket_of(services, actor, key, b"binding-code" + volunteer.bytes)

    async def issue(tx: Tx) -> IssuedCode | Rejected:
        today = business_day(ticket.at, await fetch_zone(tx, actor.programme))
        by = UserId(actor.subject)
        return await issue_code(tx, services.cabinet, actor.programme, volunteer, by, today, ticket.at)

    def told(issued: IssuedCode) -> Done:
        answer = BindingCodeAnswer(volunteer_id=volunteer_id, valid_until=issued.valid_until).model_dump_json()
        shown = {"code": issued.code}
        return Done(answer=answer, action="wechat.code", subject=volunteer_id, changes={}, shown_once=shown)

    return await act(services, ticket, issue, told)


@router.post(
    "/{volunteer_id}/sessions/end",
    operation_id="endVolunteerSessions",
    summary="After a lost phone: end all sessions and loosen the account (挂失)",
    response_model=EndedSessions,
    responses=writes(Code.NOT_FOUND),
)
async def post_end_sessions(services: Serves, actor: Binds, key: IdempotencyKey, volunteer_id: str) -> Response:
    """Whoever has the phone is out within seconds. Points and hours are as they were; a new phone needs a code."""
    volunteer = volunteer_named(volunteer_id)
    await check_reach(services, actor, volunteer)
    ticket = ticket_of(services, actor, key, b"close-out" + volunteer.bytes)

    async def close(tx: Tx) -> int | Rejected:
        return await close_out(tx, actor.programme, volunteer, ticket.at)

    return await act(
        services,
        ticket,
        close,
        lambda count: note(
            EndedSessions(ended=count), "wechat.close", volunteer_id, changed({"running": count}, {"running": 0})
        ),
        200,
    )
