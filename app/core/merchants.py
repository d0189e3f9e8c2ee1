"""Merchants and their tills as a decision sees them."""

from dataclasses import dataclass

from app.core.ids import MerchantId, StoreId, TerminalId
from app.core.quantities import Points


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant. Suspended: not active, or without an agreement for today. The quota is of a business month."""

    id: MerchantId
    suspended: bool = False
    monthly_points: Points | None = None


@dataclass(frozen=True, slots=True)
class Till:
    """A terminal with the state of everything above it."""

    terminal: TerminalId
    store: StoreId
    merchant: MerchantId
    disabled: bool
    suspended: bool
    monthly_points: Points | None = None
    store_name: str = ""

    @property
    def partner(self) -> Merchant:
        """The merchant behind the till."""
        return Merchant(self.merchant, self.suspended, self.monthly_points)
