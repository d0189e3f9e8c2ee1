"""Whether the process lives, whether it can work, and what it counts."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from app.api.access import PUBLIC
from app.api.bodies import Answer, json_answer
from app.api.operations import refusals
from app.api.problems import Problem
from app.api.services import Serves
from app.core.codes import Code
from app.store.migrating import fetch_revision, newest_revision

router = APIRouter(tags=["Health"])


class Health(Answer):
    """That all is well."""

    status: str


@router.get(
    "/livez",
    operation_id="getLiveness",
    summary="The process answers",
    response_model=Health,
    responses=refusals((Code.PARAM_ERROR,)),
    openapi_extra={"x-access": PUBLIC},
)
async def get_liveness() -> Response:
    """Asks nothing of anyone else."""
    return json_answer(Health(status="ok").model_dump_json())


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="The process can do its work",
    response_model=Health,
    responses=refusals((Code.PARAM_ERROR, Code.SYSTEM_BUSY)),
    openapi_extra={"x-access": PUBLIC},
)
async def get_readiness(services: Serves) -> Response:
    """The database answers and has the schema that this program was written for."""
    try:
        revision = await fetch_revision(services.database)
    except (OSError, SQLAlchemyError, TimeoutError) as error:
        raise Problem(Code.SYSTEM_BUSY) from error
    if revision != newest_revision():
        raise Problem(Code.SYSTEM_BUSY)
    return json_answer(Health(status="ok").model_dump_json())


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="What the process counts, for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {}}, "description": "Metrics"},
        **refusals((Code.PARAM_ERROR,)),
    },
    openapi_extra={"x-access": PUBLIC},
)
async def get_metrics() -> Response:
    """No names, no ids. The proxy in front should keep it inside."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
