"""Correcting the record of an upheld objection: one entered is rejected, one verified is withdrawn.

Then its hours can be entered again as they were. Larger corrections have their own machinery; this is one record.
"""

from uuid_utils.compat import uuid7

from app.core.claw_backs import ClawBack
from app.core.codes import Code, Rejected
from app.core.commands import Command
from app.core.idempotency import AnswerKey
from app.core.ids import ObjectionId, ProgrammeId, TransactionId, UserId
from app.core.quantities import Instant
from app.core.rows import RecordState, ServiceRecord
from app.core.service_records import RejectRecord
from app.engine.batch import JOB_BODY, Submission
from app.engine.committer import Committers


async def correct_record(
    committers: Committers,
    programme: ProgrammeId,
    objection: ObjectionId,
    record: ServiceRecord,
    by: UserId,
    at: Instant,
) -> Code | None:
    """Take the record out. None when it is out, by this call or before; else why it cannot be now.

    The day is part of the key: what is refused today (hours that a benefit has consumed) is tried again tomorrow.
    """
    command: Command
    if record.state is RecordState.VERIFIED:
        command = ClawBack(record=record.id, transaction=TransactionId(uuid7()), by=by)
    elif record.state is RecordState.ENTERED:
        command = RejectRecord(record=record.id, verifier=by, verifier_is=None)
    else:
        return None
    key = AnswerKey("system", f"objection:{objection.hex}:{record.state.value}:{at.date().isoformat()}")
    outcome = await committers.submit(programme, Submission(command=command, key=key, body_hash=JOB_BODY))
    return outcome.answer.code if isinstance(outcome.answer, Rejected) else None
