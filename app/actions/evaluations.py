"""Evaluating the service of a record: appended in front of the evaluation before."""

from dataclasses import replace
from datetime import datetime

from app.actions.reaches import level_over
from app.core.codes import Code, Rejected
from app.core.evaluations import Evaluation, is_late, refuse_evaluation
from app.core.ids import UserId
from app.security.actors import Actor
from app.store.database import Tx
from app.store.evaluations import fetch_last_number, insert_evaluation
from app.store.reaches import fetch_line
from app.store.relatives import fetch_relatives
from app.store.service_records import fetch_record
from app.store.volunteers import lock_volunteer


async def evaluate_record(tx: Tx, actor: Actor, said: Evaluation, at: datetime) -> Evaluation | Rejected:
    """Evaluate a record within the actor's part. Volunteer, number and lateness are found here."""
    view = await fetch_record(tx, actor.programme, said.record)
    line = await fetch_line(tx, actor.programme, view.record.team) if view else None
    if view is None or line is None or level_over(actor, line) is None:
        return Rejected(Code.NOT_FOUND)
    relatives = await fetch_relatives(tx, actor.programme, UserId(actor.subject))
    if refusal := refuse_evaluation(view.record, actor.volunteer, relatives):
        return refusal
    await lock_volunteer(tx, actor.programme, view.record.volunteer)
    evaluation = replace(
        said,
        volunteer=view.record.volunteer,
        number=await fetch_last_number(tx, actor.programme, said.record, said.source) + 1,
        late=is_late(view.items.due_at, at),
    )
    await insert_evaluation(tx, actor.programme, evaluation)
    return evaluation
