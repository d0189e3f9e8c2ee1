"""Entering training records."""

from app.actions.reaches import level_over
from app.core.codes import Code, Rejected
from app.security.actors import Actor
from app.store.database import Tx
from app.store.reaches import fetch_line
from app.store.training_records import Training, insert_training
from app.store.volunteers import fetch_volunteer


async def enter_training(tx: Tx, actor: Actor, training: Training) -> Training | Rejected:
    """Enter a training of a volunteer that the programme knows, by a team within the actor's reach."""
    if await fetch_volunteer(tx, actor.programme, training.volunteer) is None:
        return Rejected(Code.NOT_FOUND, {"volunteer_id": training.volunteer.hex})
    line = await fetch_line(tx, actor.programme, training.team)
    if line is None or level_over(actor, line) is None:
        return Rejected(Code.NOT_FOUND, {"team_id": training.team.hex})
    await insert_training(tx, actor.programme, training)
    return training
