"""Whose accounts a decision about a row may touch: they are fetched together with it."""

from uuid import UUID

from app.core.accruals import Accrual
from app.core.benefit_grants import BenefitGrant
from app.core.bonuses import Bonus
from app.core.merchants import Till
from app.core.offers import Offer
from app.core.openings import Opening
from app.core.penalties import Penalty
from app.core.pool_grants import PoolGrant
from app.core.rounds import Place, RoundStand
from app.core.rows import (
    ImportedRecord,
    Order,
    PayCode,
    Redemption,
    Refund,
    Row,
    ServiceRecord,
    Stock,
    Tally,
    Tombstone,
)


def owners_of(row: Row | Till | Offer) -> tuple[UUID, ...]:
    """Whose accounts a decision about this row may touch."""
    match row:
        case PayCode() | ServiceRecord() | Penalty() | PoolGrant() | Place() | BenefitGrant():
            return (row.volunteer,)
        case Till():
            return (row.merchant,)
        case Redemption() | Order():
            parties = (row.volunteer, row.merchant)
            return (*parties, row.fund) if row.fund else parties
        case Offer():
            return (row.merchant, *row.funds)
        case ImportedRecord():
            return (row.record.volunteer,)
        case Refund() | Tombstone() | Stock() | Tally() | Accrual() | Bonus() | Opening() | RoundStand():
            return ()
