"""What commands say they need: the shell fetches it, and nothing else is in the book."""

from dataclasses import dataclass
from uuid import UUID

from app.core.arrivals import Arrival
from app.core.bonuses import BonusKey
from app.core.family_links import FamilyKey
from app.core.ids import OfferId, OrderId, PenaltyId, PoolGrantId, RecordId, RedemptionId, TerminalId, VolunteerId
from app.core.record_numbers import RecordNumber
from app.core.rows import PayCodeHash, Sale, VoucherHash
from app.core.seating import Sought


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What must be in the book before a command can be decided. Owners of the rows named come along."""

    owners: frozenset[UUID] = frozenset()
    volunteers: frozenset[VolunteerId] = frozenset()
    pay_codes: frozenset[PayCodeHash] = frozenset()
    terminals: frozenset[TerminalId] = frozenset()
    redemptions: frozenset[RedemptionId] = frozenset()
    sales: frozenset[Sale] = frozenset()
    offers: frozenset[OfferId] = frozenset()
    orders: frozenset[OrderId] = frozenset()
    vouchers: frozenset[VoucherHash] = frozenset()
    records: frozenset[RecordId] = frozenset()
    days: frozenset[RecordId] = frozenset()
    """Records whose volunteers' other verified records of the same days are looked at."""
    accruals: frozenset[RecordId] = frozenset()
    """Records whose share of a town's budget is asked for."""
    repriced: frozenset[RecordId] = frozenset()
    """Verified records that are priced anew: what their volunteers' records counted for is looked at."""
    takes: frozenset[RecordId] = frozenset()
    """Verified records whose hours may be taken: what benefits have used up around them, and what was served there."""
    bonuses: frozenset[BonusKey] = frozenset()
    """Causes of bonuses: how they were settled; with them what is counted of the volunteers named."""
    penalties: frozenset[PenaltyId] = frozenset()
    pool_grants: frozenset[PoolGrantId] = frozenset()
    family: frozenset[FamilyKey] = frozenset()
    openings: frozenset[RecordNumber] = frozenset()
    arrivals: frozenset[Arrival] = frozenset()
    seating: frozenset[Sought] = frozenset()
    policies: bool = False
