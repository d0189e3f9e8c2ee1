"""Refusals on the way in: second factors, and what WeChat says."""

from app.api.problem_texts.text import ProblemText
from app.core.codes import Code

LOGINS = {
    Code.SECOND_FACTOR_NEEDED: ProblemText(
        401,
        "请输入动态验证码",
        "A one-time code is needed as well",
        "请打开身份验证器应用，输入六位动态验证码；手机遗失时请使用恢复码",
        "Send the six digits of the authenticator, or a recovery code when the phone is lost",
    ),
    Code.BINDING_FAILED: ProblemText(
        409,
        "绑定未成功",
        "The account could not be bound",
        "请核对手机号或绑定码；仍不成功请到所在镇（街道）志愿服务站办理",
        "Check the phone or the code; otherwise ask the town's volunteer station",
    ),
    Code.WECHAT_CODE_INVALID: ProblemText(
        401,
        "微信登录凭证已失效，请重新登录",
        "WeChat did not accept the code",
        "请重新调用 wx.login 后再试一次",
        "Call wx.login again; a code is good once, for five minutes",
    ),
    Code.WECHAT_REFUSED: ProblemText(
        403,
        "微信限制了该账号登录",
        "WeChat keeps this account from logging in",
        "请到所在镇（街道）志愿服务站办理",
        "Ask the town's volunteer station",
    ),
    Code.WECHAT_BUSY: ProblemText(
        503,
        "微信服务繁忙，请稍后再试",
        "WeChat does not answer",
        "请稍后重新登录",
        "Log in again in a moment",
    ),
}
