"""The terminal program: scan or type, see what came of it.

A cashier can do nothing here that costs points by mistake: everything is asked for before it is sent, an empty line
or Ctrl-C goes back, and a sale that was interrupted is reversed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.till.client import Answered, Outcome, Refused, Unknown
from app.till.counter import PAY_CODE, VOUCHER, Counter, Left
from app.till.journal import Kind, OpenCall
from app.till.keyboard import EndOfInput, Keyboard
from app.till.numbers import make_number
from app.till.protocol import Desk, NotReversed, Queued, Reversed, Sale, cancel, give_back, pay, until_answered
from app.till.receipts import render_refund, render_voucher
from app.till.repeating import Repetitions
from app.till.screen import Screen, state_text
from app.till.telling import tell_repeated, tell_sale

_REFUNDABLE = {"SUCCESS", "PARTIALLY_REFUNDED"}
_CANCELLABLE = {"SUCCESS", "AWAITING_CONFIRMATION"}


class Terminal:
    """One till at one counter."""

    def __init__(self, desk: Desk, screen: Screen, keyboard: Keyboard, store: str) -> None:
        self._desk = desk
        self._screen = screen
        self._counter = Counter(screen, keyboard)
        self._store = store
        self._repetitions = Repetitions(desk)
        self._last: str | None = None
        self._uses: dict[str, str] = {}
        self._commands = {
            "r": self._refund,
            "c": self._cancel,
            "b": self._return_voucher,
            "q": self._query,
            "z": self._totals,
            "h": screen.help,
            "?": screen.help,
        }

    def run(self) -> int:
        """Serve until the cashier leaves. The exit code: 2 when the service does not know this till."""
        if not self._open_shop():
            return 2
        try:
            while (line := self._next_line()) != "x":
                try:
                    self._do(line)
                except (Left, KeyboardInterrupt):
                    self._screen.say("")
                except OSError as error:
                    self._screen.bad("未发送 NOT SENT", f"无法写入本机日志 the journal cannot be written: {error}")
        except (EndOfInput, KeyboardInterrupt):
            self._screen.say("")
        waiting = len(self._desk.journal.calls())
        if waiting:
            self._screen.care(
                f"{waiting} 笔待冲正/待退款 STILL OPEN", "下次启动时继续 repeated when this till is started again"
            )
        self._screen.say("再见 Goodbye")
        return 0

    def _open_shop(self) -> bool:
        """Look whether the service knows this till, and show who sells here."""
        outcome = self._desk.till.totals(terminal=self._desk.till.terminal)
        merchant = outcome.body.get("merchant_id", "") if isinstance(outcome, Answered) else ""
        self._screen.header(self._store, self._desk.till.terminal, merchant)
        if isinstance(outcome, Unknown):
            self._screen.care("连接不上 NO CONNECTION", outcome.why, "请检查网络 check the network; you may go on")
        if isinstance(outcome, Refused) and outcome.code == "SIGN_ERROR":
            self._screen.refused("终端未通过验证 THIS TILL IS NOT ACCEPTED", outcome)
            return False
        if self._desk.journal.calls():
            self._screen.say(f"上次留下 {len(self._desk.journal.calls())} 笔未决 left open by an earlier run", "yellow")
        return True

    def _next_line(self) -> str:
        """What the cashier types; while nothing comes, what is open is repeated when it is due."""
        while True:
            for call, end in self._repetitions.repeat_due():
                tell_repeated(self._screen, call, end)
            self._screen.prompt("扫码 scan")
            line = None
            while line is None and self._repetitions.wait_s() != 0:
                line = self._counter.next_line(self._repetitions.wait_s())
            if line is not None:
                return line
            self._screen.say("")

    def _do(self, line: str) -> None:
        if PAY_CODE.fullmatch(line):
            self._sell(line)
        elif VOUCHER.fullmatch(line):
            self._use_voucher(line)
        elif command := self._commands.get(line.lower()):
            command()
        elif line.isdigit():
            self._screen.say(
                f"  {len(line)} 位数字，不是有效的码，请重新扫码 {len(line)} digits are no code of ours; scan again",
                "yellow",
            )
            self._screen.say(
                "  付款码 96 开头共 18 位；礼遇券 97 开头共 20 位 pay code: 96, 18 digits; voucher: 97, 20 digits",
                "dim",
            )
        elif line:
            self._screen.say(f"  不认识“{line}”，h 帮助 unknown; h for help", "yellow")

    def _number(self, mark: str = "") -> str:
        at = datetime.fromtimestamp(self._desk.till.now(), UTC).astimezone()
        return make_number(self._desk.till.terminal, at, mark)

    # Sales.

    def _sell(self, code: str) -> None:
        code, points, offer = self._counter.ask_amount(code)
        offer_id, quantity = offer or (None, None)
        sale = Sale(number=self._number(), code=code, points=points, offer_id=offer_id, quantity=quantity)
        self._last = sale.number
        try:
            end = pay(self._desk, sale)
        except KeyboardInterrupt:
            self._screen.say("")
            if sale.number not in self._desk.journal:  # it had just become certain
                self._show(sale.number)
                return
            end = Queued(sale.number)
        tell_sale(self._screen, self._store, end)

    def _find(self) -> Mapping[str, Any]:
        """A sale that the cashier names, shown as it is now."""
        return self._show(self._counter.ask_number(self._last))

    def _show(self, number: str) -> Mapping[str, Any]:
        redemption = self._expect("查询 QUERY", self._desk.till.query(number))
        self._screen.sale(redemption)
        return redemption

    def _expect(self, what: str, outcome: Outcome) -> Mapping[str, Any]:
        """The answer; a refusal or silence is shown, and leads back."""
        if isinstance(outcome, Answered):
            return outcome.body
        if isinstance(outcome, Refused):
            self._screen.refused(what, outcome)
        else:
            self._screen.care(f"{what}: 无应答 NO ANSWER", outcome.why, "请稍后再试 try again later")
        raise Left

    def _query(self) -> None:
        self._find()

    def _cancel(self) -> None:
        redemption = self._find()
        if redemption["state"] not in _CANCELLABLE:
            self._screen.say("  该订单不可撤销 this sale cannot be cancelled", "yellow")
            raise Left
        self._counter.confirm("撤销整单 cancel the whole sale?")
        number = redemption["out_trade_no"]
        match cancel(self._desk, number):
            case Reversed():
                self._screen.good(f"已撤销 CANCELLED   {redemption['points']} 分 points", number)
            case NotReversed(refused=refused):
                self._screen.refused("未撤销 NOT CANCELLED", refused)
            case Queued():
                self._screen.care("撤销未应答 NOT ANSWERED YET", "本机会反复提交直到确认 this till repeats it", number)

    def _refund(self) -> None:
        redemption = self._find()
        number, left = redemption["out_trade_no"], redemption["points"] - redemption["refunded_points"]
        if redemption["state"] not in _REFUNDABLE:
            self._screen.say("  该订单不可退款 this sale cannot be refunded", "yellow")
            raise Left
        if any(call.trade_no == number for call in self._desk.journal.calls()):
            self._screen.say(
                "  上一笔退款尚无应答，请稍候 its last refund is still not answered; please wait", "yellow"
            )
            raise Left
        points = self._counter.ask_points_back(left)
        call = OpenCall(
            kind=Kind.REFUND,
            number=self._number("R"),
            opened_at=self._desk.till.now(),
            trade_no=number,
            points=points,
            reason="退货",
        )
        match give_back(self._desk, call):
            case Answered(body=refund):
                self._screen.good(f"退款成功 REFUNDED   {refund['points']} 分 points", number)
                self._screen.receipt(render_refund(self._store, self._desk.till.terminal, refund))
            case Refused() as refused:
                self._screen.refused("未退款 NOT REFUNDED", refused)
            case Queued():
                self._screen.care(
                    "退款未应答 NOT ANSWERED YET", "本机会以同一退款号重试 repeated under the same number", number
                )

    # Vouchers.

    def _use_voucher(self, code: str) -> None:
        """A write-off that nobody answered is repeated under its number when the voucher is scanned again."""
        if code not in self._uses:
            voucher = self._expect("礼遇券 VOUCHER", self._desk.till.voucher(code))
            self._screen.voucher(voucher)
            if voucher["state"] != "EFFECTIVE":
                self._screen.bad("不可核销 NOT GOOD", state_text(voucher["state"]))
                return
            self._counter.confirm("核销 write it off?")
        number = self._uses.setdefault(code, self._number("V"))
        outcome = until_answered(self._desk, lambda: self._desk.till.use_voucher(code, number))
        if isinstance(outcome, Unknown):
            self._screen.care(
                "券核销未应答 NOT ANSWERED", "请勿交付，重新扫码 hand nothing over, scan it again", outcome.why
            )
            return
        del self._uses[code]
        if isinstance(outcome, Refused):
            self._screen.refused("未核销 NOT WRITTEN OFF", outcome)
            return
        offer = outcome.body["offer"]
        self._screen.good(f"券核销成功 VOUCHER USED   {offer['name_zh']} x {outcome.body['quantity']}", number)
        self._screen.receipt(render_voucher(self._store, self._desk.till.terminal, outcome.body, number))

    def _return_voucher(self) -> None:
        code = self._counter.ask_voucher()
        self._screen.voucher(self._expect("礼遇券 VOUCHER", self._desk.till.voucher(code)))
        self._counter.confirm("退回该券 take the write-off back?")
        number = self._number("B")
        outcome = until_answered(self._desk, lambda: self._desk.till.return_voucher(code, number, "退货"))
        voucher = self._expect("退券 VOUCHER BACK", outcome)
        self._screen.good("退券成功 VOUCHER RETURNED", state_text(voucher["state"]))

    def _totals(self) -> None:
        told = self._expect("班结 TOTALS", self._desk.till.totals(terminal=self._desk.till.terminal))
        self._screen.totals(told["date"], told["total"])
