"""Users: the people who log in (管理员、审计员、组织者、商家员工)."""

import hmac
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.users import NewUser, create_user, stop_user
from app.api.access import Requires
from app.api.acting import act, note, note_edit, ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received
from app.api.fields import MerchantRef, RegionCode, TeamRef, UserRef, VolunteerRef
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.services import Serves
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import MerchantId, TeamId, UserId, VolunteerId, format_id, parse_id
from app.security.actors import Actor, ActorKind, StaffRole
from app.security.scopes import Scope
from app.store.database import Tx
from app.store.users import User, fetch_users

router = APIRouter(prefix="/v1/users", tags=["People"])

Writes = Annotated[Actor, Depends(Requires(Scope.USERS_WRITE))]


def user_named(reference: str) -> UserId:
    """The id of a user; 404 for what cannot be one."""
    value = parse_id("usr", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return UserId(value)


class UserKind(StrEnum):
    """Who can log in."""

    ADMIN = "admin"
    AUDITOR = "auditor"
    ORGANISER = "organiser"
    MERCHANT_STAFF = "merchant_staff"


Username = Annotated[str, Field(pattern=r"^[0-9a-z][0-9a-z_.-]{1,63}$", examples=["auditor-1"])]
Password = Annotated[str, Field(min_length=1, max_length=200, description="At least 10 characters")]


class UserRequest(Body):
    """A user to make. Merchant staff need their merchant; an organiser's team and region are their part of the city."""

    kind: UserKind
    username: Username
    password: Password
    merchant_id: MerchantRef | None = None
    team_id: TeamRef | None = None
    volunteer_id: Annotated[VolunteerRef | None, Field(description="The volunteer that this person is, if any")] = None
    region_code: Annotated[RegionCode | None, Field(description="Of organisers: nothing outside of it is theirs")] = (
        None
    )
    role: Annotated[StaffRole | None, Field(description="Of merchant staff only; null: a cashier")] = None


class UserAnswer(Answer):
    """A user, without anything of the password."""

    id: UserRef
    kind: UserKind
    username: str
    merchant_id: MerchantRef | None
    team_id: TeamRef | None
    volunteer_id: VolunteerRef | None
    region_code: RegionCode | None
    role: Annotated[StaffRole | None, Field(description="Of merchant staff only")]
    must_change_password: Annotated[bool, Field(description="Somebody else has set it (须先修改初始密码)")]
    disabled_at: datetime | None
    created_at: datetime


class UserPage(Answer):
    """Users in the order of their making."""

    users: list[UserAnswer]
    next: str | None


def render_user(user: User) -> UserAnswer:
    """A user as answers carry it."""
    return UserAnswer(
        id=format_id("usr", user.id),
        kind=UserKind(user.kind.value),
        username=user.username,
        merchant_id=format_id("mer", user.merchant) if user.merchant else None,
        team_id=format_id("tea", user.team) if user.team else None,
        volunteer_id=format_id("vol", user.volunteer) if user.volunteer else None,
        region_code=user.region,
        role=user.role,
        must_change_password=user.must_change,
        disabled_at=user.disabled_at,
        created_at=user.created_at,
    )


@router.post(
    "",
    operation_id="createUser",
    summary="Make a user who can log in",
    status_code=201,
    response_model=UserAnswer,
    responses=writes(Code.NOT_FOUND, Code.ALREADY_EXISTS),
)
async def post_user(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[UserRequest], Depends(JsonBody(UserRequest))],
    key: IdempotencyKey,
) -> Response:
    """The password is good for the first log-in, in which the user chooses another.

    It is kept as an argon2id hash only; the hash of this body, which holds it, is kept keyed.
    """
    body = received.body
    blinded = hmac.digest(services.cabinet.blinding, received.hash, "sha256")
    ticket = ticket_of(services, actor, key, blinded)
    merchant = parse_id("mer", body.merchant_id or "")
    team = parse_id("tea", body.team_id or "")
    volunteer = parse_id("vol", body.volunteer_id or "")
    new = NewUser(
        id=UserId(uuid7()),
        kind=ActorKind(body.kind.value),
        username=body.username,
        password=body.password,
        merchant=MerchantId(merchant) if merchant else None,
        team=TeamId(team) if team else None,
        volunteer=VolunteerId(volunteer) if volunteer else None,
        role=body.role,
        region=body.region_code,
        must_change=True,
    )

    async def create(tx: Tx) -> User | Rejected:
        return await create_user(tx, actor.programme, new, ticket.at)

    described = {"kind": body.kind.value, "username": body.username}
    return await act(
        services,
        ticket,
        create,
        lambda made: note(render_user(made), "user.create", format_id("usr", made.id), described),
    )


@router.get("", operation_id="listUsers", summary="Users", response_model=UserPage, responses=reads())
async def list_users(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.USERS_READ))],
    limit: Limit = PAGE,
    after: After = None,
) -> UserPage:
    """In the order of their making."""
    begin = UserId(id_after("usr", after))
    async with services.database.read() as reader:
        found = await fetch_users(reader, actor.programme, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("usr", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return UserPage(users=[render_user(user) for user in page], next=cursor)


@router.post(
    "/{user_id}/disable",
    operation_id="disableUser",
    summary="Let a user log in no more (停用)",
    response_model=UserAnswer,
    responses=writes(Code.NOT_FOUND),
)
async def post_disable(services: Serves, actor: Writes, key: IdempotencyKey, user_id: str) -> Response:
    """What was given out before is good for nothing any more, at once."""
    user = user_named(user_id)
    ticket = ticket_of(services, actor, key, f"disable {user_id}".encode())

    async def disable(tx: Tx) -> Edited[User] | Rejected:
        return await stop_user(tx, actor.programme, user, ticket.at)

    return await act(
        services, ticket, disable, lambda edited: note_edit(edited, render_user, "user.disable", user_id), 200
    )
