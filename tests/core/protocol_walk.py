"""What carries a walk through the protocol: each ask goes to the model and to a system, and they must agree.

The model answers at once. The system runs asks alone or several as one batch; after each run every answer is
compared, and everything that can be looked up.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, TypeVar
from uuid import UUID

from hypothesis.stateful import RuleBasedStateMachine

from app.core.codes import Code
from app.core.commands import Command
from app.core.donations import DepositFund
from app.core.ids import TransactionId, VolunteerId
from app.core.pay_codes import IssuePayCode
from app.core.programmes import LapsePolicy
from app.core.quantities import Fen
from app.core.reviews import ReviewLevel
from app.core.rows import PayCodeHash, Sale, TradeNo
from app.core.service_records import VerifyRecord
from tests.core.builders import a_record, code_hash, named
from tests.core.protocol_asks import Ask, Said, System
from tests.core.protocol_memory import MemorySystem
from tests.core.protocol_model import Model
from tests.core.protocol_town import Town, a_town

CODES_AT_ONCE = 3
BROKEN_FOR = 3

Thing = TypeVar("Thing")


class Walk(RuleBasedStateMachine):
    """The state of a walk, and the ways to ask. What is asked is said by the rules of `ProtocolMachine`."""

    heard: ClassVar[Counter[tuple[type[Command], Code | None]]] = Counter()
    """Over all walks: how often which command was answered how."""

    town: Town
    system: System
    model: Model

    def __init__(self) -> None:
        super().__init__()
        self.opened = False
        self.batch = 1
        self.queue: list[tuple[Ask, Said]] = []
        self.asked: list[Ask] = []
        self.shown: list[PayCodeHash] = []
        self.ready: dict[VolunteerId, list[PayCodeHash]] = {}
        self.trade_nos: Counter[UUID] = Counter()
        self.broken: UUID | None = None
        self.broken_for = 0

    def a_system(self, lapse: LapsePolicy) -> tuple[Town, System]:
        """A town and the system that is tested on it."""
        town = a_town(lapse)
        return town, MemorySystem(town)

    def open(self, lapse: LapsePolicy) -> None:
        """Begin: points that expire tomorrow and in a year, and some money."""
        self.town, self.system = self.a_system(lapse)
        self.opened = True
        self.model = Model(self.town)
        self.batch = len(self.town.people) * 2 + 1
        for person, ago, minutes in ((0, 400, 90), (0, 800, 70), (1, 400, 60), (1, 800, 90)):
            self.serve_ago(self.town.people[person], minutes, timedelta(days=ago))
        self.deposit_fen(250)

    def teardown(self) -> None:
        """Run what is left, and let the system go."""
        if self.opened:
            self.flush()
            self.system.close()

    @property
    def now(self) -> datetime:
        """The clock of both."""
        return self.model.books.now

    def fresh(self, kind: str) -> UUID:
        """An id that was not there before."""
        return named(kind, len(self.asked), len(self.shown))

    def transaction(self) -> TransactionId:
        """The id of an entry that a command may make."""
        return TransactionId(self.fresh("transaction"))

    def ask(
        self,
        command: Command,
        scope: str,
        number: str = "",
        *,
        body: bytes | None = None,
        conflict: Code | None = None,
    ) -> Said:
        """Ask something under a number, a fresh one unless it matters; a body for each command unless it matters."""
        body = repr(command).encode() if body is None else body
        number = number or f"#{len(self.asked)}"
        return self.put(Ask(command, scope, number, body, conflict or Code.IDEMPOTENCY_KEY_USED))

    def put(self, ask: Ask) -> Said:
        """Let the model answer, and the system too, now or when its batch is full."""
        self._mend()
        expected = self.model.answer(ask)
        Walk.heard[type(ask.command), expected.code] += 1
        self.asked.append(ask)
        self.queue.append((ask, expected))
        if len(self.queue) >= self.batch:
            self.flush()
        return expected

    def flush(self) -> None:
        """Let the system answer what is queued, as one batch; then nothing may differ."""
        queue, self.queue, self.batch = self.queue, [], 1
        if not queue:
            return
        answers = self.system.run([ask for ask, _ in queue], self.now)
        for (ask, expected), answered in zip(queue, answers, strict=True):
            assert answered == expected, ask
        self.compare()

    def compare(self) -> None:
        """Every balance, state, stock and count is what the model says."""
        expected, seen = self.model.view(), self.system.look(self.now)
        for what, should_be, is_ in zip(expected._fields, expected, seen, strict=True):
            assert is_ == should_be, what

    def wait(self, until: datetime) -> None:
        """Move the clock. What is queued was asked before."""
        self.flush()
        self.ready.clear()
        self.model.books.now = max(until, self.now)
        self.compare()

    def break_down(self, what: UUID) -> None:
        """Something is out of order for the next few asks."""
        self.flush()
        self._mend(at_once=True)
        self._switch(what, on=False)
        self.broken, self.broken_for = what, BROKEN_FOR

    def _mend(self, *, at_once: bool = False) -> None:
        self.broken_for -= 1
        if self.broken is not None and (at_once or self.broken_for < 0):
            self.flush()
            self._switch(self.broken, on=True)
            self.broken = None

    def _switch(self, what: UUID, *, on: bool) -> None:
        (self.model.books.off.discard if on else self.model.books.off.add)(what)
        self.system.switch(what, on=on)

    def code_of(self, person: VolunteerId) -> PayCodeHash:
        """A code that a person shows. Nobody can know one before it is committed, so what is queued runs first."""
        if not self.ready.get(person):
            batch = self.batch
            self.flush()
            codes = [code_hash("shown", len(self.shown) + number) for number in range(CODES_AT_ONCE)]
            self.batch = len(codes)
            for code in codes:
                self.ask(IssuePayCode(code=code, volunteer=person), f"user:{person.hex}")
            self.shown += codes
            self.ready[person] = codes
            self.batch = batch
        return self.ready[person].pop()

    def serve_ago(self, person: VolunteerId, minutes: int, ago: timedelta) -> None:
        """A person has served, and somebody else confirms it: a point a minute."""
        record = a_record(len(self.asked), volunteer=person, minutes=minutes, ended_at=self.now - ago)
        self.model.records[record.id] = record
        self.system.enter(record)
        verifier = self.town.verifier
        verify = VerifyRecord(
            record=record.id,
            transaction=self.transaction(),
            verifier=verifier,
            verifier_is=None,
            level=ReviewLevel.TOP,
        )
        self.ask(verify, "office")

    def deposit_fen(self, fen: int) -> None:
        """A sponsor gives money."""
        transaction = self.transaction()
        deposit = DepositFund(
            fund=self.town.fund, transaction=transaction, fen=Fen(fen), received_at=self.now, actor="system"
        )
        self.ask(deposit, "office")

    def next_sale(self, merchant: UUID, ahead: int = 0) -> Sale:
        """The number that a merchant's next sale will have, or one after."""
        till = next(till for till in self.town.tills if till.merchant == merchant)
        return Sale(till.merchant, TradeNo(f"A-{self.trade_nos[merchant] + ahead}"))


def back(things: Sequence[Thing], by: int) -> Thing:
    """One of the things, counted from the newest."""
    return things[-1 - by % len(things)]
