"""Logging in from the mini-program (微信小程序登录), and binding its account to a volunteer."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.actions.sessions import LoggedIn
from app.actions.wechat import Arrival, Unbound, bind_by_code, bind_by_phone, log_in_account
from app.actions.wechat_calls import WechatCalls
from app.api.access import PUBLIC
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.log_ins import LoginAnswer, ProgrammeCode, answer_login, origin_of
from app.api.operations import refusals
from app.api.problems import FieldProblem, Problem, refuse
from app.api.services import Serves, Services
from app.core.attempts import BY_ADDRESS, BY_BINDING
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId
from app.core.refused_logins import Door
from app.security.bindings import index_openid, read_binding_token
from app.security.origins import Origin, household_of
from app.store.programmes import fetch_programme

router = APIRouter(prefix="/v1/auth/wechat", tags=["Access"])

WechatCode = Annotated[str, Field(min_length=1, max_length=128, examples=["0a3Xyz…"])]


class WechatRequest(Body):
    """The code that `wx.login` gave."""

    programme: ProgrammeCode
    code: WechatCode


class WechatBindRequest(Body):
    """An account that is nobody's yet, and what shows whose it is: exactly one of `phone_code` and `code`."""

    programme: ProgrammeCode
    binding_token: Annotated[str, Field(min_length=1, max_length=600)]
    consent_version: Annotated[
        str,
        Field(
            min_length=1,
            max_length=40,
            description="The text about WeChat log-in to which the volunteer has agreed (同意)",
            examples=["2026-11"],
        ),
    ]
    phone_code: Annotated[WechatCode | None, Field(description="Of the button getPhoneNumber")] = None
    code: Annotated[
        str | None, Field(max_length=20, description="One-time code of the station (绑定码)", examples=["7KQ2M9XW4R"])
    ] = None


class WechatAnswer(Answer):
    """Who is in; or, for an account that is nobody's yet, what binds it."""

    bound: bool
    login: LoginAnswer | None
    binding_token: str | None
    binding_token_ends_at: datetime | None


_WECHAT = (
    Code.PARAM_ERROR,
    Code.NOT_FOUND,
    Code.BODY_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
    Code.FREQUENCY_LIMITED,
    Code.WECHAT_CODE_INVALID,
    Code.WECHAT_REFUSED,
    Code.WECHAT_BUSY,
)


def _wechat_of(services: Services) -> WechatCalls:
    """WeChat's server; 404 where this deployment has no mini-program."""
    if services.wechat is None:
        raise Problem(Code.NOT_FOUND)
    return services.wechat


async def _answer(services: Services, outcome: LoggedIn | Unbound) -> Response:
    if isinstance(outcome, Unbound):
        answer = WechatAnswer(
            bound=False,
            login=None,
            binding_token=outcome.binding_token,
            binding_token_ends_at=outcome.valid_until,
        )
    else:
        login = await answer_login(services, outcome)
        answer = WechatAnswer(bound=True, login=login, binding_token=None, binding_token_ends_at=None)
    return json_answer(answer.model_dump_json())


async def _check_programme(services: Services, programme: ProgrammeId) -> str:
    """The time zone of a programme; 404 when it is not here, before anything is asked of WeChat."""
    async with services.database.read() as reader:
        found = await fetch_programme(reader, programme)
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return found.zone


@router.post(
    "",
    operation_id="logInWithWechat",
    summary="Log in with the code of wx.login (微信登录)",
    response_model=WechatAnswer,
    responses=refusals(_WECHAT),
    openapi_extra={"x-access": PUBLIC},
)
async def post_wechat(
    request: Request,
    services: Serves,
    received: Annotated[Received[WechatRequest], Depends(JsonBody(WechatRequest))],
) -> Response:
    """A code is good once, for five minutes. WeChat's session key is not kept and never given out."""
    programme = ProgrammeId(received.body.programme)
    calls = _wechat_of(services)
    await _check_programme(services, programme)
    account = await calls.find_account(received.body.code)
    if isinstance(account, Rejected):
        raise refuse(account)
    outcome = await log_in_account(
        services.database, services.cabinet, programme, account.openid, origin_of(request), services.clock()
    )
    return await _answer(services, outcome)


@router.post(
    "/bind",
    operation_id="bindWechat",
    summary="Bind the account of the mini-program to a volunteer (绑定)",
    response_model=WechatAnswer,
    responses=refusals(
        (*_WECHAT, Code.TOKEN_ERROR, Code.BINDING_FAILED, Code.GUARDIAN_REQUIRED, Code.CONSENT_TEXT_NOT_IN_FORCE)
    ),
    openapi_extra={"x-access": PUBLIC},
)
async def post_bind(
    request: Request,
    services: Serves,
    received: Annotated[Received[WechatBindRequest], Depends(JsonBody(WechatBindRequest))],
) -> Response:
    """By the phone that the volunteer registered with, or by a one-time code from the station.

    Whether a phone or a code is known is not told. Below 14 the guardian acts instead.
    """
    body, origin, at = received.body, origin_of(request), services.clock()
    if (body.phone_code is None) == (body.code is None):
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/code", detail="exactly one of the two codes")])
    programme = ProgrammeId(body.programme)
    calls = _wechat_of(services)
    zone = await _check_programme(services, programme)
    openid = read_binding_token(services.cabinet.vault, programme, body.binding_token, at)
    if openid is None:
        raise Problem(Code.TOKEN_ERROR)
    await _admit(services, programme, openid, origin)
    shown = await calls.find_phone(body.phone_code) if body.phone_code else body.code or ""
    if isinstance(shown, Rejected):
        raise refuse(shown)
    arrival = Arrival(openid=openid, origin=origin, consent_version=body.consent_version)
    bind = bind_by_phone if body.phone_code else bind_by_code
    async with services.database.begin() as tx:
        bound = await bind(tx, services.cabinet, programme, arrival, shown, business_day(at, zone), at)
        if isinstance(bound, Rejected):
            services.logins.refused.note(programme, Door.BINDING, None, openid, at)
            raise refuse(bound)  # within, so that nothing of it stays
    return await _answer(services, bound)


async def _admit(services: Services, programme: ProgrammeId, openid: str, origin: Origin) -> None:
    """Count an attempt to bind, by the account and by the address."""
    account = index_openid(services.cabinet.openids, programme, openid).hex()
    subjects = {f"binding {account}": BY_BINDING, f"binding-address {household_of(origin.address)}": BY_ADDRESS}
    at = services.clock()
    if closed := await services.logins.admit(programme, subjects, at):
        services.logins.refused.note(programme, Door.BINDING, None, openid, at, turned_away=True)
        raise refuse(closed)
