"""Bonuses and penalties in a city's history: given for one cause after the other, taken back, posted, lifted."""

from datetime import timedelta
from typing import TypeVar

from app.core.bonus_grants import GrantBonus
from app.core.bonus_revocations import RevokeHonourBonus
from app.core.bonuses import BonusKey, BonusKind
from app.core.commands import Command
from app.core.honours import HonourLevel
from app.core.ids import BonusId, PenaltyId, TeamId, TransactionId, VolunteerId
from app.core.penalising import LiftPenalty, Penalise
from app.core.penalties import Penalty, PenaltyState
from app.core.quantities import Points
from tests.core.builders import RECORDER, VERIFIER, named
from tests.core.ledger import MemoryLedger
from tests.core.revoking import end_referral, who_was_referred
from tests.core.steps import Step

KINDS = (BonusKind.HONOUR, BonusKind.REFERRAL, BonusKind.START, BonusKind.HONOUR, BonusKind.REFERRAL)

Thing = TypeVar("Thing")


def reward(
    ledger: MemoryLedger, step: Step, number: int, volunteer: VolunteerId, transaction: TransactionId
) -> tuple[Command, ...]:
    """A bonus for a new cause, or two times in three one taken back; blindly, for a cause that is settled."""
    bonus = BonusId(named("bonus", number))
    if step.percent % 3 == 1 and (ended := end_referral(ledger, step, bonus, transaction)):
        return (ended,)
    given = [row for row in ledger.bonuses.values() if row.kind is BonusKind.HONOUR]
    standing = [row for row in given if BonusKey(BonusKind.HONOUR_WITHDRAWN, row.cause) not in ledger.bonuses]
    if step.percent % 3 == 0 and (step.blind or standing):
        honour = _pick(given if step.blind else standing, step)
        cause, owner = (honour.cause, honour.volunteer) if honour else (named("nothing"), volunteer)
        return (RevokeHonourBonus(bonus=bonus, honour=cause, volunteer=owner, transaction=transaction),)
    kind = KINDS[(step.about + step.percent) % len(KINDS)]
    levels = tuple(HonourLevel)
    settled = _pick(given, step) if step.blind else None
    referred = who_was_referred(ledger, volunteer, step) if kind is BonusKind.REFERRAL else None
    grant = GrantBonus(
        bonus=bonus,
        kind=BonusKind.HONOUR if settled else kind,
        cause=settled.cause if settled else referred or named("cause", number),
        volunteer=volunteer,
        day=ledger.programme.business_day(ledger.now) - timedelta(days=step.percent % 3),
        transaction=transaction,
        level=levels[step.percent % len(levels)] if settled or kind is BonusKind.HONOUR else None,
    )
    return (grant,)


def penalise(
    ledger: MemoryLedger, step: Step, number: int, volunteer: VolunteerId, transaction: TransactionId
) -> tuple[tuple[Penalty, ...], tuple[Command, ...]]:
    """A penalty that is final, posted twice in one go; every third time a posted one is lifted.

    Blindly, one whose term to appeal still runs, or one that was lifted.
    """
    states = (PenaltyState.POSTED, PenaltyState.LIFTED) if step.blind else (PenaltyState.POSTED,)
    posted = _pick([row for row in ledger.penalties.values() if row.state in states], step)
    if step.percent % 3 == 0 and posted:
        return (), (LiftPenalty(penalty=posted.id, transaction=transaction, by=VERIFIER),)
    penalty = Penalty(
        id=PenaltyId(named("penalty", number)),
        state=PenaltyState.UPHELD if step.percent % 2 else PenaltyState.CONFIRMED,
        volunteer=volunteer,
        team=TeamId(named("team")),
        code="no-show",
        policy="v1",
        happened_on=ledger.programme.business_day(ledger.now),
        imposed_by=RECORDER,
        confirmed_by=VERIFIER,
        count=1,
        points=Points(0 if step.percent % 5 == 0 else step.percent),
        appeal_until=ledger.now + timedelta(seconds=1 if step.blind else 0),
    )
    post = Penalise(penalty=penalty.id, transaction=transaction)
    again = Penalise(penalty=penalty.id, transaction=TransactionId(named("posted again", number)))
    return (penalty,), (post, again) if step.blind else (post,)


def _pick(things: list[Thing], step: Step) -> Thing | None:
    return things[-1 - step.about % len(things)] if things else None
