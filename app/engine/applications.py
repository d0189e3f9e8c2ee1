"""What the ledger does for an application that people have decided: a grant, or the end of one. Each is done once."""

from app.core.applications.settling import Settling, answered
from app.core.idempotency import AnswerKey
from app.core.ids import ProgrammeId
from app.engine.batch import JOB_BODY, Submission
from app.engine.committer import CommandFailed, Committers


async def carry_out_settling(committers: Committers, programme: ProgrammeId, settling: Settling) -> Settling:
    """Send the command of a settling, if it has one. Done before, it answers what was answered then."""
    if settling.command is None:
        return settling
    key = AnswerKey("system", settling.key)
    try:
        outcome = await committers.submit(programme, Submission(command=settling.command, key=key, body_hash=JOB_BODY))
    except CommandFailed:
        return settling
    return answered(settling, outcome.answer)
