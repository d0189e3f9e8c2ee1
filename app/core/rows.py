"""The business rows that commands change, as frozen values. A change makes a new value; the store writes it."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple, NewType
from uuid import UUID

from app.core.accruals import Accrual
from app.core.benefit_grants import SeatRow
from app.core.bonuses import Bonus
from app.core.ids import (
    FundId,
    MerchantId,
    OfferId,
    OrderId,
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
from app.core.openings import Opening
from app.core.penalties import Penalty
from app.core.pool_grants import PoolGrant
from app.core.quantities import Fen, Instant, Minutes, Points
from app.core.record_numbers import ImportItems, RecordNumber

PayCodeHash = NewType("PayCodeHash", bytes)
VoucherHash = NewType("VoucherHash", bytes)
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
    member: VolunteerId | None = None  # who of the family shows it


class Sale(NamedTuple):
    """A till's order number: unique per merchant, whichever of its tills asks."""

    merchant: MerchantId
    trade_no: TradeNo


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
    receipt: tuple[int, bytes] | None = field(default=None, compare=False)
    """Sequence number and leaf hash of the transaction that paid it: joined in for the answer, never stored here."""
    closes_at: Instant | None = None
    """Until when the volunteer may confirm; from then on a waiting redemption is closed, booked or not."""
    member: VolunteerId | None = None  # who of the family showed the code
    offer: OfferId | None = None
    offer_version: int = 0
    quantity: int = 0

    @property
    def sale(self) -> Sale:
        """The till's number of it."""
        return Sale(self.merchant, self.trade_no)

    def state_at(self, at: Instant) -> RedemptionState:
        """The state at a moment: waiting ends by itself, whether its end has been booked or not."""
        if self.state is RedemptionState.AWAITING_CONFIRMATION and self.closes_at and at >= self.closes_at:
            return RedemptionState.CLOSED
        return self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One giving back of a redemption, in whole or in part."""

    id: RefundId
    redemption: RedemptionId
    points: Points
    settlement_fen: Fen
    occurred_at: Instant
    transaction: TransactionId
    refund_no: str = ""
    terminal: TerminalId | None = None
    note: str = ""
    """The merchant's own words: kept beside the ledger, never in it."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A number that was reversed before its redemption arrived: the late original must be refused."""

    sale: Sale


class OrderState(StrEnum):
    """The states of POS.md, "Vouchers"."""

    EFFECTIVE = "EFFECTIVE"
    USED = "USED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order made in the mini-program, and its voucher: points, stock and money set aside until the code is used."""

    id: OrderId
    state: OrderState
    volunteer: VolunteerId
    merchant: MerchantId
    offer: OfferId
    offer_version: int
    quantity: int
    points: Points
    settlement_fen: Fen
    code: VoucherHash
    final_sale: bool
    ordered_at: Instant
    valid_until: Instant
    transaction: TransactionId
    lots: tuple[LotPart, ...]
    """What is held of which lot. Read back from the journal's transfers, not stored twice."""
    fund: FundId | None
    """Which fund has promised the settlement; read back from the journal too."""
    member: VolunteerId | None = None  # who of the family ordered
    used_at: Instant | None = None
    used_store: StoreId | None = None
    used_terminal: TerminalId | None = None
    store_name: str = ""
    """The name of the store that used it: joined in for refusals, never stored here."""
    masked_name: str = ""
    """The volunteer's masked name as it is now: joined in for the answer, never stored here."""
    ordered: tuple[str, str, str] = field(default=("", "", ""), compare=False)
    """The offer's names (Chinese, English) and its fulfilment, in the version ordered: joined in too."""


@dataclass(frozen=True, slots=True)
class Stock:
    """How many units of an offer there are (None: always more), and how many are taken."""

    offer: OfferId
    total: int | None
    taken: int

    @property
    def left(self) -> int | None:
        """What can still be had; None without end."""
        return None if self.total is None else max(0, self.total - self.taken)


class TallyKey(NamedTuple):
    """What is counted: of whom, of what, in which period (a day `2026-11-24`, a month `2026-11`)."""

    subject: UUID
    scope: str
    period: str


@dataclass(frozen=True, slots=True)
class Tally:
    """A count that a limit is compared with."""

    key: TallyKey
    amount: int


class Evidence(StrEnum):
    """How the hours are known. Attested (honour) hours are recorded but never become points."""

    CHECKED_IN = "checked-in"
    ATTESTED = "attested"
    IMPORTED = "imported"


class ServiceRole(StrEnum):
    """What a volunteer was there for: to serve, or to organise the others."""

    VOLUNTEER = "volunteer"
    ORGANISER = "organiser"


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
    activity_id: str = ""
    """The activity, as its organiser names it: what is counted per activity and day is counted by this."""
    category: str = ""
    region: str = ""
    """Where it was given."""
    role: ServiceRole = ServiceRole.VOLUNTEER
    replaces: RecordId | None = None
    """The withdrawn record that this one corrects."""


@dataclass(frozen=True, slots=True)
class ImportedRecord:
    """A record that arrives with its verification, its number elsewhere, and the items that no decision looks at."""

    record: ServiceRecord
    number: RecordNumber
    items: ImportItems
    arrived_at: Instant | None = None


Row = (
    PayCode
    | Redemption
    | Refund
    | Tombstone
    | Order
    | Stock
    | Tally
    | ServiceRecord
    | ImportedRecord
    | Accrual
    | Bonus
    | Penalty
    | PoolGrant
    | Opening
    | SeatRow
)
"""Every kind of row that a command may add or change."""
