"""Referrals in a city's history: who brought whom in, and what is taken back when the service is withdrawn."""

from app.core.bonus_revocations import RevokeReferralBonus
from app.core.bonuses import BonusKey, BonusKind
from app.core.ids import BonusId, TransactionId, VolunteerId
from app.core.rows import RecordState
from tests.core.ledger import MemoryLedger
from tests.core.steps import PEOPLE, Step


def who_was_referred(ledger: MemoryLedger, volunteer: VolunteerId, step: Step) -> VolunteerId | None:
    """Somebody else of the city whose referral was not settled yet, if there is one."""
    free = [each for each in PEOPLE if each != volunteer and BonusKey(BonusKind.REFERRAL, each) not in ledger.bonuses]
    return free[step.percent % len(free)] if free else None


def end_referral(
    ledger: MemoryLedger, step: Step, bonus: BonusId, transaction: TransactionId
) -> RevokeReferralBonus | None:
    """A referral is taken back for a withdrawn record of the referred; blindly, again, or for one that stands."""
    states = frozenset(RecordState) if step.blind else frozenset((RecordState.WITHDRAWN,))
    ended = {record.volunteer: record.id for record in ledger.records.values() if record.state in states}
    given = [row for row in ledger.bonuses.values() if row.kind is BonusKind.REFERRAL and row.cause in ended]
    if not step.blind:
        given = [row for row in given if BonusKey(BonusKind.REFERRAL_WITHDRAWN, row.cause) not in ledger.bonuses]
    if not given:
        return None
    found = given[-1 - step.about % len(given)]
    referred = VolunteerId(found.cause)
    return RevokeReferralBonus(
        bonus=bonus,
        referred=referred,
        record=ended[referred],
        volunteer=found.volunteer,
        transaction=transaction,
    )
