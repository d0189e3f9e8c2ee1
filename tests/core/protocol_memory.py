"""The protocol's system in memory: the core's decisions on the tests' ledger, answers kept as the core says."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.core.book import AnswerFields, Book, Decision
from app.core.codes import Code, Rejected
from app.core.idempotency import NOT_KEPT, KeptAnswer, encode_outcome, replay
from app.core.offers import OfferState
from app.core.redemptions import Redeem
from app.core.rows import Order, OrderState, Sale, ServiceRecord, Stock
from app.core.volunteers import VolunteerStatus
from tests.core.builders import a_policy, a_volunteer
from tests.core.ledger import MemoryLedger
from tests.core.protocol_asks import Ask, Said, View
from tests.core.protocol_books import State
from tests.core.protocol_town import Town


def said(answer: AnswerFields | Rejected, *, replayed: bool = False) -> Said:
    """An answer of the core in the words of the protocol test."""
    if isinstance(answer, Rejected):
        return Said(answer.code, answer.detail, replayed)
    return Said(None, answer, replayed)


class MemorySystem:
    """A ledger in memory, and the kept answers that the ledger leaves to its shell."""

    def __init__(self, town: Town) -> None:
        self.ledger = MemoryLedger(
            programme=town.programme,
            policies=(a_policy(rate=60),),
            volunteers={person: a_volunteer(person) for person in town.people},
            tills={till.terminal: till for till in town.tills},
            offers={offer.id: offer for offer in town.offers},
            stocks={offer.id: Stock(offer.id, town.stocks[offer.id], 0) for offer in town.offers},
        )
        self.kept: dict[tuple[str, str], KeptAnswer] = {}

    def run(self, asks: list[Ask], at: datetime) -> list[Said]:
        """Run these on one book: what is known under its number is replayed, the rest decided in turn."""
        self.ledger.now = at
        book = self.ledger.book_for(*(ask.command for ask in asks if (ask.scope, ask.number) not in self.kept))
        return [self._answer(ask, book) for ask in asks]

    def _answer(self, ask: Ask, book: Book) -> Said:
        if kept := self.kept.get((ask.scope, ask.number)):
            again = replay(kept, ask.body, ask.conflict)
            return said(again, replayed=not (isinstance(again, Rejected) and again.code is ask.conflict))
        decision = self.ledger._decide(ask.command, book)
        if not _is_passing(ask, decision):
            self.kept[ask.scope, ask.number] = KeptAnswer(ask.body, encode_outcome(decision))
        return said(decision if isinstance(decision, Rejected) else decision.answer)

    def enter(self, record: ServiceRecord) -> None:
        """Let a record of service wait for its verification."""
        self.ledger.records[record.id] = record

    def switch(self, what: UUID, *, on: bool) -> None:
        """Freeze a person, suspend a merchant, disable a terminal or pause an offer; or let it be again."""
        ledger = self.ledger
        status = VolunteerStatus.ACTIVE if on else VolunteerStatus.FROZEN
        people = ledger.volunteers.items()
        ledger.volunteers = {key: replace(row, status=status) if key == what else row for key, row in people}
        for key, till in ledger.tills.items():
            disabled = not on if key == what else till.disabled
            suspended = not on if till.merchant == what else till.suspended
            ledger.tills[key] = replace(till, disabled=disabled, suspended=suspended)
        state = OfferState.PUBLISHED if on else OfferState.PAUSED
        offers = ledger.offers.items()
        ledger.offers = {key: replace(row, state=state) if key == what else row for key, row in offers}

    def query(self, sale: Sale, at: datetime) -> State | None:
        """The redemption that was sold under a number."""
        found = self.ledger.sales.get(sale)
        return None if found is None or isinstance(found, Code) else self.ledger.redemptions[found].state_at(at)

    def look(self, at: datetime) -> View:
        """Everything as of a moment."""
        ledger = self.ledger
        return View(
            balances={(key.kind, key.owner, key.part): held for key, held in ledger.balances.items() if held},
            redemptions={
                row.id: (row.state_at(at), row.points, row.refunded_points, row.settlement_fen)
                for row in ledger.redemptions.values()
            },
            orders={
                row.id: (OrderState.EXPIRED if _is_over(row, at) else row.state, row.points)
                for row in ledger.orders.values()
            },
            stocks={stock.offer: (stock.total, stock.taken) for stock in ledger.stocks.values()},
            counts={(key.subject, key.scope, key.period): count for key, count in ledger.tallies.items() if count},
        )

    def close(self) -> None:
        """Nothing to let go."""


def _is_passing(ask: Ask, decision: Decision) -> bool:
    """Whether an answer is not kept: it says nothing of the command, or it stands for every body anyway."""
    if not isinstance(decision, Rejected):
        return False
    return decision.code in NOT_KEPT or (isinstance(ask.command, Redeem) and decision.code is Code.ORDER_REVERSED)


def _is_over(order: Order, at: datetime) -> bool:
    return order.state is OrderState.EFFECTIVE and at >= order.valid_until
