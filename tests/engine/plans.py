"""Days of a city drawn at random, biased towards what is accepted, as submissions under ids that follow."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TypeVar

from hypothesis import strategies as st

from app.core.claw_backs import ClawBack
from app.core.commands import Command
from app.core.donations import DonatePoints
from app.core.holds import CaptureHold, PlaceHold, VoidHold
from app.core.ids import HoldId, RedemptionId, RefundId, TransactionId, VolunteerId
from app.core.lot_life import ExpireLots, MatureRecord
from app.core.pay_codes import IssuePayCode
from app.core.quantities import Points
from app.core.refunds import RefundRedemption, ReverseRedemption
from app.core.rows import PayCodeHash
from app.core.transactions import Reason
from app.engine.batch import Submission
from tests.support.city_rows import City, named
from tests.support.clocks import START
from tests.support.commands import a_redeem, a_submission
from tests.support.earnings import Service, a_deposit, a_verification

TILL = ("pay", "pay", "pay", "refund", "refund", "reverse", "hold", "hold", "capture", "void")
OFFICE = ("verify", "verify", "withdraw", "mature", "expire", "donate", "deposit")
AGAIN = ("repeat", "contradict")
HOLD_FOR = timedelta(days=5)

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
        verb=st.sampled_from(TILL + OFFICE + AGAIN),
        who=st.integers(0, 1),
        where=st.integers(0, 1),
        points=st.integers(1, 60),
        about=st.integers(0, 2),
    ),
    min_size=8,
    max_size=40,
)


def services_of(volunteer: VolunteerId) -> list[Service]:
    """The service that a plan is about. Prepare the first as verified, the second as entered."""
    return [Service(volunteer, 40 + number, START - timedelta(days=400 * number + 1)) for number in range(2)]


@dataclass(slots=True)
class Day:
    """Turns steps into submissions. What a step is about is counted back from the newest of its kind."""

    city: City
    submissions: list[Submission] = field(default_factory=list)
    redemptions: list[RedemptionId] = field(default_factory=list)
    holds: list[HoldId] = field(default_factory=list)

    def go_through(self, steps: Iterable[Step]) -> list[Submission]:
        """The submissions of these steps, in their order; a `pay` is two, its code and its redemption."""
        for step in steps:
            match step.verb:
                case "pay":
                    self._pay(step)
                case "repeat" | "contradict" if self.submissions:
                    again = _back(self.submissions, step.about)
                    body = "" if step.verb == "repeat" else "other"
                    self.submissions.append(a_submission(again.command, again.key.key, body=body))
                case "refund" | "reverse" | "hold" | "capture" | "void":
                    self._add(self._at_merchant(step, self._id("transaction")))
                case verb if verb in OFFICE:
                    self._add(self._at_office(step, self._id("transaction")))
        return self.submissions

    def _id(self, kind: str) -> TransactionId:
        return TransactionId(named(kind, len(self.submissions)))

    def _add(self, command: Command) -> None:
        self.submissions.append(a_submission(command, str(len(self.submissions))))

    def _pay(self, step: Step) -> None:
        code = PayCodeHash(sha256(self._id("code").bytes).digest())
        self._add(IssuePayCode(code=code, volunteer=self.city.volunteers[step.who]))
        redemption = RedemptionId(self._id("redemption"))
        self._add(
            a_redeem(
                self.city.tills[step.where],
                code,
                step.points,
                str(redemption),
                redemption=redemption,
                transaction=self._id("transaction"),
            )
        )
        self.redemptions.append(redemption)

    def _at_merchant(self, step: Step, transaction: TransactionId) -> Command:
        hold = _back(self.holds or [HoldId(named("no hold"))], step.about)
        redemption = _back(self.redemptions or [RedemptionId(named("no redemption"))], step.about)
        match step.verb:
            case "refund":
                return RefundRedemption(
                    refund=RefundId(self._id("refund")),
                    transaction=transaction,
                    redemption=redemption,
                    points=Points(1 + step.points // 3),
                    reason=Reason.GOODS_RETURNED,
                    actor="system",
                )
            case "reverse":
                return ReverseRedemption(
                    transaction=transaction,
                    redemption=redemption,
                    reason=Reason.OUTCOME_UNKNOWN,
                    actor="system",
                )
            case "capture":
                return CaptureHold(hold=hold, transaction=transaction, actor="system")
            case "void":
                return VoidHold(hold=hold, transaction=transaction, reason=Reason.ORDER_CANCELLED, actor="system")
        self.holds.append(HoldId(self._id("hold")))
        return PlaceHold(
            hold=self.holds[-1],
            transaction=transaction,
            volunteer=self.city.volunteers[step.who],
            merchant=self.city.tills[step.where].merchant,
            points=Points(step.points),
            expires_at=START + HOLD_FOR,
            actor="system",
        )

    def _at_office(self, step: Step, transaction: TransactionId) -> Command:
        volunteer = self.city.volunteers[step.who]
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
        return a_deposit(self.city, step.points, START - timedelta(hours=len(self.submissions)))


def _back(things: list[Thing], about: int) -> Thing:
    return things[-1 - about % len(things)]
