"""A volunteer's own service and training records (order 67, Art. 12: the right to query)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.me import own_id
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem
from app.api.record_fields import RecordAnswer, record_fields
from app.api.service_records import record_named
from app.api.services import Serves
from app.api.training_records import TrainingPage, render_training
from app.core.codes import Code
from app.core.ids import RecordId, TrainingId, format_id
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.service_records import RecordFilter, fetch_record, fetch_records_page
from app.store.training_records import fetch_trainings

router = APIRouter(prefix="/v1/me", tags=["Volunteers' own"])

Reads = Annotated[Actor, Depends(Requires(Scope.ME_READ))]


class OwnRecordPage(Answer):
    """The volunteer's records in the order they were entered."""

    records: list[RecordAnswer]
    next: str | None


@router.get(
    "/service-records",
    operation_id="listOwnServiceRecords",
    summary="Own service records (服务记录)",
    response_model=OwnRecordPage,
    responses=reads(),
)
async def list_own_records(
    request: Request, response: Response, services: Serves, actor: Reads, limit: Limit = PAGE, after: After = None
) -> OwnRecordPage:
    """Whatever their state; what rules found odd about them is for the reviewer only."""
    begin = RecordId(id_after("rec", after))
    wanted = RecordFilter(volunteer=own_id(actor))
    async with services.database.read() as reader:
        views = await fetch_records_page(reader, actor.programme, begin, limit + 1, wanted)
    page, more = cut_page(views, limit)
    cursor = format_id("rec", page[-1].record.id) if more else None
    response.headers.update(link_next(request, cursor))
    return OwnRecordPage(records=[RecordAnswer.model_validate(record_fields(view)) for view in page], next=cursor)


@router.get(
    "/service-records/{record_id}",
    operation_id="getOwnServiceRecord",
    summary="One of one's own service records",
    response_model=RecordAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_own_record(services: Serves, actor: Reads, record_id: str) -> RecordAnswer:
    """404 for anybody else's."""
    record = record_named(record_id)
    async with services.database.read() as reader:
        view = await fetch_record(reader, actor.programme, record)
    if view is None or view.record.volunteer != own_id(actor):
        raise Problem(Code.NOT_FOUND)
    return RecordAnswer.model_validate(record_fields(view))


@router.get(
    "/training-records",
    operation_id="listOwnTrainingRecords",
    summary="Own training records (培训记录)",
    response_model=TrainingPage,
    responses=reads(),
)
async def list_own_trainings(
    request: Request, response: Response, services: Serves, actor: Reads, limit: Limit = PAGE, after: After = None
) -> TrainingPage:
    """Time learnt, which is not time served."""
    begin = TrainingId(id_after("trn", after))
    async with services.database.read() as reader:
        found = await fetch_trainings(reader, actor.programme, begin, limit + 1, own_id(actor), None)
    page, more = cut_page(found, limit)
    cursor = format_id("trn", page[-1].id) if more else None
    response.headers.update(link_next(request, cursor))
    return TrainingPage(trainings=[render_training(training) for training in page], next=cursor)
