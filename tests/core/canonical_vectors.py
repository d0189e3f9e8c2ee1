"""The transactions of the golden vectors. Their bytes and hashes are in vectors/canonical_v1.json, for ever."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

from app.core.accounts import NEVER, AccountKey, AccountKind, lot
from app.core.ids import FundId, MerchantId, TransactionId, VolunteerId
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer

VOLUNTEER = VolunteerId(UUID(int=0xA11CE))
MERCHANT = MerchantId(UUID(int=0x5E11E4))
FUND = FundId(UUID(int=0xF00D))

ACCRUAL = Transaction(
    id=TransactionId(UUID(int=1)),
    kind=TransactionKind.ACCRUE,
    actor="usr_00000000000000000000000000000007",
    reason=Reason.SERVICE_VERIFIED,
    occurred_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    transfers=(
        Transfer(AccountKey(AccountKind.SERVICE), AccountKey(AccountKind.HOURS, VOLUNTEER), 90),
        Transfer(AccountKey(AccountKind.ISSUANCE), lot(AccountKind.WALLET, VOLUNTEER, date(2028, 12, 31)), 15),
    ),
    document="rec_00000000000000000000000000000009",
    policy="v1",
)
REDEMPTION = Transaction(
    id=TransactionId(UUID(int=2)),
    kind=TransactionKind.REDEEM,
    actor="ter_00000000000000000000000000000008",
    reason=Reason.PAID_AT_TILL,
    occurred_at=datetime(2026, 3, 2, 9, 0, 0, 1, tzinfo=timezone(timedelta(hours=8))),
    transfers=(
        Transfer(
            lot(AccountKind.WALLET, VOLUNTEER, date(2028, 12, 31)), AccountKey(AccountKind.REDEEMED, MERCHANT), 15
        ),
        Transfer(lot(AccountKind.WALLET, VOLUNTEER, NEVER), AccountKey(AccountKind.REDEEMED, MERCHANT), 1),
        Transfer(AccountKey(AccountKind.FUND, FUND), AccountKey(AccountKind.PAYABLE, MERCHANT), 48),
    ),
    document="red_0000000000000000000000000000000a",
)
REVERSAL = Transaction(
    id=TransactionId(UUID(int=3)),
    kind=TransactionKind.REVERSE,
    actor='开发者 "quoted" \\ \t\u0001 é 😀',
    reason=Reason.OUTCOME_UNKNOWN,
    occurred_at=datetime(2026, 3, 2, 1, 0, 5, 999999, tzinfo=UTC),
    transfers=(
        Transfer(AccountKey(AccountKind.REDEEMED, MERCHANT), lot(AccountKind.WALLET, VOLUNTEER, NEVER), 1),
        Transfer(AccountKey(AccountKind.PAYABLE, MERCHANT), AccountKey(AccountKind.FUND, FUND), 10**15),
    ),
    document="red_0000000000000000000000000000000a",
    reverses=TransactionId(UUID(int=2)),
)
EVERYTHING = (ACCRUAL, REDEMPTION, REVERSAL)
RECORDED_AT = datetime(2026, 3, 2, 1, 0, 6, tzinfo=UTC)
