"""The slip fits 58 mm paper, whatever the shop is called, and names everything that a question may need."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.till.receipts import COLUMNS, render_refund, render_sale, render_voucher, width
from tests.support.scripted_service import TERMINAL, a_redemption

NAMES = st.text(st.characters(codec="gb18030", exclude_categories=["C", "Z"]), min_size=1, max_size=60)


@given(NAMES, NAMES, st.text("0123456789-ABC", min_size=1, max_size=32), st.integers(1, 10**9))
def test_no_line_is_wider_than_the_paper(store: str, name: str, number: str, points: int) -> None:
    """32 columns, of which a Chinese character takes two; nothing is cut off."""
    sale: dict[str, Any] = {**a_redemption(number=number, points=points), "volunteer": {"masked_name": name}}
    refund = {**sale, "out_refund_no": number}
    voucher = {**sale, "offer": {"name_zh": name}, "quantity": 2, "used_at": sale["occurred_at"]}
    slips = (
        render_sale(store, sale),
        render_refund(store, TERMINAL, refund),
        render_voucher(store, TERMINAL, voucher, number),
    )
    for slip in slips:
        assert max(width(line) for line in slip.split("\n")) <= COLUMNS
        assert number in slip
        assert str(points) in slip
        assert store in slip.replace("\n", "")


def test_a_slip() -> None:
    """Store, terminal, masked volunteer, points, order number, and where the ledger holds it."""
    lines = render_sale("横河咖啡馆", a_redemption(number="270115-AABB-4K7Q-2M9X")).split("\n")
    assert lines[:3] == ["礼遇 LIYU", "横河咖啡馆", "积分核销 PAID IN POINTS"]
    assert [line.split()[0] for line in lines[4:-1]] == ["终端", "志愿者", "积分", "订单", "时间", "凭证"]
    assert lines[7] == "订单 Order 270115-AABB-4K7Q-2M9X"
    assert lines[9] == "凭证 Ledger           7 6b6b6b6b"


def test_columns() -> None:
    """As the printer counts them."""
    assert [width(text) for text in ("", "ab", "积分", "王*", "ＡＢ")] == [0, 2, 4, 3, 4]
