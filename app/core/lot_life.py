"""The life of a lot after it was credited: it matures when its notice period ends, and expires after its day.

The jobs that send these commands only book what already is so: decisions never wait for them.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from app.core.accounts import AccountKey, AccountKind, lot
from app.core.book import Accepted, Book, Decision, Needs
from app.core.codes import Code, Rejected
from app.core.ids import RecordId, TransactionId, VolunteerId, format_id
from app.core.lots import move_lots
from app.core.quantities import Instant, Points
from app.core.rows import RecordState
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class MatureRecord:
    """The notice period of a verified record is over: its points become spendable."""

    record: RecordId
    transaction: TransactionId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(records=frozenset((self.record,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireLots:
    """What a volunteer has left in lots past their day becomes breakage."""

    volunteer: VolunteerId
    transaction: TransactionId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(volunteers=frozenset((self.volunteer,)))


def decide_mature_record(command: MatureRecord, book: Book, at: Instant) -> Decision:
    """Decide a maturity: what is still pending of the record moves to the wallet, the same lot."""
    record = book.records[command.record]
    if record is None:
        return Rejected(Code.NOT_FOUND)
    if record.state is not RecordState.VERIFIED or not record.pending or not record.expires_on:
        return Rejected(Code.STATE_CONFLICT, {"state": record.state.value})
    if record.matures_at is None or at < record.matures_at:
        return Rejected(Code.STATE_CONFLICT, {"state": "notice"})
    matured = replace(record, pending=Points(0))
    pending = lot(AccountKind.PENDING, record.volunteer, record.expires_on)
    points = min(record.pending, book.balance(pending))
    answer = {"record": format_id("rec", record.id)}
    if points == 0:
        return Accepted(rows=(matured,), answer=answer)
    wallet = lot(AccountKind.WALLET, record.volunteer, record.expires_on)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.MATURE,
            actor="system",
            reason=Reason.NOTICE_ENDED,
            occurred_at=record.matures_at,
            transfers=(Transfer(pending, wallet, points),),
            document=format_id("rec", record.id),
        ),
        rows=(matured,),
        answer=answer,
    )


def decide_expire_lots(command: ExpireLots, book: Book, at: Instant) -> Decision:
    """Decide expiry: every lot whose day has ended at 24:00 of the programme's clock goes to breakage."""
    today = book.programme.business_day(at)
    breakage = AccountKey(AccountKind.BREAKAGE)
    transfers: list[Transfer] = []
    last = None
    for kind in (AccountKind.WALLET, AccountKind.PENDING):
        past = [part for part in book.lots(kind, command.volunteer) if part.expires_on < today]
        transfers += move_lots(past, command.volunteer, kind, breakage)
        last = max([part.expires_on for part in past] + ([last] if last else []), default=last)
    if last is None:
        return Rejected(Code.STATE_CONFLICT, {"state": "nothing-expired"})
    midnight = datetime.combine(last + timedelta(days=1), time(), book.programme.zone)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.EXPIRE,
            actor="system",
            reason=Reason.LOT_EXPIRED,
            occurred_at=midnight.astimezone(UTC),
            transfers=tuple(transfers),
            document=format_id("vol", command.volunteer),
        ),
        answer={"points": sum(transfer.amount for transfer in transfers)},
    )
