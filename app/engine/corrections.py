"""Correcting records: that of an upheld objection, and those of an approved correction order, one by one.

An upheld objection takes its record out: one entered is rejected, one verified is withdrawn; then its hours can be
entered again as they were. An order withdraws or replaces verified records; each is done once, however often it is
sent.
"""

from uuid_utils.compat import uuid7

from app.core.claw_backs import ClawBack
from app.core.codes import Code, Rejected
from app.core.commands import Command
from app.core.correction_orders import CorrectionOrder, command_of
from app.core.idempotency import AnswerKey
from app.core.ids import ObjectionId, ProgrammeId, RecordId, TransactionId, UserId, parse_id
from app.core.quantities import BrokenInvariant, Instant
from app.core.rows import RecordState, ServiceRecord
from app.core.service_records import RejectRecord
from app.engine.batch import JOB_BODY, Submission
from app.engine.committer import CommandFailed, Committers
from app.store.correction_records import LineOutcome


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


async def carry_out(
    committers: Committers, programme: ProgrammeId, order: CorrectionOrder, record: RecordId
) -> LineOutcome:
    """Do to one record what an approved order says. Done before, it answers what was answered then."""
    if order.approved_by is None:
        raise BrokenInvariant(f"order {order.id} was not approved")
    command = command_of(order, record, order.approved_by, RecordId(uuid7()), TransactionId(uuid7()))
    key = AnswerKey("system", f"correction:{order.id.hex}:{record.hex}")
    try:
        outcome = await committers.submit(programme, Submission(command=command, key=key, body_hash=JOB_BODY))
    except CommandFailed:
        return LineOutcome(record, code=Code.SYSTEM_ERROR)
    if isinstance(outcome.answer, Rejected):
        return LineOutcome(record, code=outcome.answer.code)
    made = parse_id("rec", str(outcome.answer["record"]))
    return LineOutcome(record, replacement=RecordId(made) if made and made != record else None)
