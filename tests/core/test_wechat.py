"""WeChat's answers are read without trust."""

from typing import Any

import pytest

from app.core.codes import Code, Rejected
from app.core.wechat import WechatAccount, read_account, read_phone

PHONE = {
    "phoneNumber": "+8613800000001",
    "purePhoneNumber": "13800000001",
    "countryCode": "86",
    "watermark": {"timestamp": 1_772_000_000, "appid": "wx-ours"},
}


def test_an_account_is_its_openid() -> None:
    """The session key beside it is not kept, and the openid shows in no traceback."""
    account = read_account({"openid": "o-123", "session_key": "secret", "unionid": "u"})
    assert account == WechatAccount("o-123")
    assert "o-123" not in repr(account)


@pytest.mark.parametrize(
    "errcode, code",
    [
        (40029, Code.WECHAT_CODE_INVALID),
        (40163, Code.WECHAT_CODE_INVALID),
        (45011, Code.FREQUENCY_LIMITED),
        (40226, Code.WECHAT_REFUSED),
        (-1, Code.WECHAT_BUSY),
        (99999, Code.WECHAT_BUSY),
    ],
)
def test_each_error_has_its_code(errcode: int, code: Code) -> None:
    """One that the documentation does not know counts as busy."""
    assert read_account({"errcode": errcode, "errmsg": "x"}) == Rejected(code, {"errcode": errcode})


@pytest.mark.parametrize(
    "answer", [{}, {"openid": 7}, {"openid": ""}, {"openid": "o" * 129}, {"errcode": "x"}, {"errcode": None}]
)
def test_an_answer_that_makes_no_sense_lets_nobody_in(answer: dict[str, Any]) -> None:
    """Neither an account nor an error that is known."""
    refused = read_account(answer)
    assert isinstance(refused, Rejected)
    assert refused.code is Code.WECHAT_BUSY


def test_a_phone_that_was_given_to_this_app() -> None:
    """A mainland number, as the vault looks it up."""
    assert read_phone({"errcode": 0, "phone_info": PHONE}, "wx-ours") == "13800000001"


@pytest.mark.parametrize(
    "changed",
    [
        {"watermark": {"appid": "wx-other"}},
        {"watermark": {}},
        {"watermark": None},
        {"countryCode": "852"},
        {"purePhoneNumber": None},
    ],
)
def test_a_phone_that_proves_nothing(changed: dict[str, Any]) -> None:
    """Another app's watermark, none, a number from abroad, no number."""
    answer = {"errcode": 0, "phone_info": {**PHONE, **changed}}
    assert read_phone(answer, "wx-ours") == Rejected(Code.BINDING_FAILED)
