"""Refusals at the till and in the catalogue."""

from app.api.problem_texts.text import ProblemText
from app.core.codes import Code

TRADE = {
    Code.SIGN_ERROR: ProblemText(
        401,
        "签名错误，请检查签名参数",
        "The signature was not accepted",
        "请核对终端号、密钥、时间和签名串",
        "Check the terminal, the secret, the clock and the string to sign",
    ),
    Code.ACCOUNT_FROZEN: ProblemText(
        403,
        "账户已冻结，请联系所在镇（街道）志愿服务站",
        "The volunteer's account is frozen",
        "请志愿者联系所在镇（街道）志愿服务站",
        "The volunteer should ask the town's volunteer station",
    ),
    Code.MERCHANT_SUSPENDED: ProblemText(
        403,
        "商家已暂停兑换",
        "The merchant is suspended",
        "请商家联系志愿服务指导中心",
        "Ask the city's volunteer centre",
    ),
    Code.ORDER_NOT_EXIST: ProblemText(
        404, "订单不存在", "There is no such order", "请核对订单号", "Check the order's number"
    ),
    Code.VOUCHER_NOT_EXIST: ProblemText(404, "券不存在", "There is no such voucher", "请核对券码", "Check the code"),
    Code.REFUND_NOT_EXIST: ProblemText(
        404, "退款单不存在", "There is no such refund", "请核对商户退款单号", "Check the out_refund_no"
    ),
    Code.OUT_TRADE_NO_USED: ProblemText(
        409,
        "商户订单号重复，且请求内容不一致",
        "This out_trade_no was used with another body",
        "请换用新的商户订单号",
        "Use a new out_trade_no",
    ),
    Code.OUT_REFUND_NO_USED: ProblemText(
        409,
        "商户退款单号重复，且请求内容不一致",
        "This out_refund_no was used with another body",
        "请换用新的商户退款单号",
        "Use a new out_refund_no",
    ),
    Code.NOT_ENOUGH: ProblemText(409, "可用积分不足", "Not enough points", "请减少积分后重新下单", "Use fewer points"),
    Code.OUT_OF_STOCK: ProblemText(409, "库存不足，请选择其他礼品", "Out of stock", "请选择其他礼品", "Choose another"),
    Code.QUOTA_EXCEEDED: ProblemText(
        409, "已超出兑换限额", "Above the limit of the programme", "请减少积分后重新下单", "Use fewer points"
    ),
    Code.CODE_INVALID: ProblemText(
        409,
        "付款码无效",
        "This is not a pay code",
        "请志愿者刷新付款码后重试",
        "Ask the volunteer to refresh the code",
    ),
    Code.CODE_EXPIRED: ProblemText(
        409,
        "付款码已失效，请刷新后重试",
        "The pay code has expired",
        "请志愿者刷新付款码后重试",
        "Ask the volunteer to refresh the code",
    ),
    Code.CODE_USED: ProblemText(
        409,
        "付款码已使用",
        "The pay code has been used",
        "请先查询原订单，勿重复扣分",
        "Query the first order; refresh the code for a new one",
    ),
    Code.ALREADY_USED: ProblemText(
        409, "该兑换码已核销", "The voucher has been used", "请查看核销记录", "See its record"
    ),
    Code.ORDER_REVERSED: ProblemText(409, "订单已撤销", "The order was reversed", "请重新下单", "Make a new order"),
    Code.ORDER_CLOSED: ProblemText(409, "订单已关闭", "The order is closed", "请重新下单", "Make a new order"),
    Code.REVERSE_EXPIRED: ProblemText(
        409, "订单已超过可撤销期限", "Too late to reverse", "请改用退款", "Make a refund instead"
    ),
    Code.REFUND_EXPIRED: ProblemText(
        409,
        "订单已超过可退款期限",
        "Too late to refund",
        "请联系志愿服务指导中心",
        "Ask the city's volunteer centre",
    ),
    Code.REFUND_TOO_MUCH: ProblemText(
        409,
        "退还积分超过可退积分",
        "More than can be refunded",
        "请核对可退积分",
        "Refund no more than is left",
    ),
    Code.FUND_EXHAUSTED: ProblemText(
        409,
        "结算资金不足，暂停兑换",
        "The settlement fund is exhausted",
        "请联系志愿服务指导中心",
        "Ask the volunteer centre",
    ),
    Code.OFFER_NOT_EXIST: ProblemText(
        404, "礼品不存在", "There is no such offer", "请核对礼品编号", "Check the offer's id"
    ),
    Code.OFFER_NOT_OPEN: ProblemText(
        409,
        "该礼品目前不可兑换",
        "The offer is not open now",
        "请查看开放时间或选择其他礼品",
        "See when it opens, or choose another offer",
    ),
    Code.NOT_ELIGIBLE: ProblemText(
        409,
        "未达到规定条件",
        "The conditions are not met",
        "请查看所缺的条件",
        "See what is missing",
    ),
    Code.FINAL_SALE: ProblemText(
        409,
        "该礼品一经兑换不可退换",
        "A final sale cannot be taken back",
        "如有质量问题请联系商家",
        "Ask the merchant if something is wrong with it",
    ),
}
