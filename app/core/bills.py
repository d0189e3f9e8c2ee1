"""A merchant's day: what was taken and given back, line by line as the journal holds it, and its totals.

Every line is a transaction that changed what the merchant has been given, so a bill adds up with the ledger.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum

from app.core.ids import (
    OrderId,
    ProgrammeId,
    StoreId,
    TerminalId,
    TransactionId,
    format_id,
    format_terminal,
)
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


COLUMNS = (
    "time 时间",
    "type 类型",
    "out_trade_no 商户订单号",
    "out_refund_no 商户退款单号",
    "order_id 预约单号",
    "store_id 门店",
    "terminal_id 终端",
    "points 积分",
    "settlement_fen 结算金额(分)",
    "transaction_id 交易",
    "seq 序号",
)
_RUN_BY_SPREADSHEETS = "=+-@\t\r\n"
_DIGITS_KEPT = 11
"""A spreadsheet turns longer numbers into 1.2E+13 and forgets the last digits."""


def write_cell(text: str) -> str:
    """A cell that a spreadsheet shows as it is: never a formula, never a number it would round."""
    if text and (text[0] in _RUN_BY_SPREADSHEETS or (text.isdigit() and len(text) > _DIGITS_KEPT)):
        return f"'{text}"
    return text


def _cells(programme: ProgrammeId, zone: tzinfo, line: BillLine) -> Sequence[str | int]:
    return (
        line.recorded_at.astimezone(zone).isoformat(),
        line.type.value,
        write_cell(line.trade_no),
        write_cell(line.refund_no),
        format_id("ord", line.order) if line.order else "",
        format_id("sto", line.store) if line.store else "",
        format_terminal(programme, line.terminal) if line.terminal else "",
        line.points,
        line.settlement_fen,
        format_id("txn", line.transaction),
        line.seq,
    )


def write_bill(programme: ProgrammeId, zone: tzinfo, lines: Sequence[BillLine]) -> bytes:
    """The day as CSV: UTF-8 with BOM, CRLF, the lines, then a block of totals. The same lines, the same bytes.

    It names stores by id: a name may change, a closed day may not.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(programme, zone, line) for line in lines)
    writer.writerow(())
    writer.writerow(("合计 totals", "type 类型", "count 笔数", "points 积分", "settlement_fen 结算金额(分)"))
    totals = add_up(lines)
    for type_ in LineType:
        total = totals.get(type_, Total())
        writer.writerow(("", type_.value, total.count, total.points, total.settlement_fen))
    everything = sum((line.points for line in lines), 0), sum((line.settlement_fen for line in lines), 0)
    writer.writerow(("", "ALL", len(lines), *everything))
    return b"\xef\xbb\xbf" + text.getvalue().encode()
