"""A past for back-tests: records verified, withdrawn and corrected, points spent, by the commands of production."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from hypothesis import strategies as st

from app.core.accounts import AccountKind
from app.core.accruals import Accrual
from app.core.book import Accepted, Book, Decision
from app.core.claw_backs import ClawBack, decide_claw_back
from app.core.corrections import Amendment, CorrectRecord, decide_correct_record
from app.core.ids import NOBODY, CorrectionId, RecordId, TransactionId, VolunteerId
from app.core.policies import AccrualPolicy
from app.core.policies.back_test_counts import PastRecord
from app.core.policies.back_test_reports import Tally
from app.core.policies.back_tests import LotMove, Order, Question, Replay, order_for
from app.core.programmes import Programme
from app.core.quantities import Instant
from app.core.redemptions import decide_redeem
from app.core.reviews import ReviewLevel
from app.core.rows import RecordState, Sale, ServiceRecord, ServiceRole, TradeNo
from app.core.service_records import VerifyRecord, decide_verify_record
from tests.core.builders import (
    MERCHANT,
    NOW,
    RECORDER,
    VERIFIER,
    a_book,
    a_pay_code,
    a_programme,
    a_record,
    a_volunteer,
    named,
)
from tests.core.deciding import a_redeem

PEOPLE = tuple(sorted(VolunteerId(named("person", number)) for number in range(2)))
REGIONS = ("", "330282001", "330282001002", "330282002")
WHENEVER = (date(2000, 1, 1), date(2100, 1, 1))
_STORED = {AccountKind.WALLET: 1, AccountKind.PENDING: 1, AccountKind.HELD: 1, AccountKind.DEBT: -1}


@dataclass(frozen=True, slots=True)
class Serve:
    """A record is entered and verified."""

    person: int
    minutes: int
    level: int = 1
    days_ago: int = 1
    activity: int = 0
    category: int = 0
    region: int = 0
    organiser: bool = False


@dataclass(frozen=True, slots=True)
class Withdraw:
    """One of the records verified so far is taken out."""

    which: int


@dataclass(frozen=True, slots=True)
class Correct:
    """One of the records verified so far is replaced by one of other minutes."""

    which: int
    percent: int


@dataclass(frozen=True, slots=True)
class Spend:
    """The first person pays."""

    points: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes: points expire."""

    days: int


Deed = Serve | Withdraw | Correct | Spend | Wait

DEEDS = st.lists(
    st.one_of(
        st.builds(
            Serve,
            person=st.integers(0, 1),
            minutes=st.integers(1, 1440),
            level=st.integers(1, 3),
            days_ago=st.sampled_from((1, 1, 2, 70, 400)),
            activity=st.integers(0, 2),
            category=st.integers(0, 3),
            region=st.integers(0, len(REGIONS) - 1),
            organiser=st.booleans(),
        ),
        st.builds(Withdraw, which=st.integers(0, 20)),
        st.builds(Correct, which=st.integers(0, 20), percent=st.integers(1, 200)),
        st.builds(Spend, points=st.integers(1, 40)),
        st.builds(Wait, days=st.sampled_from((1, 30, 400))),
    ),
    min_size=1,
    max_size=25,
)


@dataclass(slots=True)
class Past:
    """What happened, and what the store would read of it."""

    policies: tuple[AccrualPolicy, ...]
    programme: Programme = field(default_factory=lambda: a_programme(expiry_years=1))
    seq: int = 0
    records: dict[RecordId, PastRecord] = field(default_factory=dict)
    moves: list[LotMove] = field(default_factory=list)
    book: Book = field(init=False)

    def __post_init__(self) -> None:
        """An empty book of two people, in which everything is fetched that a policy may ask for."""
        first, second = PEOPLE
        code = a_pay_code(first, expires_at=NOW + timedelta(days=100_000))
        self.book = a_book(self.programme, volunteer=a_volunteer(first), pay_codes=[code], policies=self.policies)
        self.book.accounts[second] = {}
        self.book.volunteers[second] = a_volunteer(second)
        self.book.earned = {person: {} for person in PEOPLE}
        self.book.tallies[NOBODY] = {}

    def do(self, deeds: Iterable[Deed]) -> "Past":
        """Let it happen, one after the other."""
        at = NOW
        for number, deed in enumerate(deeds):
            at += timedelta(minutes=1)
            match deed:
                case Wait(days):
                    at += timedelta(days=days)
                case Spend(points):
                    self._spend(points, number, at)
                case Serve():
                    self._verify(deed, number, at)
                case Withdraw() | Correct():
                    self._take_out(deed, number, at)
        return self

    def _spend(self, points: int, number: int, at: Instant) -> None:
        [code] = self.book.pay_codes
        kept = self.book.pay_codes[code]
        command = replace(a_redeem(points, redemption=f"r{number}"), code=code, trade_no=TradeNo(f"T-{number}"))
        self.book.sales[Sale(MERCHANT, command.trade_no)] = None
        self.book.redemptions[command.redemption] = None
        self._note(decide_redeem(command, self.book, at), at)
        self.book.pay_codes[code] = kept

    def _verify(self, deed: Serve, number: int, at: Instant) -> None:
        ended_at = at - timedelta(days=deed.days_ago)
        categories = sorted({name for policy in self.policies for name in policy.category_bp})
        record = replace(
            a_record(number, volunteer=PEOPLE[deed.person], minutes=deed.minutes, level=deed.level),
            started_at=ended_at - timedelta(minutes=deed.minutes),
            ended_at=ended_at,
            activity_id=f"A{deed.activity}" if deed.activity else "",
            category=[*categories, "", "", "", ""][deed.category],
            region=REGIONS[deed.region],
            role=ServiceRole.ORGANISER if deed.organiser else ServiceRole.VOLUNTEER,
        )
        self.book.records[record.id] = record
        self.book.overlaid[record.id] = None
        command = VerifyRecord(
            record=record.id,
            transaction=TransactionId(named("t", number)),
            verifier=VERIFIER,
            verifier_is=None,
            level=ReviewLevel.TOP,
        )
        self._note(decide_verify_record(command, self.book, at), at)

    def _take_out(self, deed: Withdraw | Correct, number: int, at: Instant) -> None:
        standing = [record for record, past in self.records.items() if past.gone_seq is None]
        if not standing:
            return
        record, transaction = standing[deed.which % len(standing)], TransactionId(named("t", number))
        if isinstance(deed, Withdraw):
            decision = decide_claw_back(ClawBack(record=record, transaction=transaction, by=VERIFIER), self.book, at)
        else:
            right = CorrectRecord(
                record=record,
                replacement=RecordId(named("right", number)),
                transaction=transaction,
                order=CorrectionId(named("order")),
                author=RECORDER,
                by=VERIFIER,
                amendment=Amendment(percent=deed.percent),
            )
            self.book.overlaid[right.replacement] = None
            decision = decide_correct_record(right, self.book, at)
        self._note(decision, at)
        if isinstance(decision, Accepted):
            self.records[record] = self.records[record]._replace(gone_seq=self.seq)

    def _note(self, decision: Decision, at: Instant) -> None:
        """Take a decision into the book and keep what the store would read of it."""
        if not isinstance(decision, Accepted):
            return
        self.seq += 1
        for transfer, *_ in self.book.post(decision):
            for key, sign in ((transfer.debit, -1), (transfer.credit, 1)):
                if key.kind in _STORED:
                    points = sign * _STORED[key.kind] * transfer.amount
                    self.moves.append(LotMove(self.seq, key.owner, key.kind, key.part, points))
        accruals = {row.record: row for row in decision.rows if isinstance(row, Accrual)}
        for row in decision.rows:
            if isinstance(row, ServiceRecord) and row.state is RecordState.VERIFIED:
                self.records[row.id] = self._read(row, accruals[row.id], at)

    def _read(self, record: ServiceRecord, accrual: Accrual, at: Instant) -> PastRecord:
        service = accrual.service
        cut = any(step.kind.value.startswith("cap-") for step in accrual.steps)
        return PastRecord(
            seq=self.seq,
            volunteer=record.volunteer,
            day=service.day,
            minutes=service.minutes,
            level=service.level,
            category=service.category,
            organiser=service.organiser,
            activity=service.activity,
            region=service.region,
            town=service.region[:9],
            counted=accrual.counted,
            points=accrual.points,
            policy=accrual.policy,
            hours=record.minutes,
            overlay_region=accrual.overlay_region,
            overlay_points=accrual.overlay_points,
            cut=(service, accrual.standing) if cut else None,
            ended_at=record.ended_at,
            verified_at=at,
            expires_on=record.expires_on,
        )

    @property
    def credited(self) -> int:
        """The points of all records that stand."""
        return sum(past.points for past in self.records.values() if past.gone_seq is None)

    def back_test(
        self, draft: AccrualPolicy, days: tuple[date, date] = WHENEVER, people: Iterable[VolunteerId] = PEOPLE
    ) -> Tally:
        """What a back-test of a draft counts, fed as the store feeds it."""
        since, until = days
        published = {policy.version: policy for policy in self.policies}
        replay = Replay(Question(draft=draft, since=since, until=until, programme=self.programme, published=published))
        chosen = set(people)
        events: list[PastRecord | LotMove] = [*self.records.values(), *self.moves]
        for event in sorted(events, key=_place_for(draft)):
            if event.volunteer not in chosen:
                continue
            if isinstance(event, LotMove):
                replay.move(event)
            elif event.gone_seq is None or order_for(draft) is not Order.ANY:
                replay.add(event)
        return replay.tally()


def _place_for(draft: AccrualPolicy) -> Callable[[PastRecord | LotMove], tuple[int, int, bool]]:
    """Where an event belongs: a record before the moves of its own transaction."""
    whose = order_for(draft) is Order.VOLUNTEER
    return lambda event: (event.volunteer.int if whose else 0, event.seq, isinstance(event, LotMove))
