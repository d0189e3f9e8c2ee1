"""A merchant's day: what was taken and given back, line by line as the journal holds it, and its totals.

Every line is a transaction that changed what the merchant has been given, so a bill adds up with the ledger.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.core.ids import OrderId, StoreId, TerminalId, TransactionId
from app.core.quantities import BrokenInvariant, Instant
from app.core.transactions import TransactionKind


class LineType(StrEnum):
    """What a line of the bill is."""

    REDEMPTION = "REDEMPTION"
    VOUCHER_USE = "VOUCHER_USE"
    REFUND = "REFUND"
    REVERSAL = "REVERSAL"
    VOUCHER_RETURN = "VOUCHER_RETURN"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One transaction: points and fen are negative when they were given back."""

    seq: int
    transaction: TransactionId
    type: LineType
    recorded_at: Instant
    trade_no: str
    refund_no: str
    order: OrderId | None
    store: StoreId | None
    terminal: TerminalId | None
    points: int
    settlement_fen: int


@dataclass(frozen=True, slots=True)
class Total:
    """How many lines, and what they add up to."""

    count: int = 0
    points: int = 0
    settlement_fen: int = 0

    def plus(self, line: BillLine) -> "Total":
        """With one line more."""
        return Total(self.count + 1, self.points + line.points, self.settlement_fen + line.settlement_fen)


def line_type(kind: TransactionKind, document: str) -> LineType:
    """What a transaction that changed a merchant's account is on the bill."""
    is_order = document.startswith("ord_")
    match kind:
        case TransactionKind.REDEEM | TransactionKind.CAPTURE:
            return LineType.VOUCHER_USE if is_order else LineType.REDEMPTION
        case TransactionKind.REFUND:
            return LineType.REFUND
        case TransactionKind.REVERSE:
            return LineType.REVERSAL
        case TransactionKind.RETURN:
            return LineType.VOUCHER_RETURN
        case _:
            raise BrokenInvariant(f"{kind.value} has no place on a bill")


def add_up(lines: Iterable[BillLine]) -> Mapping[LineType, Total]:
    """The totals by type, of those types that occur."""
    totals: dict[LineType, Total] = {}
    for line in lines:
        totals[line.type] = totals.get(line.type, Total()).plus(line)
    return totals


def add_up_terminals(lines: Iterable[BillLine]) -> Mapping[TerminalId | None, Mapping[LineType, Total]]:
    """The totals by terminal and type."""
    by_terminal: dict[TerminalId | None, list[BillLine]] = {}
    for line in lines:
        by_terminal.setdefault(line.terminal, []).append(line)
    return {terminal: add_up(own) for terminal, own in by_terminal.items()}
