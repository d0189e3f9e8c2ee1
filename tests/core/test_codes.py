"""The codes of refusal: a closed list that only grows."""

from app.core.codes import Code, Rejected

# POS.md, "Codes", and what the other interfaces add. Append only: a till may depend on each of them.
PROMISED = """
PARAM_ERROR SIGN_ERROR TOKEN_ERROR LOGIN_FAILED NO_AUTH NOT_FOUND METHOD_NOT_ALLOWED BODY_TOO_LARGE
UNSUPPORTED_MEDIA_TYPE ACCOUNT_FROZEN MERCHANT_SUSPENDED ORDER_NOT_EXIST VOUCHER_NOT_EXIST REFUND_NOT_EXIST
OUT_TRADE_NO_USED OUT_REFUND_NO_USED IDEMPOTENCY_KEY_USED IDEMPOTENCY_KEY_MISSING ALREADY_EXISTS EDIT_CONFLICT
NOT_ENOUGH OUT_OF_STOCK QUOTA_EXCEEDED CODE_INVALID CODE_EXPIRED CODE_USED ALREADY_USED ORDER_REVERSED ORDER_CLOSED
REVERSE_EXPIRED REFUND_EXPIRED REFUND_TOO_MUCH FUND_EXHAUSTED STATE_CONFLICT SELF_REVIEW NO_POLICY OVERLAP
HOURS_CONSUMED LOT_EXPIRED FREQUENCY_LIMITED SYSTEM_BUSY SYSTEM_ERROR
"""


def test_no_promised_code_is_renamed_or_gone() -> None:
    """Every code that was ever promised is still there under its name."""
    assert set(PROMISED.split()) <= {code.value for code in Code}


def test_a_code_is_its_own_name() -> None:
    """What stands in the program is what the till reads: upper case, no blanks."""
    assert all(code.name == code.value == code.value.upper() for code in Code)


def test_a_refusal_without_figures_has_none() -> None:
    """Two refusals do not share one detail."""
    assert Rejected(Code.NOT_FOUND).detail == {}
    assert Rejected(Code.NOT_FOUND).detail is not Rejected(Code.NOT_FOUND).detail
