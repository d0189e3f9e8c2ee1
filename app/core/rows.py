"""The business rows that commands change, as frozen values. A change makes a new value; the store writes it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple, NewType

from app.core.ids import (
    FundId,
    HoldId,
    MerchantId,
    RecordId,
    RedemptionId,
    RefundId,
    StoreId,
    TeamId,
    TerminalId,
    TransactionId,
    UserId,
    VolunteerId,
)
from app.core.quantities import Fen, Instant, Minutes, Points

PayCodeHash = NewType("PayCodeHash", bytes)
TradeNo = NewType("TradeNo", str)


class LotPart(NamedTuple):
    """Points of one lot."""

    expires_on: date
    points: Points


@dataclass(frozen=True, slots=True)
class PayCode:
    """A pay code: whose, until when, and what it paid for once it has been used."""

    hash: PayCodeHash
    volunteer: VolunteerId
    expires_at: Instant
    used_by: RedemptionId | None = None


class RedemptionState(StrEnum):
    """The states of POS.md, "Pay by code"."""

    AWAITING_CONFIRMATION = "AWAITING_CONFIRMATION"
    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"
    REVERSED = "REVERSED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """Points that a merchant took from a volunteer, and what the programme owes for them."""

    id: RedemptionId
    trade_no: TradeNo
    state: RedemptionState
    volunteer: VolunteerId
    merchant: MerchantId
    store: StoreId
    terminal: TerminalId
    points: Points
    settlement_fen: Fen
    occurred_at: Instant
    transaction: TransactionId
    lots: tuple[LotPart, ...]
    """What was taken from which lot. Read back from the journal's transfers, not stored twice."""
    fund: FundId | None
    """Which fund owes the settlement; read back from the journal too."""
    masked_name: str = ""
    """The volunteer's masked name as it is now: joined in for the answer, never stored here."""
    refunded_points: Points = Points(0)
    refunded_fen: Fen = Fen(0)
    refund_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One giving back of a redemption, in whole or in part."""

    id: RefundId
    redemption: RedemptionId
    points: Points
    settlement_fen: Fen
    occurred_at: Instant
    transaction: TransactionId


class HoldState(StrEnum):
    """A hold is open until it is captured or voided, once."""

    OPEN = "open"
    CAPTURED = "captured"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Points reserved for an open order at a merchant, until `expires_at`."""

    id: HoldId
    state: HoldState
    volunteer: VolunteerId
    merchant: MerchantId
    lots: tuple[LotPart, ...]
    fund: FundId | None
    settlement_fen: Fen
    expires_at: Instant
    transaction: TransactionId

    @property
    def points(self) -> Points:
        """All that is reserved."""
        return Points(sum(part.points for part in self.lots))


class Evidence(StrEnum):
    """How the hours are known. Attested (honour) hours are recorded but never become points."""

    CHECKED_IN = "checked-in"
    ATTESTED = "attested"
    IMPORTED = "imported"


class RecordState(StrEnum):
    """The life of a service record: four eyes between entered and verified."""

    ENTERED = "entered"
    VERIFIED = "verified"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecord:
    """Time given by one volunteer in one activity, and the points it became.

    `pending` is what of its points is still in the notice period that ends at `matures_at`.
    """

    id: RecordId
    state: RecordState
    volunteer: VolunteerId
    team: TeamId
    evidence: Evidence
    minutes: Minutes
    level: int
    started_at: Instant
    ended_at: Instant
    recorder: UserId
    verifier: UserId | None = None
    points: Points = Points(0)
    expires_on: date | None = None
    policy: str = ""
    pending: Points = Points(0)
    matures_at: Instant | None = None
    transaction: TransactionId | None = None


Row = PayCode | Redemption | Refund | Hold | ServiceRecord
"""Every kind of row that a command may add or change."""
