"""Steps by which records of another system arrive."""

from datetime import datetime, timedelta

from app.core.ids import TransactionId, VolunteerId
from app.core.imports import ImportRecord
from app.core.record_numbers import ImportItems, RecordNumber
from app.core.rows import Evidence, ImportedRecord
from tests.core.builders import RECORDER, VERIFIER, a_record
from tests.core.steps import Step


def arrive(
    step: Step, number: int, volunteer: VolunteerId, transaction: TransactionId, now: datetime
) -> tuple[ImportRecord, ...]:
    """A record, and the same number again; a blind step is verified by its enterer, or has a known number."""
    record = a_record(
        number,
        volunteer=volunteer,
        minutes=step.percent,
        level=1 + step.about % 3,
        evidence=Evidence.ATTESTED if step.percent % 9 == 0 else Evidence.IMPORTED,
        ended_at=now - timedelta(days=2 + 300 * (step.about == 3), hours=3 * number),
    )
    outside = RecordNumber("old", str(number % 5 if step.blind else number))
    once = ImportRecord(
        told=ImportedRecord(record, outside, ImportItems("清洁家园")),
        transaction=transaction,
        verifier=RECORDER if step.blind and step.percent % 2 else VERIFIER,
        verifier_is=None,
    )
    return (once, once)
