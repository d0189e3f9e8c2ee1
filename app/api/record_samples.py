"""Inspection (抽查): a random sample of records that can be drawn again (order 67, Art. 21; DOMAIN.md 1.6)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.actions.reaches import fetch_reach
from app.api.access import Requires
from app.api.bodies import Answer
from app.api.fields import Moment
from app.api.operations import reads
from app.api.problems import FieldProblem, Problem
from app.api.record_fields import ReviewedAnswer
from app.api.service_records import render_records
from app.api.services import Serves
from app.core.codes import Code
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.record_samples import draw_sample

router = APIRouter(prefix="/v1/service-records", tags=["Service"])


class RecordSampleAnswer(Answer):
    """A sample: the records in the order they were drawn, and out of how many."""

    seed: str
    population: int
    records: list[ReviewedAnswer]


@router.get(
    "/sample",
    operation_id="sampleServiceRecords",
    summary="A random sample for inspection (抽查)",
    response_model=RecordSampleAnswer,
    responses=reads(),
)
async def get_sample(
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_READ))],
    seed: Annotated[
        str, Query(pattern="^[0-9A-Za-z_.:-]{1,64}$", description="Agreed on beforehand", examples=["2026-Q1-0417"])
    ],
    since: Annotated[Moment, Query(description="Entered from then on")],
    until: Annotated[Moment, Query(description="Entered before; not in the future, or the sample could change")],
    size: Annotated[int, Query(ge=1, le=200, description="How many")] = 30,
) -> RecordSampleAnswer:
    """The same seed, size and period give the same records, whoever of the same part asks and whenever."""
    if not since < until <= services.clock():
        fault = FieldProblem(pointer="/until", detail="after since, and not in the future")
        raise Problem(Code.PARAM_ERROR, errors=[fault])
    async with services.database.read() as reader:
        teams = await fetch_reach(reader, actor)
        sample = await draw_sample(reader, actor.programme, seed, size, (since, until), teams)
        records = await render_records(reader, actor, sample.records)
    return RecordSampleAnswer(seed=seed, population=sample.population, records=records)
