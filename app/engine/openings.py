"""Bringing the lines of an approved opening sheet over, one command each: once, however often one is sent."""

from uuid_utils.compat import uuid7

from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import OpeningId, ProgrammeId, TransactionId, VolunteerId, parse_id
from app.core.opening_sheets import LineState, OpeningSheet, SheetLine, command_for
from app.core.quantities import BrokenInvariant
from app.engine.batch import JOB_BODY, Submission
from app.engine.committer import CommandFailed, Committers
from app.store.opening_lines import OpeningOutcome


async def bring_over(
    committers: Committers,
    programme: ProgrammeId,
    sheet: OpeningSheet,
    line: SheetLine,
    avoided: frozenset[VolunteerId],
) -> OpeningOutcome:
    """Bring one line over. Done before, it answers what was answered then.

    `avoided`: the approver and the approver's relatives, as they are registered now.
    """
    opening, transaction = OpeningId(uuid7()), TransactionId(uuid7())
    command = command_for(sheet, line, opening, transaction, relatives=avoided)
    key = AnswerKey("system", f"opening:{sheet.id.hex}:{line.line_no}")
    try:
        outcome = await committers.submit(programme, Submission(command=command, key=key, body_hash=JOB_BODY))
    except CommandFailed:
        return OpeningOutcome(line.line_no, LineState.REFUSED, code=Code.SYSTEM_ERROR)
    if isinstance(outcome.answer, Rejected):
        return OpeningOutcome(line.line_no, LineState.REFUSED, code=outcome.answer.code)
    named = parse_id("opn", str(outcome.answer["opening_balance"]))
    if named is None:
        raise BrokenInvariant(f"line {line.line_no} of {sheet.id} was answered without its balance")
    state = LineState.KNOWN if outcome.answer["known"] else LineState.ADDED
    return OpeningOutcome(line.line_no, state, opening=OpeningId(named))
