"""Days of a city drawn at random, biased towards what is accepted, as submissions under ids that follow.

A plan is cut where its clock moves: what happens at one moment may be one batch.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, TypeVar
from uuid import UUID

from hypothesis import strategies as st

from app.core.claw_backs import ClawBack
from app.core.commands import Command
from app.core.confirmations import CloseRedemption, ConfirmRedemption, DeclineRedemption
from app.core.donations import DonatePoints
from app.core.ids import OfferId, OrderId, RedemptionId, RefundId, TransactionId, VolunteerId
from app.core.lot_life import ExpireLots, MatureRecord
from app.core.orders import CancelOrder, ExpireOrder, SetStock
from app.core.pay_codes import IssuePayCode
from app.core.quantities import Points
from app.core.redemptions import Redeem
from app.core.refunds import RefundRedemption, ReverseRedemption
from app.core.rows import PayCodeHash, Sale, TradeNo, VoucherHash
from app.core.vouchers import ReturnVoucher, UseVoucher
from app.engine.batch import Submission
from tests.support.city_rows import City, Till, named
from tests.support.clocks import START
from tests.support.commands import a_submission, at_till
from tests.support.earnings import Service, a_deposit, a_verification
from tests.support.offers import a_voucher_code, an_order

SALE = (
    "pay",
    "pay",
    "pay",
    "pay offer",
    "refund",
    "refund",
    "reverse",
    "reverse early",
    "confirm",
    "confirm",
    "decline",
)
ORDER = ("order", "order", "order", "use", "use", "return", "cancel", "stock")
OFFICE = ("verify", "verify", "withdraw", "mature", "expire", "donate", "deposit")
TIME = ("wait", "wait", "tidy")
AGAIN = ("repeat", "contradict")
LATER = START + timedelta(days=2)
WAITS = (timedelta(seconds=20), timedelta(seconds=61), timedelta(days=1))

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens: who, where, how much, and which earlier thing it is about."""

    verb: str
    who: int
    where: int
    points: int
    about: int


plans = st.lists(
    st.builds(
        Step,
        verb=st.sampled_from(SALE + ORDER + OFFICE + TIME + AGAIN),
        who=st.integers(0, 1),
        where=st.integers(0, 1),
        points=st.integers(1, 60),
        about=st.integers(0, 2),
    ),
    min_size=12,
    max_size=40,
)


def services_of(volunteer: VolunteerId) -> list[Service]:
    """The service that a plan is about. Prepare the first as verified, the second as entered."""
    return [Service(volunteer, 40 + number, START - timedelta(days=400 * number + 1)) for number in range(2)]


def offers_of(city: City) -> list[OfferId]:
    """The offers that a plan is about, one of each merchant."""
    return [OfferId(named(city.programme, f"offer {number}")) for number in range(2)]


class Moment(NamedTuple):
    """What is submitted at one moment."""

    at: datetime
    submissions: list[Submission]


class Sold(NamedTuple):
    """A sale that a plan has made, whatever became of it."""

    redemption: RedemptionId
    volunteer: VolunteerId
    till: Till
    trade_no: TradeNo


class Ordered(NamedTuple):
    """An order that a plan has placed, whatever became of it."""

    order: OrderId
    volunteer: VolunteerId
    till: Till
    code: VoucherHash


@dataclass(slots=True)
class Day:
    """Turns steps into submissions. What a step is about is counted back from the newest of its kind."""

    city: City
    moments: list[Moment] = field(default_factory=lambda: [Moment(LATER, [])])
    sales: list[Sold] = field(default_factory=list)
    orders: list[Ordered] = field(default_factory=list)
    count: int = 0

    def go_through(self, steps: Iterable[Step]) -> list[Moment]:
        """The submissions of these steps, in their order; a `pay` is two, its code and its redemption."""
        for step in steps:
            match step.verb:
                case "wait":
                    self.moments.append(Moment(self.moments[-1].at + WAITS[step.about], []))
                case "repeat" | "contradict" if submitted := [one for all_ in self.moments for one in all_.submissions]:
                    again = _back(submitted, step.about)
                    body = "" if step.verb == "repeat" else "other"
                    self._put(
                        Submission(command=again.command, key=again.key, body_hash=again.body_hash + body.encode())
                    )
                case "pay" | "pay offer":
                    self._pay(step)
                case "order":
                    self._order(step)
                case "refund" | "reverse" | "reverse early" | "confirm" | "decline":
                    self._after_sale(step)
                case "use" | "return" | "cancel":
                    self._after_order(step)
                case "tidy":
                    self._tidy(step)
                case verb if verb in OFFICE or verb == "stock":
                    self._add(self._at_office(step))
        return self.moments

    def _id(self, kind: str) -> UUID:
        return named(kind, self.count)

    def _transaction(self) -> TransactionId:
        return TransactionId(self._id("transaction"))

    def _put(self, submission: Submission) -> None:
        self.moments[-1].submissions.append(submission)
        self.count += 1

    def _add(self, command: Command) -> None:
        self._put(a_submission(command, str(self.count)))

    def _pay(self, step: Step) -> None:
        till, volunteer = self.city.tills[step.where], self.city.volunteers[step.who]
        code = PayCodeHash(sha256(self._id("code").bytes).digest())
        self._add(IssuePayCode(code=code, volunteer=volunteer))
        sold = Sold(RedemptionId(self._id("redemption")), volunteer, till, TradeNo(f"A-{len(self.sales)}"))
        offer = offers_of(self.city)[step.where] if step.verb == "pay offer" else None
        command = Redeem(
            redemption=sold.redemption,
            transaction=self._transaction(),
            trade_no=sold.trade_no,
            code=code,
            terminal=till.terminal,
            points=None if offer else Points(step.points),
            offer=offer,
            quantity=1 + step.about // 2 if offer else 0,
        )
        self._put(at_till(till, command))
        self.sales.append(sold)

    def _order(self, step: Step) -> None:
        volunteer = self.city.volunteers[step.who]
        command = an_order(
            volunteer,
            offers_of(self.city)[step.where],
            1 + step.about // 2,
            order=self._id("order"),
            transaction=self._transaction(),
        )
        self._add(command)
        self.orders.append(Ordered(command.order, volunteer, self.city.tills[step.where], command.code))

    def _after_sale(self, step: Step) -> None:
        nobody = Sold(RedemptionId(named("none")), self.city.volunteers[0], self.city.tills[0], TradeNo("none"))
        sold = _back(self.sales or [nobody], step.about)
        if step.verb == "reverse early":
            sold = Sold(sold.redemption, sold.volunteer, self.city.tills[step.where], TradeNo(f"A-{len(self.sales)}"))
        sale, transaction = Sale(sold.till.merchant, sold.trade_no), self._transaction()
        match step.verb:
            case "refund":
                command: Command = RefundRedemption(
                    refund=RefundId(self._id("refund")),
                    transaction=transaction,
                    sale=sale,
                    refund_no=f"R-{self.count}",
                    points=Points(1 + step.points // 3),
                    terminal=sold.till.terminal,
                )
            case "confirm":
                command = ConfirmRedemption(
                    redemption=sold.redemption, transaction=transaction, volunteer=sold.volunteer
                )
            case "decline":
                command = DeclineRedemption(
                    redemption=sold.redemption, transaction=transaction, volunteer=sold.volunteer
                )
            case _:
                command = ReverseRedemption(transaction=transaction, sale=sale, terminal=sold.till.terminal)
        self._add(command)

    def _after_order(self, step: Step) -> None:
        nobody = OrderId(named("none")), self.city.volunteers[0], self.city.tills[0], a_voucher_code("none")
        ordered = _back(self.orders or [Ordered(*nobody)], step.about)
        transaction, terminal = self._transaction(), ordered.till.terminal
        match step.verb:
            case "use":
                self._add(UseVoucher(code=ordered.code, terminal=terminal, transaction=transaction))
            case "return":
                self._add(ReturnVoucher(code=ordered.code, terminal=terminal, transaction=transaction))
            case _:
                volunteer = None if step.points == 1 else ordered.volunteer
                self._add(CancelOrder(order=ordered.order, transaction=transaction, volunteer=volunteer))

    def _tidy(self, step: Step) -> None:
        """What a job would send, due or not."""
        transaction = self._transaction()
        if step.where and self.sales:
            redemption = _back(self.sales, step.about).redemption
            close = CloseRedemption(redemption=redemption, transaction=transaction)
            self._add(close)
        elif self.orders:
            order = _back(self.orders, step.about).order
            expire = ExpireOrder(order=order, transaction=transaction)
            self._add(expire)

    def _at_office(self, step: Step) -> Command:
        volunteer, transaction = self.city.volunteers[step.who], self._transaction()
        record = _back(services_of(volunteer), step.about).record
        match step.verb:
            case "verify":
                return a_verification(self.city, record)
            case "withdraw":
                return ClawBack(record=record, transaction=transaction, by=self.city.verifier)
            case "mature":
                return MatureRecord(record=record, transaction=transaction)
            case "expire":
                return ExpireLots(volunteer=volunteer, transaction=transaction)
            case "donate":
                return DonatePoints(volunteer=volunteer, transaction=transaction, points=Points(step.points))
            case "stock":
                total = None if step.about == 0 else step.points // 8
                return SetStock(offer=offers_of(self.city)[step.where], total=total)
        return a_deposit(self.city, step.points, START - timedelta(hours=self.count))


def _back(things: list[Thing], about: int) -> Thing:
    return things[-1 - about % len(things)]
