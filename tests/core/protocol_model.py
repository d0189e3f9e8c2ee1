"""The protocol in plain Python: what POS.md promises for every command, decided from the model's own books.

It shares no rule with the core: values, codes and ids are the core's, every decision is written here again.
"""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from app.core.codes import Code
from app.core.commands import Command
from app.core.confirmations import CloseRedemption, ConfirmRedemption, DeclineRedemption
from app.core.donations import DepositFund
from app.core.lot_life import ExpireLots
from app.core.offers import Offer
from app.core.orders import CancelOrder, ExpireOrder, PlaceOrder, SetStock
from app.core.pay_codes import IssuePayCode
from app.core.redemptions import Redeem
from app.core.refunds import RefundRedemption, ReverseRedemption
from app.core.rows import Sale, ServiceRecord
from app.core.service_records import VerifyRecord
from app.core.vouchers import ReturnVoucher, UseVoucher
from tests.core import protocol_orders as orders
from tests.core import protocol_sales as sales
from tests.core.protocol_asks import Ask, Said, View
from tests.core.protocol_books import CITY, Books, Deal, ShownCode, day_of
from tests.core.protocol_refusals import no, written, yes
from tests.core.protocol_town import Town

NOT_KEPT = (Code.SIGN_ERROR, Code.SYSTEM_BUSY, Code.SYSTEM_ERROR)


@dataclass(slots=True)
class Model:
    """Answers every ask at once; `books` is what it has come to."""

    town: Town
    books: Books = field(init=False)
    records: dict[UUID, ServiceRecord] = field(default_factory=dict)
    kept: dict[tuple[str, str], tuple[bytes, Said]] = field(default_factory=dict)
    """The answers by their numbers, each with the body that it answered."""

    def __post_init__(self) -> None:
        """Begin with empty books."""
        self.books = Books(self.town, totals=dict(self.town.stocks))

    def answer(self, ask: Ask) -> Said:
        """The answer to an ask, kept under its number: the same number never does anything twice."""
        if known := self.kept.get((ask.scope, ask.number)):
            body, said = known
            return said._replace(replayed=True) if body == ask.body else no(ask.conflict)
        sale = self._number_of(ask.command)
        if sale and self.books.refused.get(sale) is Code.ORDER_REVERSED:
            return no(Code.ORDER_REVERSED)
        self._end_what_is_over(ask.command)
        said = self._decide(ask.command)
        if said.code not in NOT_KEPT:
            self.kept[ask.scope, ask.number] = (ask.body, said)
            if sale and said.code:
                self.books.refused[sale] = said.code
        return said

    def _number_of(self, command: Command) -> Sale | None:
        if not isinstance(command, Redeem):
            return None
        return Sale(self.books.till(command.terminal).merchant, command.trade_no)

    def _end_what_is_over(self, command: Command) -> None:
        """Before anything is decided about people or an offer, their holds that are over have ended."""
        people, offer = self._concerned(command)
        for deal in self.books.deals.values():
            if deal.is_over(self.books.now) and (deal.person in people or (offer and deal.offer == offer)):
                self.books.end(deal)

    def _concerned(self, command: Command) -> tuple[set[UUID], Offer | None]:
        books = self.books
        about: Deal | ShownCode | None
        match command:
            case PlaceOrder() | IssuePayCode() | ExpireLots():
                ordered = command.offer if isinstance(command, PlaceOrder) else None
                return {command.volunteer}, books.offer(ordered)
            case VerifyRecord():
                return {self.records[command.record].volunteer}, None
            case SetStock():
                return set(), books.offer(command.offer)
            case Redeem():
                about = books.codes.get(command.code)
            case ConfirmRedemption() | DeclineRedemption():
                about = books.deals.get(command.redemption)
            case RefundRedemption() | ReverseRedemption():
                about = books.sold(command.sale)
            case CancelOrder():
                about = books.deals.get(command.order)
            case UseVoucher() | ReturnVoucher():
                about = books.ordered(command.code)
            case _:
                about = None
        paid_for = books.offer(command.offer) if isinstance(command, Redeem) else None
        return {about.person} if about else set(), paid_for

    def _decide(self, command: Command) -> Said:  # noqa: C901, PLR0912 - a table
        books = self.books
        match command:
            case IssuePayCode():
                return self._issue(command)
            case Redeem():
                return sales.pay(books, command)
            case ConfirmRedemption():
                return sales.confirm(books, command)
            case DeclineRedemption():
                return sales.decline(books, command)
            case CloseRedemption():
                return sales.close(books, command)
            case RefundRedemption():
                return sales.refund(books, command)
            case ReverseRedemption():
                return sales.reverse(books, command)
            case PlaceOrder():
                return orders.order(books, command)
            case UseVoucher():
                return orders.use(books, command)
            case ReturnVoucher():
                return orders.bring_back(books, command)
            case CancelOrder():
                return orders.cancel(books, command)
            case ExpireOrder():
                return orders.expire(books, command)
            case SetStock():
                return orders.set_stock(books, command)
            case ExpireLots():
                gone = books.expire(command.volunteer)
                return yes(points=gone) if gone else no(Code.STATE_CONFLICT, state="nothing-expired")
            case VerifyRecord():
                return self._serve(self.records[command.record])
            case DepositFund():
                return self._deposit(command)
        raise TypeError(command)

    def _issue(self, command: IssuePayCode) -> Said:
        if command.volunteer in self.books.off:
            return no(Code.ACCOUNT_FROZEN)
        code = ShownCode(command.volunteer, self.books.now + sales.MINUTE)
        self.books.codes[command.code] = code
        return yes(expires_at=written(code.expires_at))

    def _serve(self, record: ServiceRecord) -> Said:
        """A minute is a point, good until the end of the second year after."""
        last = date(day_of(record.ended_at).year + 2, 12, 31)
        for account in ("service", CITY, ""), ("hours", record.volunteer, ""), ("issuance", CITY, ""):
            self.books.accounts[account] += record.minutes
        self.books.accounts["wallet", record.volunteer, last.isoformat()] += record.minutes
        return yes(record=f"rec_{record.id.hex}", points=record.minutes)

    def _deposit(self, command: DepositFund) -> Said:
        for kind in ("donations", "fund"):
            self.books.accounts[kind, command.fund, ""] += command.fen
        return yes(transaction=f"txn_{command.transaction.hex}", amount_fen=command.fen)

    def view(self) -> View:
        """What everybody should see now."""
        books = self.books
        deals = books.deals.values()
        return View(
            balances={account: balance for account, balance in books.accounts.items() if balance},
            redemptions={
                deal.id: (deal.state_at(books.now), deal.points, deal.refunded, deal.fen)
                for deal in deals
                if deal.trade_no
            },
            orders={deal.id: (deal.state_at(books.now), deal.points) for deal in deals if deal.code},
            stocks={offer: (total, books.taken(offer)) for offer, total in books.totals.items()},
            counts=self._counts(),
        )

    def _counts(self) -> dict[tuple[UUID, str, str], int]:
        """What limits are compared with: units by person and day, points of merchants with a quota by month."""
        counts: dict[tuple[UUID, str, str], int] = {}
        for offer in self.town.offers:
            for person in self.town.people:
                for day, units in self.books.units_had(person, offer.id).items():
                    counts[person, f"offer:{offer.id.hex}", day.isoformat()] = units
        for till in self.town.tills:
            if till.monthly_points is not None:
                for month, points in self.books.points_taken(till.merchant).items():
                    counts[till.merchant, "points", month] = points
        return {key: count for key, count in counts.items() if count}
