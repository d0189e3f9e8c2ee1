"""Taking a record back in a city's history: it is withdrawn, or corrected to other minutes and another level."""

from app.core.claw_backs import ClawBack
from app.core.corrections import Amendment, CorrectRecord
from app.core.ids import CorrectionId, RecordId, TransactionId
from app.core.rows import ServiceRecord
from tests.core.builders import RECORDER, VERIFIER, named
from tests.core.steps import Step


def take_back(record: ServiceRecord, step: Step, number: int, transaction: TransactionId) -> ClawBack | CorrectRecord:
    """By odd percentages withdrawn, by even ones corrected."""
    if step.percent % 2:
        return ClawBack(record=record.id, transaction=transaction, by=VERIFIER)
    return CorrectRecord(
        record=record.id,
        replacement=RecordId(named("replacement", number)),
        transaction=transaction,
        order=CorrectionId(named("order", number)),
        author=RECORDER,
        by=VERIFIER,
        amendment=Amendment(percent=step.percent, level=1 + step.who),
    )
