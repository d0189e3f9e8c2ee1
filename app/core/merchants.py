"""Merchants and their tills as a decision sees them."""

from dataclasses import dataclass

from app.core.ids import MerchantId, StoreId, TerminalId


@dataclass(frozen=True, slots=True)
class Till:
    """A terminal with the state of everything above it."""

    terminal: TerminalId
    store: StoreId
    merchant: MerchantId
    disabled: bool
    suspended: bool
