"""Hours that a benefit has used up, and whoever takes the record that they lie on, in a city's history."""

from dataclasses import replace
from datetime import timedelta

from app.core.benefit_grants import UNLIMITED
from app.core.claw_backs import ClawBack
from app.core.commands import Command
from app.core.corrections import Amendment, CorrectRecord
from app.core.grants import ApproveGrant, Consumption
from app.core.ids import ApplicationId, BenefitGrantId, CorrectionId, RecordId, TransactionId
from app.core.quantities import Minutes
from app.core.reviews import ReviewLevel
from app.core.revocations import RevokeGrant
from app.core.rows import ServiceRecord
from app.core.service_records import VerifyRecord
from tests.core.builders import RECORDER, VERIFIER, a_record, named
from tests.core.ledger import MemoryLedger
from tests.core.moments import Moment
from tests.core.steps import PEOPLE, Step

LONG_AGO = timedelta(days=40)
"""Before the window's last day; the other record, of today, lies outside it and makes up for it in all hours."""


def use_and_take(ledger: MemoryLedger, step: Step, number: int) -> Moment:
    """Two records are verified, a benefit uses up the older, another wants it too; and it is to be taken.

    At once, and again after an annulment.
    """
    records = [
        a_record(
            f"{number} {days}",
            volunteer=PEOPLE[step.who],
            minutes=step.percent,
            ended_at=ledger.now - days,
        )
        for days in (LONG_AGO, timedelta(hours=2))
    ]
    verified = [_verify(record) for record in records]
    grant = _grant(ledger, step, f"{number}", since_days=42)
    twice = _grant(ledger, step, f"{number} twice", since_days=45)
    annulled = RevokeGrant(
        grant=BenefitGrantId(grant.application),
        transaction=TransactionId(named("annulled", number)),
        by="usr_1",
        for_error=True,
    )
    taken = _take(records[0], step, number)
    back: tuple[Command, ...] = (annulled, _take(records[0], replace(step, about=0), f"{number} again"))
    return Moment(
        records=tuple(records), commands=(*verified, grant, twice, taken, *(back if step.percent % 3 else ()))
    )


def _verify(record: ServiceRecord) -> VerifyRecord:
    return VerifyRecord(
        record=record.id,
        transaction=TransactionId(named("verified", record.id)),
        verifier=VERIFIER,
        verifier_is=None,
        level=ReviewLevel.TOP,
    )


def _grant(ledger: MemoryLedger, step: Step, name: str, *, since_days: int) -> ApproveGrant:
    today = ledger.programme.business_day(ledger.now)
    return ApproveGrant(
        application=ApplicationId(named("used up", name)),
        transaction=TransactionId(named("used", name)),
        volunteer=PEOPLE[step.who],
        benefit="relief",
        version="1",
        facts_hash=b"facts",
        approved_by=VERIFIER,
        submitted_at=ledger.now,
        quota=UNLIMITED,
        consumes=Consumption(
            minutes=Minutes(step.percent), since=today - timedelta(days=since_days), until=today - timedelta(days=38)
        ),
    )


def _take(record: ServiceRecord, step: Step, name: object) -> ClawBack | CorrectRecord:
    """Withdrawn; or cut to half its minutes, which takes too much as well."""
    transaction = TransactionId(named("taken", name))
    if step.about % 2 == 0:
        return ClawBack(record=record.id, transaction=transaction, by=VERIFIER)
    return CorrectRecord(
        record=record.id,
        replacement=RecordId(named("halved", name)),
        transaction=transaction,
        order=CorrectionId(named("halving", name)),
        author=RECORDER,
        by=VERIFIER,
        amendment=Amendment(percent=50),
    )
