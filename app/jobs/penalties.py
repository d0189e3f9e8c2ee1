"""Posting penalties whose term to appeal is over, or whose appeal has failed. Run twice, each is posted once.

State and day are part of the key: one that was appealed in the last moment is refused, and posted after the answer.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from uuid_utils.compat import uuid7

from app.core.commands import Command
from app.core.ids import PenaltyId, ProgrammeId, TransactionId
from app.core.penalising import Penalise
from app.core.penalties import PenaltyState
from app.engine.committer import Committers
from app.jobs.lots import CHUNK, submit_all
from app.store.database import Database
from app.store.penalties import fetch_final_penalties


async def run_penalties(
    database: Database, committers: Committers, programme: ProgrammeId, clock: Callable[[], datetime]
) -> int:
    """Post all penalties that are final. Returns how many there were."""
    done = 0
    before: Sequence[tuple[PenaltyId, PenaltyState]] = ()
    while True:
        at = clock()
        async with database.read() as reader:
            due = await fetch_final_penalties(reader, programme, at, CHUNK)
        if not due or due == before:
            return done
        before = due
        commands: dict[str, Command] = {
            f"penalise:{penalty.hex}:{state.value}:{at.date().isoformat()}": Penalise(
                penalty=penalty, transaction=TransactionId(uuid7())
            )
            for penalty, state in due
        }
        await submit_all(committers, programme, commands)
        done += len(due)
