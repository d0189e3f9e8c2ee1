"""The closed, append-only list of refusal codes. Status, texts and remedies are in `app/api/problem_texts.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Detail = Mapping[str, int | str]


class Code(StrEnum):
    """Why something was refused. A code is never renamed and never reused."""

    PARAM_ERROR = "PARAM_ERROR"
    SIGN_ERROR = "SIGN_ERROR"
    TOKEN_ERROR = "TOKEN_ERROR"  # noqa: S105 - a code, not a secret
    LOGIN_FAILED = "LOGIN_FAILED"
    NO_AUTH = "NO_AUTH"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    ACCOUNT_FROZEN = "ACCOUNT_FROZEN"
    MERCHANT_SUSPENDED = "MERCHANT_SUSPENDED"
    ORDER_NOT_EXIST = "ORDER_NOT_EXIST"
    VOUCHER_NOT_EXIST = "VOUCHER_NOT_EXIST"
    REFUND_NOT_EXIST = "REFUND_NOT_EXIST"
    OUT_TRADE_NO_USED = "OUT_TRADE_NO_USED"
    OUT_REFUND_NO_USED = "OUT_REFUND_NO_USED"
    IDEMPOTENCY_KEY_USED = "IDEMPOTENCY_KEY_USED"
    IDEMPOTENCY_KEY_MISSING = "IDEMPOTENCY_KEY_MISSING"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    EDIT_CONFLICT = "EDIT_CONFLICT"
    NOT_ENOUGH = "NOT_ENOUGH"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    CODE_INVALID = "CODE_INVALID"
    CODE_EXPIRED = "CODE_EXPIRED"
    CODE_USED = "CODE_USED"
    ALREADY_USED = "ALREADY_USED"
    ORDER_REVERSED = "ORDER_REVERSED"
    ORDER_CLOSED = "ORDER_CLOSED"
    REVERSE_EXPIRED = "REVERSE_EXPIRED"
    REFUND_EXPIRED = "REFUND_EXPIRED"
    REFUND_TOO_MUCH = "REFUND_TOO_MUCH"
    FUND_EXHAUSTED = "FUND_EXHAUSTED"
    STATE_CONFLICT = "STATE_CONFLICT"
    SELF_REVIEW = "SELF_REVIEW"
    NO_POLICY = "NO_POLICY"
    OVERLAP = "OVERLAP"
    HOURS_CONSUMED = "HOURS_CONSUMED"
    LOT_EXPIRED = "LOT_EXPIRED"
    OFFER_NOT_EXIST = "OFFER_NOT_EXIST"
    OFFER_NOT_OPEN = "OFFER_NOT_OPEN"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    FINAL_SALE = "FINAL_SALE"
    FREQUENCY_LIMITED = "FREQUENCY_LIMITED"
    SYSTEM_BUSY = "SYSTEM_BUSY"
    SYSTEM_ERROR = "SYSTEM_ERROR"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A refusal: a code and the few figures that explain it. Nothing was changed."""

    code: Code
    detail: Detail = field(default_factory=dict)
