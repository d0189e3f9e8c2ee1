"""The book: everything that a batch of commands needs, in memory, each decision seeing those before it.

The shell fetches what `Needs` names and makes a book of it; `decide_…` reads it; `post` is the only way to change
it, and refuses a transaction that would break the ledger. Reading what nobody fetched is a bug, never a zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from app.core.accounts import CHART, AccountKey, AccountKind, Side
from app.core.accruals import Accrual, Earned, Overlaid
from app.core.arrivals import Arrivals
from app.core.benefit_grants import BenefitGrant
from app.core.bonuses import Bonus, BonusKey
from app.core.codes import Code, Rejected
from app.core.family_links import FamilyKey, FamilyLink
from app.core.glimpses import Lapsing, Spent
from app.core.ids import (
    MerchantId,
    OfferId,
    OrderId,
    PenaltyId,
    PoolGrantId,
    RecordId,
    RedemptionId,
    TerminalId,
    VolunteerId,
)
from app.core.merchants import Merchant, Till
from app.core.needs import Needs
from app.core.offers import Offer
from app.core.openings import Opening
from app.core.penalties import Penalty
from app.core.policies import AccrualPolicy, PriceList
from app.core.pool_grants import PoolGrant
from app.core.programmes import Programme
from app.core.quantities import BrokenInvariant, Minutes, Points
from app.core.record_numbers import RecordNumber
from app.core.reviews import Stretch, stretch_of
from app.core.rounds import Place, RoundStand
from app.core.rows import (
    ImportedRecord,
    LotPart,
    Order,
    OrderState,
    PayCode,
    PayCodeHash,
    RecordState,
    Redemption,
    RedemptionState,
    Refund,
    Row,
    Sale,
    ServiceRecord,
    Stock,
    Tally,
    TallyKey,
    Tombstone,
    VoucherHash,
)
from app.core.seating import Seating
from app.core.transactions import PostedTransfer, Transaction, check_transfer
from app.core.volunteers import Volunteer

__all__ = ["Accepted", "AnswerFields", "Book", "Decision", "Needs", "Scalar"]

Scalar = str | int | bool | None
AnswerFields = Mapping[str, Scalar]
"""The figures of an answer that are kept with its idempotency key; the edge makes the document from them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A command that goes through: at most one transaction, the rows it leaves, and its answer."""

    transaction: Transaction | None = None
    rows: tuple[Row, ...] = ()
    answer: AnswerFields = field(default_factory=dict)


Decision = Accepted | Rejected


@dataclass(slots=True, kw_only=True)
class Book:
    """The working state of one batch. `accounts` holds, for every fetched owner, all accounts that exist."""

    programme: Programme
    policies: tuple[AccrualPolicy, ...] = ()
    prices: PriceList = field(default_factory=PriceList)
    accounts: dict[UUID, dict[AccountKey, int]] = field(default_factory=dict)
    volunteers: dict[VolunteerId, Volunteer | None] = field(default_factory=dict)
    pay_codes: dict[PayCodeHash, PayCode | None] = field(default_factory=dict)
    tills: dict[TerminalId, Till | None] = field(default_factory=dict)
    redemptions: dict[RedemptionId, Redemption | None] = field(default_factory=dict)
    sales: dict[Sale, RedemptionId | Code | None] = field(default_factory=dict)
    """What became of a till's number: a redemption, a refusal, or None for one that was never seen."""
    spent: dict[VolunteerId, dict[RedemptionId, Spent]] = field(default_factory=dict)
    """What volunteers with a code in this batch have paid today."""
    merchants: dict[MerchantId, Merchant] = field(default_factory=dict)
    """The merchants of the offers that were fetched."""
    offers: dict[OfferId, Offer | None] = field(default_factory=dict)
    stocks: dict[OfferId, Stock] = field(default_factory=dict)
    tallies: dict[UUID, dict[TallyKey, int]] = field(default_factory=dict)
    orders: dict[OrderId, Order | None] = field(default_factory=dict)
    vouchers: dict[VoucherHash, OrderId | None] = field(default_factory=dict)
    lapsing: dict[RedemptionId | OrderId, Lapsing] = field(default_factory=dict)
    records: dict[RecordId, ServiceRecord | None] = field(default_factory=dict)
    served: dict[VolunteerId, dict[RecordId, Stretch]] = field(default_factory=dict)
    """Verified records on the days of those in `days`."""
    earned: dict[VolunteerId, dict[RecordId, Earned]] = field(default_factory=dict)
    """What verified records counted for, of those volunteers for whom a policy asks."""
    overlaid: dict[RecordId, Overlaid | None] = field(default_factory=dict)
    """What records took of towns' budgets."""
    bonuses: dict[BonusKey, Bonus | None] = field(default_factory=dict)
    penalties: dict[PenaltyId, Penalty | None] = field(default_factory=dict)
    pool_grants: dict[PoolGrantId, PoolGrant | None] = field(default_factory=dict)
    family: dict[FamilyKey, FamilyLink | None] = field(default_factory=dict)
    openings: dict[RecordNumber, Opening | None] = field(default_factory=dict)
    arriving: Arrivals = field(default_factory=Arrivals)
    seating: Seating = field(default_factory=Seating)

    def balance(self, key: AccountKey) -> int:
        """The balance of an account on its normal side; zero for one that does not exist yet."""
        owned = self.accounts.get(key.owner)
        if owned is None:
            raise BrokenInvariant(f"accounts of {key.owner} were not fetched")
        return owned.get(key, 0)

    def lots(self, kind: AccountKind, volunteer: VolunteerId) -> list[LotPart]:
        """The lots of one kind that hold points, the one that expires first in front."""
        owned = self.accounts.get(volunteer)
        if owned is None:
            raise BrokenInvariant(f"accounts of {volunteer} were not fetched")
        parts = [
            LotPart(date.fromisoformat(key.part), Points(balance))
            for key, balance in owned.items()
            if key.kind is kind and balance > 0
        ]
        parts.sort()
        return parts

    def spendable(self, volunteer: VolunteerId, today: date) -> list[LotPart]:
        """The wallet's lots that may be spent today. A lot past its day is empty, whether expiry was booked or not."""
        return [part for part in self.lots(AccountKind.WALLET, volunteer) if part.expires_on >= today]

    def available(self, volunteer: VolunteerId, today: date) -> Points:
        """What the volunteer can spend today."""
        return Points(sum(part.points for part in self.spendable(volunteer, today)))

    def served_minutes(self, volunteer: VolunteerId) -> Minutes:
        """All verified minutes of a volunteer: a benefit uses hours up and makes them none the less."""
        kinds = (AccountKind.HOURS, AccountKind.CONSUMED)
        owned = self.accounts.get(volunteer)
        if owned is None:
            raise BrokenInvariant(f"accounts of {volunteer} were not fetched")
        return Minutes(sum(balance for key, balance in owned.items() if key.kind in kinds))

    def tally(self, key: TallyKey) -> int:
        """A count; zero when nothing was counted."""
        return self._tallies(key.subject).get(key, 0)

    def tally_since(self, subject: UUID, scope: str, since: str) -> int:
        """The sum of a subject's counts in a scope from one day on."""
        return sum(
            amount for key, amount in self._tallies(subject).items() if key.scope == scope and key.period >= since
        )

    def served_by(self, volunteer: VolunteerId) -> tuple[Stretch, ...]:
        """What a volunteer has verified on the days that were asked for."""
        served = self.served.get(volunteer)
        if served is None:
            raise BrokenInvariant(f"days of {volunteer} were not fetched")
        return tuple(served.values())

    def earned_by(self, volunteer: VolunteerId) -> tuple[Earned, ...]:
        """What a volunteer's verified records have counted for."""
        earned = self.earned.get(volunteer)
        if earned is None:
            raise BrokenInvariant(f"accruals of {volunteer} were not fetched")
        return tuple(earned.values())

    def _tallies(self, subject: UUID) -> dict[TallyKey, int]:
        counted = self.tallies.get(subject)
        if counted is None:
            raise BrokenInvariant(f"tallies of {subject} were not fetched")
        return counted

    def _move(self, key: AccountKey, amount: int, side: Side) -> int:
        rule = CHART[key.kind]
        owned = self.accounts.get(key.owner)
        if owned is None:
            raise BrokenInvariant(f"accounts of {key.owner} were not fetched")
        balance = owned.get(key, 0) + (amount if side is rule.side else -amount)
        if rule.floored and balance < 0:
            raise BrokenInvariant(f"{key.path} would fall to {balance}")
        owned[key] = balance
        return balance

    def post(self, accepted: Accepted) -> tuple[PostedTransfer, ...]:
        """Take a decision into the book; the transfers come back with the balances after each.

        Raises BrokenInvariant for a transaction that no ledger may hold: then the whole book is spoilt and the
        caller must begin again without that command.
        """
        posted = []
        if accepted.transaction is not None:
            if not accepted.transaction.transfers:
                raise BrokenInvariant(f"{accepted.transaction.kind} without a transfer")
            for transfer in accepted.transaction.transfers:
                check_transfer(transfer)
                debit = self._move(transfer.debit, transfer.amount, Side.DEBIT)
                posted.append(
                    PostedTransfer(transfer, debit, self._move(transfer.credit, transfer.amount, Side.CREDIT))
                )
        for row in accepted.rows:
            self._put(row)
        return tuple(posted)

    def _put(self, row: Row) -> None:  # noqa: C901, PLR0912 - a table
        match row:
            case PayCode():
                self.pay_codes[row.hash] = row
            case Redemption():
                self._put_redemption(row)
            case Order():
                self.orders[row.id] = row
                self.vouchers[row.code] = row.id
                if row.state is not OrderState.EFFECTIVE:
                    self.lapsing.pop(row.id, None)
            case Stock():
                self.stocks[row.offer] = row
            case Tally():
                self._tallies(row.key.subject)[row.key] = row.amount
            case Tombstone():
                self.sales[row.sale] = Code.ORDER_REVERSED
            case ServiceRecord():
                self._put_record(row)
            case ImportedRecord():
                self._put_record(row.record)
                self.arriving.note_arrival(row)
            case Accrual():
                self._put_accrual(row)
            case Bonus():
                self.bonuses[row.key] = row
            case Penalty():
                self.penalties[row.id] = row
            case PoolGrant():
                self.pool_grants[row.id] = row
            case Opening():
                self.openings[row.number] = row
            case RoundStand() | Place() | BenefitGrant():
                self.seating.put(row)
            case Refund():
                pass

    def _put_record(self, row: ServiceRecord) -> None:
        self.records[row.id] = row
        self.arriving.note_change(row)
        self.seating.note_record(row)
        if (served := self.served.get(row.volunteer)) is not None:
            served.pop(row.id, None)
            if row.state is RecordState.VERIFIED:
                served[row.id] = stretch_of(row)
        if row.state is RecordState.WITHDRAWN:
            self.earned.get(row.volunteer, {}).pop(row.id, None)

    def _put_accrual(self, row: Accrual) -> None:
        if row.record in self.overlaid:
            self.overlaid[row.record] = Overlaid.of(row)
        if (earned := self.earned.get(row.volunteer)) is not None:
            earned[row.record] = Earned(row.service.day, row.service.activity, row.counted, row.points)

    def _put_redemption(self, row: Redemption) -> None:
        self.redemptions[row.id] = row
        self.sales[row.sale] = row.id
        if row.state is not RedemptionState.AWAITING_CONFIRMATION:
            self.lapsing.pop(row.id, None)
        spent = self.spent.get(row.volunteer)
        if spent is None:
            return
        if row.state in (RedemptionState.CLOSED, RedemptionState.REVERSED):
            spent.pop(row.id, None)
        else:
            spent[row.id] = Spent(row.merchant, row.points, row.occurred_at)
