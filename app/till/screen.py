"""What the cashier sees: outcomes large and in colours that cannot be mistaken, Chinese first, English beside it."""

import time
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.control import Control
from rich.panel import Panel
from rich.segment import ControlType
from rich.table import Table
from rich.text import Text

from app.till.client import Refused
from app.till.protocol import Step
from app.till.receipts import local_time

_GOOD = "bold white on dark_green"
_BAD = "bold white on dark_red"
_CARE = "bold black on yellow"

HELP = (
    ("96…", "付款码 pay code", "扫码后输入积分 then type the points"),
    ("97…", "礼遇券 voucher", "显示后确认核销 shown, then written off"),
    ("r", "退款 refund", "部分或全部退还 give points back"),
    ("c", "撤销整单 cancel", "24 小时内 the whole sale, within 24 h"),
    ("b", "退券 voucher back", "撤销券核销 take a write-off back"),
    ("q", "查询 query", "订单现状 what became of a sale"),
    ("z", "班结 totals", "本机今日汇总 this till, today"),
    ("x", "离开 leave", "或 Ctrl-D or Ctrl-D"),
)
_STEPS = {
    Step.SENDING: "正在核销 sending",
    Step.BUSY: "系统繁忙，原单号重试 busy, same number again",
    Step.LOST: "未收到应答，请勿重新下单 no answer, do not order again:",
    Step.ASKING: "查询订单 asking what became of",
    Step.CONFIRMING: "等待志愿者确认 volunteer must confirm (Ctrl-C 放弃 give up)",
    Step.REVERSING: "正在冲正 reversing",
    Step.REPEATING: "未收到应答，重试 no answer, trying again:",
}
_CAREFUL = {Step.LOST, Step.BUSY, Step.REVERSING, Step.REPEATING}
_STATES = {
    "AWAITING_CONFIRMATION": "待确认 waiting for the volunteer",
    "SUCCESS": "已支付 paid",
    "CLOSED": "已关闭，未收款 closed, not paid",
    "REVERSED": "已撤销 reversed",
    "PARTIALLY_REFUNDED": "部分退款 refunded in part",
    "REFUNDED": "已全额退款 refunded",
    "EFFECTIVE": "可核销 good",
    "USED": "已核销 used",
    "EXPIRED": "已过期 expired",
    "CANCELLED": "已取消 cancelled",
}
_LINES = {
    "REDEMPTION": "积分核销 redemptions",
    "VOUCHER_USE": "券核销 vouchers used",
    "REFUND": "退款 refunds",
    "REVERSAL": "撤销 reversals",
    "VOUCHER_RETURN": "退券 vouchers back",
}


class Screen:
    """A terminal of any width, or a pipe."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._step: Step | None = None
        self._step_begun = 0.0

    def _print(self, what: RenderableType, style: str = "") -> None:
        self._step = None
        self._console.print(what, style=style)

    def say(self, text: str, style: str = "") -> None:
        """One line."""
        self._print(Text(text), style)

    def prompt(self, text: str) -> None:
        """Ask; the answer is typed on the same line."""
        self._step = None
        self._console.print(Text(f"{text} > ", style="bold"), end="")
        self._console.file.flush()

    def step(self, step: Step, about: str) -> None:
        """What is going on. While the same goes on, its line counts the seconds: the till is alive."""
        again = step is self._step
        if again and not self._console.is_terminal:
            return
        if again:
            self._console.control(Control.move(0, -1), Control((ControlType.ERASE_IN_LINE, 2)))
        else:
            self._step_begun = time.monotonic()
        waited_s = int(time.monotonic() - self._step_begun)
        told = Text(f"  … {_STEPS[step]} {about}" + (f" {waited_s} s" if again else ""))
        style = "yellow" if step in _CAREFUL else "dim"
        self._console.print(told, style=style, no_wrap=True, overflow="ellipsis")  # one line, so that it can be erased
        self._step = step

    def good(self, title: str, *lines: str) -> None:
        """It is done."""
        self._loud(_GOOD, f"✔ {title}", lines)

    def bad(self, title: str, *lines: str) -> None:
        """It is not done."""
        self._loud(_BAD, f"✘ {title}", lines)

    def care(self, title: str, *lines: str) -> None:
        """Something to look at."""
        self._loud(_CARE, f"! {title}", lines)

    def refused(self, title: str, refused: Refused) -> None:
        """A refusal of the service, with what explains it and what to do."""
        figures = "  ".join(f"{name} {value}" for name, value in refused.figures.items())
        told = f"{refused.detail} {refused.title}".strip()
        self.bad(f"{title}  {refused.code}", told, *filter(None, (figures, refused.remedy)))

    def _loud(self, style: str, title: str, lines: tuple[str, ...]) -> None:
        inside = Group(*(Align.center(Text(line)) for line in (title, *lines)))
        self._print(Panel(inside, style=style, box=box.HEAVY, padding=(1, 2)))

    def receipt(self, slip: str) -> None:
        """The slip as the printer would have it."""
        self._print(Text(slip), "dim")

    def header(self, store: str, terminal: str, merchant: str) -> None:
        """Who sells here."""
        lines = (
            f"门店 store     {store}",
            f"终端 terminal  {terminal}",
            *([f"商户 merchant  {merchant}"] if merchant else []),
        )
        self._print(Panel(Text("\n".join(lines)), title="礼遇收银 Liyu till", box=box.ROUNDED, expand=False))
        self.say("请扫码或输入命令；h 帮助  Scan a code or type a command; h for help", "dim")

    def help(self) -> None:
        """What can be typed."""
        table = Table(box=None, show_header=False, padding=(0, 2))
        for row in HELP:
            table.add_row(*(Text(cell) for cell in row))
        self._print(table)

    def sale(self, redemption: Mapping[str, Any]) -> None:
        """A sale as it is now."""
        self.say(f"订单 order    {redemption['out_trade_no']}")
        self.say(f"状态 state    {state_text(redemption['state'])}", "bold")
        self.say(f"积分 points   {redemption['points']}  已退 refunded {redemption['refunded_points']}")
        self.say(f"志愿者        {redemption['volunteer']['masked_name']}  {local_time(redemption['occurred_at'])}")

    def voucher(self, voucher: Mapping[str, Any]) -> None:
        """A voucher as it is now."""
        offer = voucher["offer"]
        self.say(f"商品 item     {offer['name_zh']} {offer['name_en']} x {voucher['quantity']}", "bold")
        self.say(f"状态 state    {state_text(voucher['state'])}", "bold")
        self.say(f"志愿者        {voucher['volunteer']['masked_name']}  积分 points {voucher['points']}")
        self.say(f"有效期至 until {local_time(voucher['valid_until'])}")
        if voucher["used_at"]:
            self.say(f"核销于 used   {local_time(voucher['used_at'])}  {voucher['used_store_name']}")

    def totals(self, day: str, total: Mapping[str, Mapping[str, int]]) -> None:
        """The shift."""
        table = Table(title=f"班结 Totals {day}", box=box.SIMPLE)
        for name in ("", "笔数 count", "积分 points", "结算分 fen"):
            table.add_column(name, justify="right" if name else "left")
        for kind, row in total.items():
            table.add_row(_LINES.get(kind, kind), str(row["count"]), str(row["points"]), str(row["settlement_fen"]))
        sums = (str(sum(row[name] for row in total.values())) for name in ("count", "points", "settlement_fen"))
        table.add_section()
        table.add_row("合计 sum", *sums)
        self._print(table)


def state_text(state: str) -> str:
    """A state in both languages; one that this till does not know is shown as it is."""
    return _STATES.get(state, state)
