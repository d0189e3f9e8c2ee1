"""Deciding a command on a book and posting what goes through, as the engine does for each command of a batch."""

from app.core.book import Accepted, Book, Decision
from app.core.codes import Code, Rejected
from app.core.ids import RedemptionId, TransactionId, UserId, VolunteerId
from app.core.quantities import Instant, Points
from app.core.redemptions import Redeem, decide_redeem
from app.core.reviews import ReviewLevel
from app.core.rows import ServiceRecord, TradeNo
from app.core.service_records import VerifyRecord, decide_verify_record
from tests.core.builders import NOW, TERMINAL, VERIFIER, code_hash, named


def post(book: Book, decision: Decision) -> Decision:
    """Take into the book what goes through; the decision comes back."""
    if isinstance(decision, Accepted):
        book.post(decision)
    return decision


def code_of(decision: Decision) -> Code | None:
    """The code of a refusal; None when there is none."""
    return decision.code if isinstance(decision, Rejected) else None


def a_redeem(points: int = 100, *, code: str = "code", redemption: str = "redemption") -> Redeem:
    """A till takes points."""
    return Redeem(
        redemption=RedemptionId(named(redemption)),
        transaction=TransactionId(named("paid", redemption)),
        trade_no=TradeNo("20260302-0001"),
        code=code_hash(code),
        terminal=TERMINAL,
        points=Points(points),
    )


def redeem(book: Book, command: Redeem, at: Instant = NOW) -> Decision:
    """A till's redemption, decided and posted."""
    return post(book, decide_redeem(command, book, at))


def verify(
    book: Book,
    record: ServiceRecord,
    *,
    verifier: UserId = VERIFIER,
    verifier_is: VolunteerId | None = None,
    relatives: frozenset[VolunteerId] = frozenset(),
    level: ReviewLevel = ReviewLevel.TOP,
) -> Decision:
    """A second person confirms a record, from the top unless said otherwise."""
    command = VerifyRecord(
        record=record.id,
        transaction=TransactionId(named("verified", record.id)),
        verifier=verifier,
        verifier_is=verifier_is,
        level=level,
        relatives=relatives,
    )
    return post(book, decide_verify_record(command, book, NOW))
