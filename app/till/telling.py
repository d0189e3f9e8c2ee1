"""How ends are told to the cashier."""

from app.till.client import Answered, Refused
from app.till.journal import OpenCall
from app.till.protocol import Closed, NotReversed, Paid, Queued, Reversed
from app.till.receipts import render_sale
from app.till.screen import Screen, state_text


def tell_sale(screen: Screen, store: str, end: Paid | Closed | Refused | Reversed | NotReversed | Queued) -> None:
    """What came of a sale: one glance says whether to hand the goods over."""
    match end:
        case Paid(redemption):
            points, who = redemption["points"], redemption["volunteer"]["masked_name"]
            screen.good(f"核销成功 PAID   {points} 分 points", f"{who}   {redemption['out_trade_no']}")
            screen.receipt(render_sale(store, redemption))
        case Closed(redemption):
            screen.bad("未收款 NOT PAID", state_text(redemption["state"]), redemption["out_trade_no"])
        case Refused():
            screen.refused("未收款 NOT PAID", end)
        case Reversed(number):
            screen.bad("未收款 NOT PAID", "已冲正，积分未扣或已退回 reversed, no points are taken", number)
        case NotReversed(number, refused):
            screen.care(
                "无法冲正 CANNOT BE REVERSED",
                refused.code,
                refused.detail,
                f"{number}  q 查询 query, r 退款 refund",
            )
        case Queued(number):
            screen.care(
                "未收款，请勿交付商品 NOT PAID, HAND NOTHING OVER",
                "结果未明，本机会反复冲正直到确认 outcome unknown; reversed again and again until acknowledged",
                number,
            )


def tell_repeated(screen: Screen, call: OpenCall, end: Reversed | NotReversed | Answered | Refused | Queued) -> None:
    """What came of something that was open, told before the next customer."""
    match end:
        case Reversed():
            screen.care(
                "此前未明的订单已冲正 AN OPEN SALE IS REVERSED", "积分未扣或已退回 no points are taken", call.number
            )
        case Answered(body=refund):
            screen.good(f"此前的退款已完成 AN OPEN REFUND IS DONE   {refund['points']}", call.trade_no)
        case NotReversed(refused=refused):
            screen.refused(f"订单无法冲正 CANNOT BE REVERSED {call.number}", refused)
        case Refused():
            screen.refused(f"退款被拒 REFUND REFUSED {call.trade_no}", end)
        case Queued():
            screen.say(f"  … {call.number} 仍无应答，稍后重试 still not answered, tried again later", "dim")
