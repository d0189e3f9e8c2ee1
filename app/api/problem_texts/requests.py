"""Refusals that any request may meet: form, access, editing, and our own failures."""

from app.api.problem_texts.text import ProblemText
from app.core.codes import Code

REQUESTS = {
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
    Code.TOKEN_ERROR: ProblemText(
        401, "登录已过期，请重新登录", "The access token was not accepted", "请重新登录", "Log in again"
    ),
    Code.LOGIN_FAILED: ProblemText(
        401, "用户名或密码错误", "Wrong user name or password", "请检查后重试", "Check both and try again"
    ),
    Code.NO_AUTH: ProblemText(403, "无权操作", "This is not allowed to you", "请联系管理员", "Ask an administrator"),
    Code.NOT_FOUND: ProblemText(404, "未找到", "There is no such thing", "请核对编号", "Check the id"),
    Code.METHOD_NOT_ALLOWED: ProblemText(
        405, "不支持该请求方法", "This method is not served here", "请查阅接口文档", "See the contract"
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
    Code.BODY_TOO_LARGE: ProblemText(413, "请求内容过大", "The body is too large", "请缩小请求", "Send less"),
    Code.UNSUPPORTED_MEDIA_TYPE: ProblemText(
        415,
        "仅支持 application/json",
        "Only application/json is taken",
        "请设置 Content-Type",
        "Set the Content-Type",
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
