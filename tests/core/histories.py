"""Histories of a city: steps that become commands which mostly go through.

What a step is about is chosen from what the ledger holds at that moment; where there is nothing to act on, somebody
serves an hour instead.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from app.core.accounts import AccountKey, AccountKind
from app.core.commands import Command
from app.core.confirmations import CloseRedemption, ConfirmRedemption, DeclineRedemption
from app.core.donations import DepositFund, DonatePoints
from app.core.ids import FundId, OrderId, RedemptionId, RefundId, TransactionId
from app.core.lot_life import ExpireLots, MatureRecord
from app.core.orders import CancelOrder, ExpireOrder, PlaceOrder, SetStock
from app.core.pay_codes import IssuePayCode
from app.core.quantities import Fen, Points, price_fen
from app.core.redemptions import Redeem
from app.core.refunds import REVERSE_WITHIN, RefundRedemption, ReverseRedemption, refundable_until
from app.core.reviews import ReviewLevel
from app.core.rows import (
    Evidence,
    Order,
    OrderState,
    RecordState,
    Redemption,
    RedemptionState,
    Sale,
    TradeNo,
    VoucherHash,
)
from app.core.service_records import RejectRecord, VerifyRecord
from app.core.vouchers import ReturnVoucher, UseVoucher
from tests.core.arriving import arrive
from tests.core.builders import FUND, RECORDER, VERIFIER, a_record, code_hash, named
from tests.core.gifting import give, member_for
from tests.core.ledger import MemoryLedger
from tests.core.moments import Moment
from tests.core.opening import bring_over
from tests.core.rewarding import penalise, reward
from tests.core.seating_steps import seat
from tests.core.steps import FROZEN, MERCHANTS, OFFERS, PEOPLE, TERMINALS, TOWN, Step
from tests.core.taking_back import take_back

WAITS = (timedelta(seconds=1), timedelta(seconds=59), timedelta(hours=7), timedelta(days=1), timedelta(days=4))
LONG_WAITS = (timedelta(days=31), timedelta(days=200), timedelta(days=300), timedelta(days=800))
SERVED_AGO = (timedelta(days=1), timedelta(days=1), timedelta(days=400), timedelta(days=1100))
REFUNDABLE = (RedemptionState.SUCCESS, RedemptionState.PARTIALLY_REFUNDED)

Thing = TypeVar("Thing")


def live_through(ledger: MemoryLedger, steps: Iterable[Step]) -> Iterator[Moment]:
    """Turn each step into a moment by looking at the ledger as it is then, every other one into a seat as well."""
    for number, step in enumerate(steps):
        yield _Scribe(ledger, step, number).write()
        if number % 2:
            yield seat(ledger, step, number)


class _Scribe:
    """Writes one step down as commands, choosing what it is about."""

    def __init__(self, ledger: MemoryLedger, step: Step, number: int) -> None:
        self.ledger = ledger
        self.step = step
        self.number = number
        self.volunteer = FROZEN if step.blind and step.percent > 80 else PEOPLE[step.who]
        self.transaction = self._transaction("transaction")
        self.book = ledger.book_for(ExpireLots(volunteer=self.volunteer, transaction=self.transaction))
        self.today = ledger.programme.business_day(ledger.now)

    def write(self) -> Moment:
        """What the step comes to."""
        match self.step.verb:
            case "wait":
                return Moment(wait=WAITS[self.step.percent % len(WAITS)])
            case "wait long":
                return Moment(wait=LONG_WAITS[self.step.percent % len(LONG_WAITS)])
            case "serve" | "reject":
                return self._serve()
            case "deposit":
                sponsored = FundId(named("fund", self.step.about))
                return Moment(commands=(replace(self._deposit(Fen(self.step.percent)), fund=sponsored),))
            case "penalise":
                penalties, commands = penalise(self.ledger, self.step, self.number, self.volunteer, self.transaction)
                return Moment(penalties=penalties, commands=commands)
            case "grant" if given := give(self.ledger, self.step, self.number, self.volunteer, self.transaction):
                return given
        return Moment(commands=commands) if (commands := self._act()) else self._serve()

    def _act(self) -> tuple[Command, ...]:
        match self.step.verb:
            case "refund" | "reverse":
                return self._give_back()
            case "confirm" | "decline" | "close":
                return self._end_waiting()
            case "use" | "return" | "cancel" | "expire order":
                return self._change_order()
            case "stock":
                return (SetStock(offer=OFFERS[0].id, total=self.step.percent // 4),)
            case "mature" | "claw back":
                return self._change_record()
            case "expire":
                return self._expire()
            case "open":
                return bring_over(self.step, self.number, self.volunteer, self.transaction, self.today)
            case "arrive":
                return arrive(self.step, self.number, self.volunteer, self.transaction, self.ledger.now)
            case "reward":
                return reward(self.ledger, self.step, self.number, self.volunteer, self.transaction)
        available = self.book.available(self.volunteer, self.today)
        return self._spend(self._points(available)) if available or self.step.blind else ()

    def _transaction(self, name: str) -> TransactionId:
        return TransactionId(named(name, self.number))

    def _points(self, possible: int) -> Points:
        too_many = possible if self.step.blind and self.step.percent % 2 else 0
        some = possible * self.step.percent // 80
        return Points(max(1, min(some, possible)) + too_many)

    def _pick(self, things: Iterable[Thing]) -> Thing | None:
        choice = list(things)
        return choice[-1 - self.step.about % len(choice)] if choice else None

    def _price(self, points: Points) -> Fen:
        return Fen(max(1, price_fen(points, self.ledger.programme.fen_per_hundred_points)))

    def _deposit(self, fen: Fen) -> DepositFund:
        return DepositFund(
            fund=FUND, transaction=self._transaction("deposit"), fen=fen, received_at=self.ledger.now, actor="system"
        )

    def _serve(self) -> Moment:
        percent = self.step.percent
        record = a_record(
            self.number,
            volunteer=self.volunteer,
            minutes=percent,
            level=1 + self.step.about % 3,
            evidence=Evidence.ATTESTED if percent % 7 == 0 else Evidence.CHECKED_IN,
            ended_at=self.ledger.now - SERVED_AGO[percent % 4],
        )
        record = replace(record, region=TOWN if self.step.who == 0 else "")
        verifier = RECORDER if self.step.blind else VERIFIER
        if self.step.verb == "reject":
            return Moment(
                records=(record,), commands=(RejectRecord(record=record.id, verifier=verifier, verifier_is=None),)
            )
        verify = VerifyRecord(
            record=record.id,
            transaction=self.transaction,
            verifier=verifier,
            verifier_is=None,
            level=ReviewLevel.TOP,
        )
        return Moment(records=(record,), commands=(verify,))

    def _spend(self, points: Points) -> tuple[Command, ...]:
        if self.step.verb == "donate":
            return (DonatePoints(volunteer=self.volunteer, transaction=self.transaction, points=points),)
        missing = Fen(self._price(points) - self.ledger.balances.get(AccountKey(AccountKind.FUND, FUND), 0))
        topping_up = (self._deposit(missing),) if missing > 0 and not self.step.blind else ()
        if self.step.verb == "order":
            return (*topping_up, self._order())
        member = member_for(self.volunteer, self.step)
        code = IssuePayCode(code=code_hash(self.number), volunteer=self.volunteer, member=member)
        pay = Redeem(
            redemption=RedemptionId(named("redemption", self.number)),
            transaction=self.transaction,
            trade_no=TradeNo(str(self.number)),
            code=code.code,
            terminal=TERMINALS[self.step.about % 2],
            points=points,
        )
        if self.step.about == 2 and self.step.verb == "pay":
            pay = replace(pay, points=None, offer=OFFERS[0].id, quantity=1)
        again = replace(
            pay, redemption=RedemptionId(named("again", self.number)), transaction=self._transaction("again")
        )
        return (*topping_up, code, pay) if self.step.verb == "pay" else (*topping_up, code, pay, again)

    def _order(self) -> PlaceOrder:
        member = member_for(self.volunteer, self.step)
        return PlaceOrder(
            order=OrderId(named("order", self.number)),
            transaction=self.transaction,
            volunteer=self.volunteer,
            offer=OFFERS[self.step.about % 2].id,
            quantity=1 + self.step.percent % (9 if member else 2),
            code=VoucherHash(named("voucher", self.number).bytes),
            member=member,
        )

    def _give_back(self) -> tuple[Command, ...]:
        paid = self._pick(
            each
            for each in self.ledger.redemptions.values()
            if self.step.blind or (each.state in REFUNDABLE and self.ledger.now <= self._returnable_until(each))
        )
        if paid is None:
            return ()
        if self.step.verb == "reverse":
            unknown = Sale(paid.merchant, TradeNo(f"unknown {self.step.percent % 5}"))
            reverse = ReverseRedemption(
                transaction=self.transaction,
                sale=unknown if self.step.blind else paid.sale,
                terminal=paid.terminal,
            )
            return (reverse, replace(reverse, transaction=self._transaction("again")))
        refund = RefundRedemption(
            refund=RefundId(named("refund", self.number)),
            transaction=self.transaction,
            sale=paid.sale,
            refund_no=str(self.number),
            points=self._points(paid.points - paid.refunded_points),
            terminal=paid.terminal,
        )
        return (refund,)

    def _returnable_until(self, paid: Redemption) -> datetime:
        if self.step.verb == "refund":
            return refundable_until(paid.occurred_at, self.ledger.programme.zone)
        return paid.occurred_at + REVERSE_WITHIN

    def _end_waiting(self) -> tuple[Command, ...]:
        now, closing = self.ledger.now, self.step.verb == "close"
        waiting = self._pick(
            each
            for each in self.ledger.redemptions.values()
            if self.step.blind
            or (
                each.state is RedemptionState.AWAITING_CONFIRMATION
                and each.closes_at
                and (now >= each.closes_at) is closing
            )
        )
        if waiting is None:
            return ()
        if closing:
            return (CloseRedemption(redemption=waiting.id, transaction=self.transaction),)
        if self.step.verb == "decline":
            volunteer = waiting.volunteer
            return (DeclineRedemption(redemption=waiting.id, transaction=self.transaction, volunteer=volunteer),)
        volunteer = self.volunteer if self.step.blind else waiting.volunteer
        return (ConfirmRedemption(redemption=waiting.id, transaction=self.transaction, volunteer=volunteer),)

    def _change_order(self) -> tuple[Command, ...]:
        order = self._pick(each for each in self.ledger.orders.values() if self.step.blind or self._may_change(each))
        if order is None:
            return ()
        terminal = TERMINALS[MERCHANTS.index(order.merchant)]
        match self.step.verb:
            case "use":
                use = UseVoucher(code=order.code, terminal=terminal, transaction=self.transaction)
                return (use, replace(use, transaction=self._transaction("again")))
            case "return":
                return (ReturnVoucher(code=order.code, terminal=terminal, transaction=self.transaction),)
            case "cancel":
                by = None if self.step.percent % 3 == 0 else order.volunteer
                return (CancelOrder(order=order.id, transaction=self.transaction, volunteer=by),)
        return (ExpireOrder(order=order.id, transaction=self.transaction),)

    def _may_change(self, order: Order) -> bool:
        over = self.ledger.now >= order.valid_until
        match self.step.verb:
            case "return":
                return order.state is OrderState.USED and not over
            case "expire order":
                return order.state is OrderState.EFFECTIVE and over
        return order.state is OrderState.EFFECTIVE and not over

    def _expire(self) -> tuple[Command, ...]:
        lots = [
            part
            for kind in (AccountKind.WALLET, AccountKind.PENDING)
            for part in self.book.lots(kind, self.volunteer)
            if part.expires_on < self.today
        ]
        expire = ExpireLots(volunteer=self.volunteer, transaction=self.transaction)
        return (expire,) if lots or self.step.blind else ()

    def _change_record(self) -> tuple[Command, ...]:
        records = list(self.ledger.records.values())
        if not self.step.blind:
            records = [each for each in records if each.state is RecordState.VERIFIED]
        if self.step.verb == "claw back":
            found = self._pick(records)
            return (take_back(found, self.step, self.number, self.transaction),) if found else ()
        now = self.ledger.now
        due = self._pick(
            each for each in records if self.step.blind or (each.pending and each.matures_at and each.matures_at <= now)
        )
        return (MatureRecord(record=due.id, transaction=self.transaction),) if due else ()
