"""Back-tests (回测) of drafts: what a rule would have given in the past, before anybody publishes it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from uuid_utils.compat import uuid7

from app.actions.back_tests import ask_for_back_test, cancel_back_test
from app.api.access import Requires
from app.api.acting import act, note, ticket_of
from app.api.back_test_fields import BackTestAnswer, BackTestPage, BackTestRequest, render_back_test
from app.api.bodies import JsonBody, Received
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.policy_fields import Version
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves
from app.core.audit_trail import Edited, changed
from app.core.codes import Code, Rejected
from app.core.ids import BackTestId, UserId, format_id, parse_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.back_tests import BackTest, fetch_back_test, fetch_back_tests
from app.store.database import Tx
from app.store.policy_drafts import fetch_draft

router = APIRouter(prefix="/v1/accrual-policies/{version}/back-tests", tags=["Programme"])

Reads = Annotated[Actor, Depends(Requires(Scope.BACK_TESTS_READ))]
Writes = Annotated[Actor, Depends(Requires(Scope.POLICIES_WRITE))]


def _named(reference: str) -> BackTestId:
    value = parse_id("bkt", reference)
    if value is None:
        raise Problem(Code.NOT_FOUND)
    return BackTestId(value)


@router.post(
    "",
    operation_id="askForBackTest",
    summary="Back-test a draft over past service (回测)",
    status_code=202,
    response_model=BackTestAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_back_test(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[BackTestRequest], Depends(JsonBody(BackTestRequest))],
    key: IdempotencyKey,
    version: Version,
) -> Response:
    """Of the draft as it is now; a draft that is changed afterwards needs a new one before it is published.

    It runs in the background, one at a time, and changes nothing. Ask for its progress under its id.
    """
    body = received.body
    if body.until < body.since:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/until", detail="before since")])
    ticket = ticket_of(services, actor, key, received.hash + version.encode())
    back_test = BackTestId(uuid7())

    async def ask(tx: Tx) -> BackTest | Rejected:
        by = UserId(actor.subject)
        return await ask_for_back_test(
            tx, actor.programme, version, back_test, since=body.since, until=body.until, by=by, at=ticket.at
        )

    described = {"version": version, **body.model_dump(mode="json")}
    answer = await act(
        services,
        ticket,
        ask,
        lambda made: note(render_back_test(made), "back-test.ask", format_id("bkt", made.id), described),
        202,
    )
    services.back_tests_asked.set()
    return answer


@router.get(
    "",
    operation_id="listBackTests",
    summary="Back-tests of a draft",
    response_model=BackTestPage,
    responses=reads(Code.NOT_FOUND),
)
async def list_back_tests(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    version: Version,
    limit: Limit = PAGE,
    after: After = None,
) -> BackTestPage:
    """Those of earlier bodies too: `current` says which are of the draft as it is."""
    begin = BackTestId(id_after("bkt", after))
    async with services.database.snapshot() as reader:
        if await fetch_draft(reader, actor.programme, version) is None:
            raise Problem(Code.NOT_FOUND)
        found = await fetch_back_tests(reader, actor.programme, version, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = format_id("bkt", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return BackTestPage(back_tests=[render_back_test(each) for each in page], next=cursor)


@router.get(
    "/{back_test_id}",
    operation_id="getBackTest",
    summary="One back-test: progress and report (回测报告)",
    response_model=BackTestAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_back_test(services: Serves, actor: Reads, version: Version, back_test_id: str) -> BackTestAnswer:
    """The report is there once the state is `done`. It is kept for ever and never changes."""
    async with services.database.read() as reader:
        found = await fetch_back_test(reader, actor.programme, _named(back_test_id))
    if found is None or found.version != version:
        raise Problem(Code.NOT_FOUND)
    return render_back_test(found)


@router.post(
    "/{back_test_id}/cancel",
    operation_id="cancelBackTest",
    summary="Call a back-test off (取消)",
    response_model=BackTestAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT),
)
async def post_cancel(
    services: Serves, actor: Writes, key: IdempotencyKey, version: Version, back_test_id: str
) -> Response:
    """Until it has ended. No report is kept of it."""
    back_test = _named(back_test_id)
    ticket = ticket_of(services, actor, key, f"cancel {version} {back_test_id}".encode())

    async def call_off(tx: Tx) -> Edited[BackTest] | Rejected:
        return await cancel_back_test(tx, actor.programme, version, back_test, ticket.at)

    return await act(
        services,
        ticket,
        call_off,
        lambda edited: note(
            render_back_test(edited.after),
            "back-test.cancel",
            back_test_id,
            changed({"state": edited.before.state.value}, {"state": edited.after.state.value}),
        ),
        200,
    )
