"""A merchant's staff (商家员工): its managers look after it; administrators may too."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from uuid_utils.compat import uuid7

from app.actions.merchant_staff import set_role, stop_member
from app.actions.users import NewUser, create_user
from app.api.access import Requires
from app.api.acting import act, note, note_edit, ticket_of
from app.api.bodies import Body, JsonBody, Received
from app.api.merchants import merchant_named
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.services import Serves
from app.api.users import Password, UserAnswer, Username, UserPage, render_user, user_named
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import UserId, format_id
from app.security.actors import Actor, ActorKind, StaffRole
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.users import User, fetch_staff

router = APIRouter(prefix="/v1/merchants", tags=["Merchants"])

Writes = Annotated[Actor, Depends(Requires(Scope.STAFF_WRITE))]


class StaffRequest(Body):
    """A member of a merchant's staff who can log in."""

    username: Username
    password: Password
    role: StaffRole


class RoleChange(Body):
    """The role that a member of the staff is given."""

    role: StaffRole


@router.post(
    "/{merchant_id}/staff",
    operation_id="addStaff",
    summary="Let someone log in for a merchant (添加员工)",
    status_code=201,
    response_model=UserAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS),
)
async def post_member(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[StaffRequest], Depends(JsonBody(StaffRequest))],
    key: IdempotencyKey,
    merchant_id: str,
) -> Response:
    """Managers do everything of their own merchant, accountants see its bills, cashiers read.

    The password is kept as an argon2id hash only; the hash of this body, which holds it, is kept keyed.
    """
    body = received.body
    merchant = merchant_named(merchant_id, actor)
    blinded = hmac.digest(services.cabinet.blinding, received.hash + merchant_id.encode(), "sha256")
    ticket = ticket_of(services, actor, key, blinded)
    new = NewUser(
        id=UserId(uuid7()),
        kind=ActorKind.MERCHANT_STAFF,
        username=body.username,
        password=body.password,
        merchant=merchant,
        role=body.role,
        must_change=True,
    )

    async def create(tx: Tx) -> User | Rejected:
        return await create_user(tx, actor.programme, new, ticket.at)

    described = {"merchant_id": merchant_id, "username": body.username, "role": body.role.value}
    return await act(
        services,
        ticket,
        create,
        lambda made: note(render_user(made), "staff.add", format_id("usr", made.id), described),
    )


@router.get(
    "/{merchant_id}/staff",
    operation_id="listStaff",
    summary="A merchant's staff",
    response_model=UserPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_staff(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.STAFF_READ))],
    merchant_id: str,
    limit: Limit = PAGE,
    after: After = None,
) -> UserPage:
    """In the order of their making, those who were disabled too."""
    merchant = merchant_named(merchant_id, actor)
    begin = UserId(id_after("usr", after))
    async with services.database.read() as reader:
        found = await fetch_staff(reader, actor.programme, merchant, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("usr", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return UserPage(users=[render_user(user) for user in page], next=cursor)


@router.post(
    "/{merchant_id}/staff/{user_id}/disable",
    operation_id="disableStaff",
    summary="Let a member of the staff log in no more (停用)",
    response_model=UserAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_disable(
    services: Serves, actor: Writes, key: IdempotencyKey, merchant_id: str, user_id: str
) -> Response:
    """What was given out before is good for nothing any more, at once. A merchant's last manager stays."""
    merchant = merchant_named(merchant_id, actor)
    user = user_named(user_id)
    ticket = ticket_of(services, actor, key, f"disable {merchant_id} {user_id}".encode())

    async def disable(tx: Tx) -> Edited[User] | Rejected:
        return await stop_member(tx, actor, merchant, user, ticket.at)

    return await act(
        services, ticket, disable, lambda edited: note_edit(edited, render_user, "staff.disable", user_id), 200
    )


@router.post(
    "/{merchant_id}/staff/{user_id}/role",
    operation_id="setStaffRole",
    summary="Give a member of the staff another role (变更岗位)",
    response_model=UserAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_role(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[RoleChange], Depends(JsonBody(RoleChange))],
    key: IdempotencyKey,
    merchant_id: str,
    user_id: str,
) -> Response:
    """It counts from their next log-in on; who loses by it is out at once. A merchant's last manager stays one."""
    merchant = merchant_named(merchant_id, actor)
    user = user_named(user_id)
    role = received.body.role
    ticket = ticket_of(services, actor, key, received.hash + f"{merchant_id} {user_id}".encode())

    async def change(tx: Tx) -> Edited[User] | Rejected:
        return await set_role(tx, actor, merchant, user, role, ticket.at)

    return await act(
        services, ticket, change, lambda edited: note_edit(edited, render_user, "staff.role", user_id), 200
    )
