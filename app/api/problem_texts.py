"""Each refusal code's status, its text and its remedy in both languages. The list is closed and append-only."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.core.codes import Code


@dataclass(frozen=True, slots=True)
class ProblemText:
    """How one code is told: HTTP status, what is wrong, and what to do about it."""

    status: int
    zh: str
    en: str
    zh_remedy: str
    en_remedy: str


_TEXTS = {
    Code.PARAM_ERROR: ProblemText(
        400,
        "参数错误",
        "The request is not well formed",
        "请按 errors 中的提示修改后重新提交",
        "Correct the fields in `errors`",
    ),
    Code.IDEMPOTENCY_KEY_MISSING: ProblemText(
        400,
        "缺少 Idempotency-Key 请求头",
        "The Idempotency-Key header is missing",
        "请为每个新操作生成唯一的 Idempotency-Key",
        "Send a new unique Idempotency-Key with each new operation",
    ),
    Code.SIGN_ERROR: ProblemText(
        401,
        "签名错误，请检查签名参数",
        "The signature was not accepted",
        "请核对终端号、密钥、时间和签名串",
        "Check the terminal, the secret, the clock and the string to sign",
    ),
    Code.TOKEN_ERROR: ProblemText(
        401, "登录已过期，请重新登录", "The access token was not accepted", "请重新登录", "Log in again"
    ),
    Code.LOGIN_FAILED: ProblemText(
        401, "用户名或密码错误", "Wrong user name or password", "请检查后重试", "Check both and try again"
    ),
    Code.NO_AUTH: ProblemText(403, "无权操作", "This is not allowed to you", "请联系管理员", "Ask an administrator"),
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
    Code.NOT_FOUND: ProblemText(404, "未找到", "There is no such thing", "请核对编号", "Check the id"),
    Code.ORDER_NOT_EXIST: ProblemText(
        404, "订单不存在", "There is no such order", "请核对商户订单号", "Check the out_trade_no"
    ),
    Code.VOUCHER_NOT_EXIST: ProblemText(404, "券不存在", "There is no such voucher", "请核对券码", "Check the code"),
    Code.REFUND_NOT_EXIST: ProblemText(
        404, "退款单不存在", "There is no such refund", "请核对商户退款单号", "Check the out_refund_no"
    ),
    Code.METHOD_NOT_ALLOWED: ProblemText(
        405, "不支持该请求方法", "This method is not served here", "请查阅接口文档", "See the contract"
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
    Code.IDEMPOTENCY_KEY_USED: ProblemText(
        409,
        "Idempotency-Key 重复，且请求内容不一致",
        "This Idempotency-Key was used with another body",
        "请换用新的 Idempotency-Key",
        "Use a new Idempotency-Key",
    ),
    Code.ALREADY_EXISTS: ProblemText(409, "已存在", "It exists already", "请使用已有的", "Use the one that exists"),
    Code.EDIT_CONFLICT: ProblemText(
        412,
        "内容已被他人修改",
        "Someone else has changed it",
        "请刷新后重试",
        "Fetch it again and repeat the change",
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
    Code.STATE_CONFLICT: ProblemText(
        409,
        "当前状态不允许该操作",
        "Not possible in its present state",
        "请刷新后查看状态",
        "Look at its state",
    ),
    Code.SELF_REVIEW: ProblemText(
        409,
        "不能审核本人或本人录入的记录",
        "Nobody reviews their own record",
        "请由他人审核",
        "Someone else must review it",
    ),
    Code.NO_POLICY: ProblemText(
        409,
        "服务当日没有生效的积分规则",
        "No accrual policy was in force that day",
        "请先发布积分规则",
        "Publish one first",
    ),
    Code.OVERLAP: ProblemText(
        409,
        "时间与已有记录重叠",
        "It overlaps another record",
        "请核对服务时间",
        "Check the times of service",
    ),
    Code.HOURS_CONSUMED: ProblemText(
        409,
        "时长已用于礼遇申请",
        "The hours have been used for a benefit",
        "请先处理该礼遇",
        "Settle the benefit first",
    ),
    Code.LOT_EXPIRED: ProblemText(409, "积分已过期", "The points have expired", "请使用其他积分", "Use other points"),
    Code.BODY_TOO_LARGE: ProblemText(413, "请求内容过大", "The body is too large", "请缩小请求", "Send less"),
    Code.UNSUPPORTED_MEDIA_TYPE: ProblemText(
        415,
        "仅支持 application/json",
        "Only application/json is taken",
        "请设置 Content-Type",
        "Set the Content-Type",
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
        "未达到兑换条件",
        "The conditions of the offer are not met",
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
    Code.REVIEW_LEVEL: ProblemText(
        409,
        "当日服务时长较长，须由上级组织审核",
        "So many hours a day must be verified higher up",
        "请由 figures 中所示级别的组织审核",
        "Ask the organisation of the level in `figures`",
    ),
    Code.GUARDIAN_REQUIRED: ProblemText(
        422,
        "未成年人须由监护人同意",
        "A minor needs the guardian",
        "请取得监护人同意；不满十周岁须由监护人陪同",
        "Get the guardian's consent; below ten the guardian comes along",
    ),
    Code.NOT_FOR_MINORS: ProblemText(
        422,
        "未成年人不得参加危险性志愿服务",
        "Minors do nothing hazardous",
        "请核对活动和志愿者",
        "Check the activity and the volunteer",
    ),
    Code.NOTICE_ENDED: ProblemText(
        409,
        "公示期已结束",
        "The notice period has ended",
        "请由志愿者本人提出异议",
        "The volunteer can still object",
    ),
    Code.ESCALATED: ProblemText(
        409,
        "异议已升级，由上级组织答复",
        "The objection has gone higher up",
        "请由上级组织答复",
        "The organisation above answers it",
    ),
    Code.FREQUENCY_LIMITED: ProblemText(
        429, "操作过于频繁，请稍后再试", "Too many requests", "请稍后再试", "Try again later"
    ),
    Code.SYSTEM_ERROR: ProblemText(
        500,
        "系统繁忙，请用原订单号查询",
        "Something broke on our side",
        "请用原订单号查询结果，勿重复下单",
        "Query with the same number; do not order again",
    ),
    Code.SYSTEM_BUSY: ProblemText(
        503,
        "系统繁忙，请用原订单号重试",
        "Too busy",
        "请稍后用原订单号重试",
        "Send the same request again in a moment",
    ),
}
TEXTS: Mapping[Code, ProblemText] = MappingProxyType(_TEXTS)
