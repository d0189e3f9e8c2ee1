"""Steps by which balances of an older system are brought over."""

from datetime import date, timedelta

from app.core.ids import OpeningId, TransactionId, VolunteerId
from app.core.opening_balances import OpenBalance
from app.core.openings import Opening
from app.core.quantities import Minutes, Points
from app.core.record_numbers import RecordNumber
from tests.core.builders import RECORDER, VERIFIER, named
from tests.core.steps import Step


def bring_over(
    step: Step, number: int, volunteer: VolunteerId, transaction: TransactionId, today: date
) -> tuple[OpenBalance, ...]:
    """A balance, and the same number again; a blind step brings one whose points may be past their day."""
    points = Points(step.percent if step.about else 0)
    opening = Opening(
        id=OpeningId(named("opening", number)),
        number=RecordNumber("old", f"{number % 7 if step.blind else number}"),
        volunteer=volunteer,
        dated_on=today - timedelta(days=step.percent),
        points=points,
        minutes=Minutes(step.percent % 60 + (not points)),
        expires_on=today + timedelta(days=step.percent - 50 if step.blind else step.percent % 40) if points else None,
        drafted_by=RECORDER,
        approved_by=VERIFIER,
        transaction=transaction,
    )
    once = OpenBalance(opening=opening, approver_is=None)
    return (once, once)
