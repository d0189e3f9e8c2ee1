"""The questions at the counter: each answer is checked here, explained when it is wrong, and asked for again.

An empty line goes back to the main prompt, and so does Ctrl-C (as KeyboardInterrupt, from wherever it comes).
"""

import re

from app.till.keyboard import Keyboard
from app.till.numbers import NUMBER
from app.till.screen import Screen

PAY_CODE = re.compile(r"96[0-9]{16}")
VOUCHER = re.compile(r"97[0-9]{18}")
_OFFER = re.compile(r"(off_[0-9a-f]{32})(?:\*([1-9][0-9]{0,2}))?")
_OWN_NUMBER = re.compile(r"[0-9]{6}-[0-9a-z]{4}-[0-9a-z]{4,5}-[0-9a-z]{4}", re.IGNORECASE)
_POINTS_MAX = 1_000_000_000
_DIGITS_OF_A_CODE = 10


class Left(Exception):
    """The cashier goes back to the main prompt."""


class Counter:
    """Asks, and remembers what was scanned at the wrong moment."""

    def __init__(self, screen: Screen, keyboard: Keyboard) -> None:
        self._screen = screen
        self._keyboard = keyboard
        self._carried: str | None = None

    def next_line(self, wait_s: float | None) -> str | None:
        """What was carried over, or is typed; None when nothing came in time. Raises EndOfInput."""
        carried, self._carried = self._carried, None
        return carried if carried is not None else self._keyboard.read_line(wait_s)

    def _ask(self, question: str) -> str:
        self._screen.prompt(question)
        answer = self._keyboard.read_line(None)
        if not answer:
            self._screen.say("  已放弃 cancelled", "dim")
            raise Left
        return answer

    def ask_amount(self, code: str) -> tuple[str, int | None, tuple[str, int] | None]:
        """How many points, or which offer and how many of it; the code is replaced when a newer one is scanned."""
        while True:
            typed = self._ask("积分 points (回车放弃 Enter: cancel)")
            if PAY_CODE.fullmatch(typed):
                code = typed
                self._screen.say("  已换用新付款码 the newer code is used", "dim")
            elif offer := _OFFER.fullmatch(typed):
                return code, None, (offer[1], int(offer[2] or 1))
            elif points := self._points(typed, _POINTS_MAX):
                return code, points, None

    def ask_points_back(self, left: int) -> int:
        """How many of the points that are left."""
        while True:
            typed = self._ask(f"退还积分 points back (1-{left}, a 全部 all)")
            if typed.lower() == "a":
                return left
            if points := self._points(typed, left):
                return points

    def _points(self, typed: str, most: int) -> int:
        """A whole number from 1 to `most`; 0 after it was explained why it is not."""
        if not (typed.isascii() and typed.isdigit()):
            self._screen.say(f"  “{typed}” 不是整数积分 is not a whole number of points", "yellow")
        elif len(typed) >= _DIGITS_OF_A_CODE:
            self._screen.say("  这像是条码，不是积分 that looks like a bar code, not like points", "yellow")
        elif not 1 <= int(typed) <= most:
            self._screen.say(f"  积分须在 1 与 {most} 之间 from 1 to {most}", "yellow")
        else:
            return int(typed)
        return 0

    def ask_number(self, last: str | None) -> str:
        """The number of a sale; Enter is the last one of this till."""
        suggestion = f"回车 Enter: {last}" if last else "回车放弃 Enter: cancel"
        while True:
            self._screen.prompt(f"订单号 order no. ({suggestion})")
            typed = self._keyboard.read_line(None) or last
            if not typed:
                raise Left
            if PAY_CODE.fullmatch(typed) or VOUCHER.fullmatch(typed):
                self._carried = typed
                raise Left
            if NUMBER.fullmatch(typed):
                return typed.upper() if _OWN_NUMBER.fullmatch(typed) else typed
            self._screen.say(f"  “{typed}” 不是订单号 is not an order number", "yellow")

    def ask_voucher(self) -> str:
        """The code of a voucher."""
        while True:
            typed = self._ask("券码 voucher code (回车放弃 Enter: cancel)")
            if VOUCHER.fullmatch(typed):
                return typed
            self._screen.say("  券码以 97 开头，共 20 位 a voucher has 20 digits and begins with 97", "yellow")

    def confirm(self, question: str) -> None:
        """Go on only with a y. A code that is scanned instead is the next customer's."""
        self._screen.prompt(f"{question} (y 确认 yes, 回车放弃 Enter: no)")
        typed = self._keyboard.read_line(None) or ""
        if typed.lower() in {"y", "yes", "是"}:
            return
        if PAY_CODE.fullmatch(typed) or VOUCHER.fullmatch(typed):
            self._carried = typed
        self._screen.say("  已放弃 cancelled", "dim")
        raise Left
