"""How many units of an offer there are: a limited quantity, so it changes by a command."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.actions.running import Done, run_action
from app.api.acting import ticket_of
from app.api.bodies import JsonBody, Received, json_answer
from app.api.offer_fields import StockAnswer, StockRequest
from app.api.offers import Writes, own_offer
from app.api.operations import IdempotencyKey, writes
from app.api.problems import refuse
from app.api.services import Serves
from app.core.audit_trail import changed
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.orders import SetStock
from app.engine.batch import Submission
from app.store.database import Tx
from app.store.offers import fetch_offer

router = APIRouter(prefix="/v1", tags=["Catalogue"])


@router.put(
    "/offers/{offer_id}/stock",
    operation_id="setOfferStock",
    summary="How many there are in all (设置库存)",
    response_model=StockAnswer,
    responses=writes(Code.NOT_FOUND, Code.OFFER_NOT_EXIST),
)
async def put_stock(
    services: Serves,
    actor: Writes,
    received: Annotated[Received[StockRequest], Depends(JsonBody(StockRequest))],
    key: IdempotencyKey,
    offer_id: str,
) -> Response:
    """The total, those taken included. Less than are taken leaves none; what was ordered stays ordered."""
    offer = await own_offer(services, actor, offer_id)
    ticket = ticket_of(services, actor, key, received.hash + offer_id.encode())

    async def note_stock(tx: Tx) -> Done:
        now = await fetch_offer(tx, actor.programme, offer.id)
        changes = changed({"total": now.stock_total if now else None}, {"total": received.body.total})
        return Done(answer="{}", action="offer.stock", subject=offer_id, changes=changes)

    # The audit row first, once per key: a crash may leave a row without its change, never a change without its row.
    # What another sets between the two stands in a row of its own.
    noted = await run_action(services.database, ticket, note_stock)
    if isinstance(noted, Rejected):
        raise refuse(noted)
    outcome = await services.committers.submit(
        actor.programme,
        Submission(
            command=SetStock(offer=offer.id, total=received.body.total),
            key=AnswerKey(f"stock:{actor.reference}", key),
            body_hash=ticket.body_hash,
        ),
    )
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    answer = StockAnswer.model_validate(dict(outcome.answer))
    return json_answer(answer.model_dump_json(), replayed=outcome.replayed)
