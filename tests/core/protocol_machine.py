"""The rules of a walk through the protocol: who may ask what, biased towards what goes through."""

from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, multiple, precondition, rule

from app.core.codes import Code
from app.core.confirmations import ConfirmRedemption, DeclineRedemption
from app.core.ids import OfferId, OrderId, RedemptionId, RefundId, VolunteerId
from app.core.merchants import Till
from app.core.orders import CancelOrder, PlaceOrder
from app.core.programmes import LapsePolicy
from app.core.quantities import Points
from app.core.redemptions import Redeem
from app.core.refunds import RefundRedemption, ReverseRedemption
from app.core.rows import PayCodeHash, RedemptionState, Sale, VoucherHash
from app.core.vouchers import ReturnVoucher, UseVoucher
from tests.core.protocol_city import MOSTLY, SOME, CityWalk
from tests.core.protocol_walk import back

ALL, MORE = 0, -1
"""Amounts that depend on what is there: all of it, and a point more."""

AMOUNTS = st.sampled_from((10, 10, 10, 25, 54, 54, 55, ALL, MORE))
PARTS = st.sampled_from((1, 7, 7, 20, ALL, ALL, MORE))
AWAITING = RedemptionState.AWAITING_CONFIRMATION
REFUNDS = 51
"""One more than a redemption may have."""

WORTH_ASKING = (None, Code.FUND_EXHAUSTED, Code.QUOTA_EXCEEDED, Code.ORDER_REVERSED)
"""What was refused is seldom asked about afterwards."""


class Sold(NamedTuple):
    """A sale that was asked for, whatever became of it."""

    redemption: RedemptionId
    sale: Sale
    till: Till
    person: VolunteerId


class Ordered(NamedTuple):
    """An order that was asked for, whatever became of it."""

    order: OrderId
    code: VoucherHash
    till: Till
    person: VolunteerId


class ProtocolMachine(CityWalk):
    """All that volunteers and tills do, in a city that goes on around them."""

    sales = Bundle("sales")
    orders = Bundle("orders")

    @initialize(lapse=st.sampled_from(LapsePolicy))
    def begin(self, lapse: LapsePolicy) -> None:
        """Every policy has its walks."""
        self.open(lapse)

    @rule(target=sales, who=SOME, where=SOME, amount=AMOUNTS, old=st.sampled_from((*[None] * 7, 0, 1, 5)))
    def pay(self, who: int, where: int, amount: int, old: int | None) -> Sold | MultipleResults[Sold]:
        """A person pays with points: with a new code, or with one that was shown before and may still be good."""
        person = back(self.town.people, who)
        points = _amount(amount, self.model.books.available(person))
        code = self.code_of(person) if old is None or not self.shown else back(self.shown, old)
        return self._pay(code, back(self.town.tills, where), person, points)

    @rule(target=sales, who=SOME, what=SOME, quantity=st.integers(1, 2), here=MOSTLY)
    def pay_for_offer(self, who: int, what: int, quantity: int, *, here: bool) -> Sold | MultipleResults[Sold]:
        """A person shows a new code and pays for an offer; perhaps at a till that does not have it."""
        person, offer = back(self.town.people, who), back(self.town.offers, what)
        till = next(till for till in self.town.tills if (till.merchant == offer.merchant) is here)
        return self._pay(self.code_of(person), till, person, None, offer.id, quantity)

    def _pay(
        self,
        code: PayCodeHash,
        till: Till,
        person: VolunteerId,
        points: int | None,
        offer: OfferId | None = None,
        quantity: int = 0,
    ) -> Sold | MultipleResults[Sold]:
        sale = self.next_sale(till.merchant)
        self.trade_nos[till.merchant] += 1
        redemption = RedemptionId(self.fresh("redemption"))
        command = Redeem(
            redemption=redemption,
            transaction=self.transaction(),
            trade_no=sale.trade_no,
            code=code,
            terminal=till.terminal,
            points=None if points is None else Points(points),
            offer=offer,
            quantity=quantity,
        )
        said = self.ask(command, f"till:{till.merchant.hex}", sale.trade_no, conflict=Code.OUT_TRADE_NO_USED)
        sold = Sold(redemption, sale, till, person)
        return sold if said.code in WORTH_ASKING else multiple()

    @rule(sold=sales, waiting=MOSTLY, own=MOSTLY, yes=MOSTLY)
    def answer(self, sold: Sold, *, waiting: bool, own: bool, yes: bool) -> None:
        """A volunteer confirms or declines: what waits if anything does; perhaps another's, or what ended already."""
        deal = self.model.books.deals.get(sold.redemption)
        asking = [each for each in self.model.books.deals.values() if each.state is AWAITING]
        if waiting and asking:
            deal = asking[-1]
        redemption, owner = (RedemptionId(deal.id), deal.person) if deal else (sold.redemption, sold.person)
        person = next(each for each in self.town.people if (each == owner) is own)
        kind = ConfirmRedemption if yes else DeclineRedemption
        self.ask(kind(redemption=redemption, transaction=self.transaction(), volunteer=person), f"user:{person.hex}")

    @rule(sold=sales, part=PARTS)
    def refund(self, sold: Sold, part: int) -> None:
        """A merchant gives back a part."""
        deal = self.model.books.sold(sold.sale)
        self._refund(sold, _amount(part, deal.left if deal else 10))

    @rule(target=sales, who=SOME, where=SOME, more=st.sampled_from((1, 5)))
    def pay_across_lots(self, who: int, where: int, more: int) -> Sold | MultipleResults[Sold]:
        """A person pays with more than the first lot holds, says yes if asked, and gets a part back."""
        person = back(self.town.people, who)
        first = next(iter(self.model.books.lots_of(person)), (None, 0))[1]
        sold = self._pay(self.code_of(person), back(self.town.tills, where), person, first + more)
        if not isinstance(sold, Sold):
            return sold
        transaction = self.transaction()
        self.ask(
            ConfirmRedemption(redemption=sold.redemption, transaction=transaction, volunteer=person),
            f"user:{person.hex}",
        )
        self._refund(sold, more)
        return sold

    @precondition(lambda self: any(deal.trade_no and deal.left > REFUNDS for deal in self.model.books.deals.values()))
    @rule(sold=sales)
    def refund_point_by_point(self, sold: Sold) -> None:
        """A merchant gives back one point, very often."""
        deal = self.model.books.sold(sold.sale)
        for _ in range(REFUNDS if deal and deal.left > REFUNDS else 2):
            self._refund(sold, 1)

    def _refund(self, sold: Sold, points: int) -> None:
        number = f"R-{len(self.asked)}"
        command = RefundRedemption(
            refund=RefundId(self.fresh("refund")),
            transaction=self.transaction(),
            sale=sold.sale,
            refund_no=number,
            points=Points(points),
            terminal=sold.till.terminal,
        )
        self.ask(command, f"refund:{sold.till.merchant.hex}", number, conflict=Code.OUT_REFUND_NO_USED)

    @rule(sold=sales, known=MOSTLY)
    def reverse(self, sold: Sold, *, known: bool) -> None:
        """A till takes a sale back: under its number, so that a second time replays; or as if for the first time."""
        self._reverse(sold.sale, sold.till, sold.sale.trade_no if known else "")

    @rule(where=SOME, ahead=st.integers(0, 4))
    def reverse_early(self, where: int, ahead: int) -> None:
        """A till takes a sale back that has not arrived yet."""
        till = back(self.town.tills, where)
        sale = self.next_sale(till.merchant, ahead)
        self._reverse(sale, till, sale.trade_no)

    def _reverse(self, sale: Sale, till: Till, number: str) -> None:
        command = ReverseRedemption(transaction=self.transaction(), sale=sale, terminal=till.terminal)
        self.ask(command, f"reverse:{till.merchant.hex}", number, body=b"reverse")

    @rule(sold=sales)
    def query(self, sold: Sold) -> None:
        """A till asks what became of its number."""
        self.flush()
        deal = self.model.books.sold(sold.sale)
        assert self.system.query(sold.sale, self.now) == (deal.state_at(self.now) if deal else None)

    @rule(target=orders, who=SOME, what=SOME, quantity=st.integers(1, 2))
    def order(self, who: int, what: int, quantity: int) -> Ordered | MultipleResults[Ordered]:
        """A person orders an offer."""
        person, offer = back(self.town.people, who), back(self.town.offers, what)
        order = OrderId(self.fresh("order"))
        code = VoucherHash(self.fresh("voucher").bytes * 2)
        command = PlaceOrder(
            order=order,
            transaction=self.transaction(),
            volunteer=person,
            offer=offer.id,
            quantity=quantity,
            code=code,
        )
        said = self.ask(command, f"user:{person.hex}")
        ordered = Ordered(order, code, self.town.till_of(offer), person)
        return ordered if said.code in WORTH_ASKING else multiple()

    @rule(ordered=orders, here=MOSTLY, times=st.integers(1, 2))
    def use(self, ordered: Ordered, times: int, *, here: bool) -> None:
        """A till hands out what was ordered, perhaps twice; perhaps the wrong till."""
        till = next(till for till in self.town.tills if (till == ordered.till) is here)
        for _ in range(times):
            command = UseVoucher(code=ordered.code, terminal=till.terminal, transaction=self.transaction())
            self.ask(command, f"voucher:{till.merchant.hex}", conflict=Code.OUT_TRADE_NO_USED)

    @rule(ordered=orders)
    def bring_back(self, ordered: Ordered) -> None:
        """A till takes back what it handed out."""
        till = ordered.till
        command = ReturnVoucher(code=ordered.code, terminal=till.terminal, transaction=self.transaction())
        self.ask(command, f"voucher:{till.merchant.hex}", conflict=Code.OUT_TRADE_NO_USED)

    @rule(ordered=orders, by=st.sampled_from(("owner", "owner", "other", "nobody")))
    def cancel(self, ordered: Ordered, by: str) -> None:
        """A volunteer changes their mind; or the merchant has ended."""
        person = None if by == "nobody" else ordered.person
        if by == "other":
            person = next(each for each in self.town.people if each != ordered.person)
        self.ask(CancelOrder(order=ordered.order, transaction=self.transaction(), volunteer=person), "cancel")

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 12), same=MOSTLY)
    def repeat(self, which: int, *, same: bool) -> None:
        """Somebody asks again under the same number; perhaps in another body."""
        ask = back(self.asked, which)
        self.put(ask if same else ask._replace(body=ask.body + b" and more"))


def _amount(amount: int, there: int) -> int:
    return amount if amount > 0 else max(1, there - amount)
