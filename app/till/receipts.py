"""The slip for 58 mm paper: at most 32 columns, a Chinese character takes two. Only what GB 18030 printers know."""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

COLUMNS = 32
_RULE = "-" * COLUMNS
_TAIL = 8


def width(text: str) -> int:
    """Columns on paper: wide, full-width and ambiguous characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in text)


def render_sale(store: str, redemption: Mapping[str, Any]) -> str:
    """The slip of a redemption."""
    offer = redemption.get("offer")
    bought = [("商品 Item", f"{offer['id'][-_TAIL:]} x {offer['quantity']}")] if offer else []
    return _slip(
        store,
        "积分核销 PAID IN POINTS",
        redemption["terminal_id"],
        ("志愿者 Volunteer", redemption["volunteer"]["masked_name"]),
        *bought,
        ("积分 Points", str(redemption["points"])),
        ("订单 Order", redemption["out_trade_no"]),
        *_proof(redemption),
    )


def render_refund(store: str, terminal: str, refund: Mapping[str, Any]) -> str:
    """The slip of a refund."""
    return _slip(
        store,
        "积分退还 REFUND",
        terminal,
        ("退还积分 Points back", str(refund["points"])),
        ("订单 Order", refund["out_trade_no"]),
        ("退款号", refund["out_refund_no"]),
        *_proof(refund),
    )


def render_voucher(store: str, terminal: str, voucher: Mapping[str, Any], number: str) -> str:
    """The slip of a voucher that was written off."""
    return _slip(
        store,
        "礼遇券核销 VOUCHER USED",
        terminal,
        ("志愿者 Volunteer", voucher["volunteer"]["masked_name"]),
        ("商品 Item", f"{voucher['offer']['name_zh']} x {voucher['quantity']}"),
        ("积分 Points", str(voucher["points"])),
        ("核销号", number),
        *_proof({**voucher, "occurred_at": voucher["used_at"]}),
    )


def local_time(told: str) -> str:
    """A time of the service on the till's own wall."""
    return f"{datetime.fromisoformat(told).astimezone():%Y-%m-%d %H:%M:%S}"


def _proof(event: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    receipt = event["receipt"]
    return (
        ("时间 Time", local_time(event["occurred_at"])),
        ("凭证 Ledger", f"{receipt['seq']} {receipt['leaf_hash'][:_TAIL]}"),
    )


def _slip(store: str, title: str, terminal: str, *rows: tuple[str, str]) -> str:
    lines = ["礼遇 LIYU", *_wrap(store), title, _RULE]
    for name, value in (("终端 Terminal", terminal[-_TAIL:]), *rows):
        lines.extend(_row(name, value))
    return "\n".join([*lines, _RULE])


def _row(name: str, value: str) -> Iterator[str]:
    """Name on the left, value on the right; below each other when they do not fit."""
    gap = COLUMNS - width(name) - width(value)
    if gap > 0:
        yield name + " " * gap + value
        return
    yield name
    yield from _wrap(value)


def _wrap(text: str) -> Iterator[str]:
    """Cut where a line is full."""
    line = ""
    for letter in text:
        if width(line + letter) > COLUMNS:
            yield line
            line = ""
        line += letter
    if line:
        yield line
