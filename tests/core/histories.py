"""Histories of a city: steps that become commands which mostly go through.

What a step is about is chosen from what the ledger holds at that moment; where there is nothing to act on, somebody
serves an hour instead.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from app.core.accounts import AccountKind
from app.core.claw_backs import ClawBack
from app.core.commands import Command
from app.core.donations import DepositFund, DonatePoints
from app.core.holds import CaptureHold, PlaceHold, VoidHold
from app.core.ids import FundId, HoldId, RedemptionId, RefundId, TransactionId
from app.core.lot_life import ExpireLots, MatureRecord
from app.core.pay_codes import IssuePayCode
from app.core.quantities import Fen, Points, price_fen
from app.core.redemptions import Redeem
from app.core.refunds import REFUND_WITHIN, REVERSE_WITHIN, RefundRedemption, ReverseRedemption
from app.core.rows import Evidence, HoldState, RecordState, RedemptionState, ServiceRecord, TradeNo
from app.core.service_records import RejectRecord, VerifyRecord
from app.core.transactions import Reason
from tests.core.builders import FUND, RECORDER, VERIFIER, a_record, code_hash, named
from tests.core.ledger import MemoryLedger
from tests.core.steps import FROZEN, MERCHANTS, PEOPLE, TERMINALS, Step

WAITS = (timedelta(seconds=1), timedelta(seconds=59), timedelta(hours=7), timedelta(days=1), timedelta(days=4))
LONG_WAITS = (timedelta(days=31), timedelta(days=200), timedelta(days=300), timedelta(days=800))
SERVED_AGO = (timedelta(days=1), timedelta(days=1), timedelta(days=400), timedelta(days=1100))
HOLDS_LAST = (timedelta(hours=1), timedelta(days=2), timedelta(days=400))
REFUNDABLE = (RedemptionState.SUCCESS, RedemptionState.PARTIALLY_REFUNDED)

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Moment:
    """What one step came to: how long it was waited, the records entered, the commands."""

    wait: timedelta = timedelta(0)
    records: tuple[ServiceRecord, ...] = ()
    commands: tuple[Command, ...] = ()


def live_through(ledger: MemoryLedger, steps: Iterable[Step]) -> Iterator[Moment]:
    """Turn each step into a moment by looking at the ledger as it is then: run one before asking for the next."""
    for number, step in enumerate(steps):
        yield _Scribe(ledger, step, number).write()


def enter(ledger: MemoryLedger, moment: Moment) -> None:
    """Move the clock and enter the records of a moment; its commands are left to run."""
    ledger.now += moment.wait
    ledger.records.update({record.id: record for record in moment.records})


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
        return Moment(commands=commands) if (commands := self._act()) else self._serve()

    def _act(self) -> tuple[Command, ...]:
        match self.step.verb:
            case "refund" | "reverse":
                return self._give_back()
            case "capture" | "void":
                return self._close_hold()
            case "mature" | "claw back":
                return self._change_record()
            case "expire":
                return self._expire()
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
        verifier = RECORDER if self.step.blind else VERIFIER
        if self.step.verb == "reject":
            return Moment(
                records=(record,), commands=(RejectRecord(record=record.id, verifier=verifier, verifier_is=None),)
            )
        verify = VerifyRecord(record=record.id, transaction=self.transaction, verifier=verifier, verifier_is=None)
        return Moment(records=(record,), commands=(verify,))

    def _spend(self, points: Points) -> tuple[Command, ...]:
        if self.step.verb == "donate":
            return (DonatePoints(volunteer=self.volunteer, transaction=self.transaction, points=points),)
        topping_up = () if self.step.blind else (self._deposit(self._price(points)),)
        if self.step.verb == "hold":
            hold = PlaceHold(
                hold=HoldId(named("hold", self.number)),
                transaction=self.transaction,
                volunteer=self.volunteer,
                merchant=MERCHANTS[self.step.about % 2],
                points=points,
                expires_at=self.ledger.now + HOLDS_LAST[self.step.about % 3],
                actor="system",
            )
            return (*topping_up, hold)
        code = IssuePayCode(code=code_hash(self.number), volunteer=self.volunteer)
        pay = Redeem(
            redemption=RedemptionId(named("redemption", self.number)),
            transaction=self.transaction,
            trade_no=TradeNo(str(self.number)),
            code=code.code,
            terminal=TERMINALS[self.step.about % 2],
            points=points,
        )
        again = replace(
            pay, redemption=RedemptionId(named("again", self.number)), transaction=self._transaction("again")
        )
        return (*topping_up, code, pay) if self.step.verb == "pay" else (*topping_up, code, pay, again)

    def _give_back(self) -> tuple[Command, ...]:
        within = REFUND_WITHIN if self.step.verb == "refund" else REVERSE_WITHIN
        paid = self._pick(
            each
            for each in self.ledger.redemptions.values()
            if self.step.blind or (each.state in REFUNDABLE and self.ledger.now - each.occurred_at <= within)
        )
        if paid is None:
            return ()
        if self.step.verb == "reverse":
            reverse = ReverseRedemption(
                transaction=self.transaction, redemption=paid.id, reason=Reason.OUTCOME_UNKNOWN, actor="system"
            )
            return (reverse, replace(reverse, transaction=self._transaction("again")))
        refund = RefundRedemption(
            refund=RefundId(named("refund", self.number)),
            transaction=self.transaction,
            redemption=paid.id,
            points=self._points(paid.points - paid.refunded_points),
            reason=Reason.GOODS_RETURNED,
            actor="system",
        )
        return (refund,)

    def _close_hold(self) -> tuple[Command, ...]:
        capturing = self.step.verb == "capture"
        hold = self._pick(
            each
            for each in self.ledger.holds.values()
            if self.step.blind
            or (each.state is HoldState.OPEN and (not capturing or self.ledger.now < each.expires_at))
        )
        if hold is None:
            return ()
        if capturing:
            return (CaptureHold(hold=hold.id, transaction=self.transaction, actor="system"),)
        return (VoidHold(hold=hold.id, transaction=self.transaction, reason=Reason.ORDER_CANCELLED, actor="system"),)

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
            withdrawn = self._pick(records)
            return (ClawBack(record=withdrawn.id, transaction=self.transaction, by=VERIFIER),) if withdrawn else ()
        now = self.ledger.now
        due = self._pick(
            each for each in records if self.step.blind or (each.pending and each.matures_at and each.matures_at <= now)
        )
        return (MatureRecord(record=due.id, transaction=self.transaction),) if due else ()
