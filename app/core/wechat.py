"""What WeChat's server answered (微信小程序): read without trust, and its errors in our words (DOMAIN.md 5.1).

WeChat answers 200 with an `errcode` where something is wrong. What the documentation does not know counts as busy:
nobody is let in, nobody is turned away for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.core.codes import Code, Rejected

APP_TOKEN_ENDED = frozenset((40001, 40014, 42001))
"""The access token of the app is not good any more: ask for a new one, once."""
AGAIN = frozenset((-1, 45009))
"""Worth another try: the system is busy."""

_CODES = {
    40029: Code.WECHAT_CODE_INVALID,
    40163: Code.WECHAT_CODE_INVALID,
    45011: Code.FREQUENCY_LIMITED,
    40226: Code.WECHAT_REFUSED,
}


@dataclass(frozen=True, slots=True)
class WechatAccount:
    """Who logged in, as this app knows them. The session key is not here: it is dropped where the answer is read."""

    openid: str = field(repr=False)


def errcode_of(answer: Mapping[str, object]) -> int:
    """The error of an answer; 0 when there is none."""
    code = answer.get("errcode", 0)
    return code if isinstance(code, int) else -1


def refusal_of(errcode: int) -> Rejected:
    """An error in our words."""
    return Rejected(_CODES.get(errcode, Code.WECHAT_BUSY), {"errcode": errcode})


def read_account(answer: Mapping[str, object]) -> WechatAccount | Rejected:
    """The account that `jscode2session` names."""
    if errcode := errcode_of(answer):
        return refusal_of(errcode)
    openid = answer.get("openid")
    if not isinstance(openid, str) or not 1 <= len(openid) <= 128:  # noqa: PLR2004 - openids have 28 today
        return Rejected(Code.WECHAT_BUSY)
    return WechatAccount(openid)


def read_phone(answer: Mapping[str, object], appid: str) -> str | Rejected:
    """The mainland phone that `getuserphonenumber` tells, which was given to this very app: the watermark says so."""
    if errcode := errcode_of(answer):
        return refusal_of(errcode)
    match answer.get("phone_info"):
        case {
            "purePhoneNumber": str(number),
            "countryCode": "86",
            "watermark": {"appid": str(given_to)},
        } if given_to == appid:
            return number
    return Rejected(Code.BINDING_FAILED)
