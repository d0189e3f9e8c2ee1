"""A ledger in memory: the write path without a database.

It keeps all that a database would keep, and hands a batch only what its commands say they need, so a need that a
command forgot is noticed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, cycle
from uuid import UUID

from app.core.accounts import AccountKey, AccountKind
from app.core.accruals import Accrual
from app.core.arrivals import KnownRecord
from app.core.benefit_grants import BenefitGrant
from app.core.bonuses import Bonus, BonusKey
from app.core.book import Accepted, Book, Decision, Needs
from app.core.canonical import encode_transaction, format_instant
from app.core.codes import Code, Rejected
from app.core.commands import Command, decide
from app.core.confirmations import CloseRedemption
from app.core.family_links import FamilyKey, FamilyLink
from app.core.idempotency import NOT_KEPT
from app.core.ids import (
    NOBODY,
    OfferId,
    OrderId,
    PenaltyId,
    PoolGrantId,
    RecordId,
    RedemptionId,
    TerminalId,
    TransactionId,
    VolunteerId,
)
from app.core.lapses import find_lapsing, lapses_before
from app.core.merchants import Till
from app.core.offers import Offer
from app.core.openings import Opening
from app.core.orders import ExpireOrder
from app.core.owners import owners_of
from app.core.penalties import Penalty
from app.core.policies import AccrualPolicy
from app.core.pool_grants import PoolGrant
from app.core.programmes import Programme
from app.core.quantities import Instant
from app.core.record_numbers import RecordNumber
from app.core.redemptions import Redeem
from app.core.rounds import Place, RoundStand
from app.core.rows import (
    ImportedRecord,
    Order,
    PayCode,
    PayCodeHash,
    Redemption,
    Refund,
    Row,
    Sale,
    ServiceRecord,
    Stock,
    Tally,
    TallyKey,
    Tombstone,
)
from app.core.seating import seated
from app.core.transactions import PostedTransfer, Transaction
from app.core.volunteers import Volunteer
from tests.core.builders import NOW, named
from tests.core.ledger_records import add_accruals, add_arrivals, add_gifts, known_from, spent_by
from tests.core.ledger_rewards import add_rewards
from tests.core.merging import merge
from tests.core.seated import SeatStore, add_laid


@dataclass(frozen=True, slots=True)
class Posted:
    """One transaction of the journal, when it was written, the balances after each transfer, its canonical form."""

    recorded_at: Instant
    transaction: Transaction
    transfers: tuple[PostedTransfer, ...]
    canonical: bytes


@dataclass(slots=True, kw_only=True)
class MemoryLedger:
    """Everything that is stored, and a clock that stands still until the test moves it."""

    programme: Programme
    policies: tuple[AccrualPolicy, ...] = ()
    now: Instant = NOW
    volunteers: dict[VolunteerId, Volunteer] = field(default_factory=dict)
    tills: dict[TerminalId, Till] = field(default_factory=dict)
    offers: dict[OfferId, Offer] = field(default_factory=dict)
    stocks: dict[OfferId, Stock] = field(default_factory=dict)
    tallies: dict[TallyKey, int] = field(default_factory=dict)
    pay_codes: dict[PayCodeHash, PayCode] = field(default_factory=dict)
    redemptions: dict[RedemptionId, Redemption] = field(default_factory=dict)
    sales: dict[Sale, RedemptionId | Code] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    records: dict[RecordId, ServiceRecord] = field(default_factory=dict)
    accruals: dict[RecordId, Accrual] = field(default_factory=dict)
    bonuses: dict[BonusKey, Bonus] = field(default_factory=dict)
    penalties: dict[PenaltyId, Penalty] = field(default_factory=dict)
    pool_grants: dict[PoolGrantId, PoolGrant] = field(default_factory=dict)
    family: dict[FamilyKey, FamilyLink] = field(default_factory=dict)
    openings: dict[RecordNumber, Opening] = field(default_factory=dict)
    numbers: dict[RecordNumber, KnownRecord] = field(default_factory=dict)
    balances: dict[AccountKey, int] = field(default_factory=dict)
    journal: list[Posted] = field(default_factory=list)
    seats: SeatStore = field(default_factory=SeatStore)
    lapses: int = 0

    def run(self, commands: Sequence[Command], batch_sizes: Iterable[int] = (1,)) -> list[Decision]:
        """Run commands at the clock's time, cut into batches of these sizes, over and over."""
        decisions: list[Decision] = []
        sizes = cycle(batch_sizes)
        while len(decisions) < len(commands):
            decisions += self._run_batch(commands[len(decisions) :][: next(sizes)])
        return decisions

    def do(self, command: Command) -> Accepted:
        """Run one command that must go through."""
        [decision] = self.run([command])
        assert isinstance(decision, Accepted), decision
        return decision

    def book_for(self, *commands: Command) -> Book:
        """A book with what these commands need, and nothing else."""
        return fetch_book(self, merge(command.needs() for command in commands))

    def _run_batch(self, commands: Sequence[Command]) -> list[Decision]:
        book = self.book_for(*commands)
        return [self._decide(command, book) for command in commands]

    def _decide(self, command: Command, book: Book) -> Decision:
        sale = self._sale_of(command)
        if sale and self.sales.get(sale) is Code.ORDER_REVERSED:
            return Rejected(Code.ORDER_REVERSED)
        if not isinstance(command, CloseRedemption | ExpireOrder):
            for lapse in lapses_before(command.needs(), book, self._next_lapse):
                self._keep(decide(lapse, book, self.now), book)
        decision = self._keep(decide(command, book, self.now), book)
        if sale and isinstance(decision, Rejected) and decision.code not in NOT_KEPT:
            self.sales[sale] = decision.code
            if sale in book.sales:
                book.sales[sale] = decision.code
        return decision

    def _sale_of(self, command: Command) -> Sale | None:
        """The number under which a redemption's answer is kept. A number is asked for once here: no retries."""
        till = self.tills.get(command.terminal) if isinstance(command, Redeem) else None
        return Sale(till.merchant, command.trade_no) if till and isinstance(command, Redeem) else None

    def _next_lapse(self) -> TransactionId:
        self.lapses += 1
        return TransactionId(named("lapse", self.lapses))

    def _keep(self, decision: Decision, book: Book) -> Decision:
        if isinstance(decision, Accepted):
            posted = book.post(decision)
            for transfer, debit_balance, credit_balance in posted:
                self.balances[transfer.debit] = debit_balance
                self.balances[transfer.credit] = credit_balance
            if decision.transaction:
                seq = len(self.journal) + 1
                canonical = encode_transaction(self.programme.id, seq, format_instant(self.now), decision.transaction)
                self.journal.append(Posted(self.now, decision.transaction, posted, canonical))
            for row in decision.rows:
                self._store(row)
        return decision

    def _store(self, row: Row) -> None:  # noqa: C901, PLR0912 - a table
        match row:
            case PayCode():
                self.pay_codes[row.hash] = row
            case Redemption():
                self.redemptions[row.id] = row
                self.sales[row.sale] = row.id
            case Tombstone():
                self.sales[row.sale] = Code.ORDER_REVERSED
            case Order():
                self.orders[row.id] = row
            case Stock():
                self.stocks[row.offer] = row
            case Tally():
                self.tallies[row.key] = row.amount
            case ServiceRecord():
                self.records[row.id] = row
            case ImportedRecord():
                self.records[row.record.id] = row.record
                self.numbers[row.number] = known_from(row)
            case Accrual():
                self.accruals[row.record] = row
            case Bonus():
                self.bonuses[row.key] = row
            case Penalty():
                self.penalties[row.id] = row
            case PoolGrant():
                self.pool_grants[row.id] = row
            case Opening():
                self.openings[row.number] = row
            case RoundStand() | Place() | BenefitGrant():
                self.seats.put(row)
            case Refund():
                self.refunds.append(row)


def fetch_book(ledger: MemoryLedger, needs: Needs) -> Book:
    """A book with what is needed and nothing else, as the store fetches it."""
    sales = {sale: ledger.sales.get(sale) for sale in needs.sales}
    sold = {found for found in sales.values() if found and not isinstance(found, Code)}
    redemptions = {key: ledger.redemptions.get(key) for key in needs.redemptions | sold}
    codes = {key: ledger.pay_codes.get(key) for key in needs.pay_codes}
    by_code = {order.code: order.id for order in ledger.orders.values()}
    vouchers = {code: by_code.get(code) for code in needs.vouchers}
    orders = {key: ledger.orders.get(key) for key in needs.orders | {found for found in vouchers.values() if found}}
    payers = {code.volunteer for code in codes.values() if code} | (needs.volunteers if needs.terminals else set())
    book = Book(
        programme=ledger.programme,
        policies=ledger.policies if needs.policies else (),
        volunteers={key: ledger.volunteers.get(key) for key in needs.volunteers | payers},
        pay_codes=codes,
        tills={key: ledger.tills.get(key) for key in needs.terminals},
        redemptions=redemptions,
        sales=sales,
        spent={key: spent_by(key, ledger.redemptions.values(), ledger.programme, ledger.now) for key in payers},
        offers={key: ledger.offers.get(key) for key in needs.offers},
        orders=orders,
        vouchers=vouchers,
        records={key: ledger.records.get(key) for key in needs.records},
    )
    book.openings.update((key, ledger.openings.get(key)) for key in needs.openings)
    add_arrivals(book, needs, ledger.numbers, ledger.records.values(), ledger.volunteers)
    add_rewards(book, needs, ledger.bonuses, ledger.penalties)
    add_gifts(book, needs, ledger.pool_grants, ledger.family, ledger.volunteers)
    book.seating = ledger.seats.look_up(needs.seating, ledger.records.values(), ledger.programme, ledger.now)
    owners: set[UUID] = {NOBODY, *needs.owners, *book.volunteers, *seated(needs.seating, book.seating)}
    if ledger.programme.settlement_fund:
        owners.add(ledger.programme.settlement_fund)
    found = chain(codes.values(), book.tills.values(), redemptions.values(), book.offers.values(), orders.values())
    for row in chain(found, book.records.values(), book.penalties.values()):
        owners.update(owners_of(row) if row else ())
    _add_accounts(ledger, book, owners)
    add_laid(book, needs, ledger.records.values())
    _add_lapsing(ledger, book)
    _add_limits(ledger, book, needs)
    add_accruals(book, needs, ledger.records, ledger.accruals, ledger.tallies)
    return book


def _add_accounts(ledger: MemoryLedger, book: Book, owners: Iterable[UUID]) -> None:
    new = set(owners) - book.accounts.keys()
    book.accounts.update((owner, {}) for owner in new)
    for key, balance in ledger.balances.items():
        if key.owner in new:
            book.accounts[key.owner][key] = balance


def _add_lapsing(ledger: MemoryLedger, book: Book) -> None:
    holders = {
        owner
        for owner, accounts in book.accounts.items()
        if any(balance and key.kind is AccountKind.HELD for key, balance in accounts.items())
    }
    waiting = [row for row in ledger.redemptions.values() if row.volunteer in holders or row.offer in book.offers]
    open_orders = [row for row in ledger.orders.values() if row.volunteer in holders or row.offer in book.offers]
    lapsing = find_lapsing(waiting, open_orders, ledger.now)
    book.lapsing.update(lapsing)
    holds: list[Redemption | Order] = [*waiting, *open_orders]
    over = [row for row in holds if row.id in lapsing]
    for row in over:
        if isinstance(row, Order):
            book.orders[row.id] = row
            book.vouchers[row.code] = row.id
        else:
            book.redemptions[row.id] = row
    _add_accounts(ledger, book, chain.from_iterable(owners_of(row) for row in over))


def _add_limits(ledger: MemoryLedger, book: Book, needs: Needs) -> None:
    rows: list[Redemption | Order] = [row for row in book.redemptions.values() if row]
    rows += [row for row in book.orders.values() if row]
    listed = {row.offer for row in rows if row.offer} | {key for key, offer in book.offers.items() if offer}
    book.stocks.update((offer, ledger.stocks[offer]) for offer in listed)
    partners = {till.merchant: till.partner for till in ledger.tills.values()}
    book.merchants.update((offer.merchant, partners[offer.merchant]) for offer in book.offers.values() if offer)
    sold = bool(needs.sales or needs.redemptions)
    subjects: set[UUID] = set(book.merchants)
    subjects.update(each.merchant for each in book.tills.values() if each and (sold or each.monthly_points is not None))
    subjects.update(subject for row in rows for subject in (row.merchant, row.volunteer))
    subjects.update(key.owner for key in book.family)
    subjects.update(book.volunteers if book.offers or needs.bonuses or needs.pool_grants or needs.seating else ())
    if needs.seating:
        subjects.update((NOBODY, *seated(needs.seating, book.seating)))
    book.tallies.update((subject, {}) for subject in subjects)
    for key, amount in ledger.tallies.items():
        if key.subject in subjects:
            book.tallies[key.subject][key] = amount
