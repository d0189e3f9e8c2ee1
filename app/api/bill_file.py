"""A day's bill as a file that a merchant's accountant opens in a spreadsheet."""

import csv
import io
from collections.abc import Sequence
from datetime import tzinfo

from app.core.bills import BillLine, LineType, Total, add_up
from app.core.ids import ProgrammeId, format_id, format_terminal

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
