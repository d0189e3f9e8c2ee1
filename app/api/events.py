"""The event feed: a cursor over the journal. The journal is the outbox; nothing is published beside it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.fields import TransactionRef
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, link_next, seq_after
from app.api.services import Serves
from app.api.transactions import TransferAnswer, render_transaction
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.ledger import fetch_transactions

router = APIRouter(prefix="/v1/events", tags=["Ledger"])


class EventAnswer(Answer):
    """Something that happened, in the order in which it was written."""

    seq: int
    id: TransactionRef
    type: Annotated[str, Field(examples=["redeem.v1"])]
    document: str
    occurred_at: datetime
    recorded_at: datetime
    transfers: list[TransferAnswer]


class EventPage(Answer):
    """Events; `next` is always there: ask again with it, later too."""

    events: list[EventAnswer]
    next: str


@router.get("", operation_id="listEvents", summary="Events (事件)", response_model=EventPage, responses=reads())
async def list_events(
    request: Request,
    response: Response,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.EVENTS_READ))],
    limit: Limit = PAGE,
    after: After = None,
) -> EventPage:
    """Keep `next` and ask again: every event comes once and in order."""
    begin = seq_after(after, 0)
    async with services.database.read() as reader:
        found = await fetch_transactions(reader, actor.programme, begin, limit)
    events = []
    for view in found:
        shown = render_transaction(actor.programme, view)
        events.append(
            EventAnswer(
                seq=shown.seq,
                id=shown.id,
                type=shown.kind,
                document=shown.document,
                occurred_at=shown.occurred_at,
                recorded_at=shown.recorded_at,
                transfers=shown.transfers,
            )
        )
    cursor = str(found[-1].seq if found else begin)
    response.headers.update(link_next(request, cursor))
    return EventPage(events=events, next=cursor)
