"""Impacts (影响预览): what a correction would do, by the very decisions that would do it, on a book nobody writes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Book
from app.core.claw_backs import ClawBack
from app.core.codes import Code, Rejected
from app.core.commands import decide
from app.core.corrections import CorrectRecord
from app.core.ids import RecordId, TransactionId, VolunteerId
from app.core.lapses import apply_lapses
from app.core.quantities import Instant
from app.core.transactions import Transfer

_LOTS = frozenset((AccountKind.WALLET, AccountKind.PENDING))


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonImpact:
    """What a volunteer loses and gets: hours and stars before and after, points by lot, debts made and repaid."""

    volunteer: VolunteerId
    minutes_before: int
    minutes_after: int
    stars_before: int
    stars_after: int
    points_given: int
    debt_made: int
    debt_repaid: int
    lots: tuple[tuple[str, int], ...]
    """The points taken, by the name of the account that they are taken from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What an order would do, taken together. `months` are over: what was told of them then stays as it was told."""

    records: int
    refused: tuple[tuple[RecordId, Code], ...]
    minutes_taken: int
    minutes_given: int
    months: tuple[str, ...]
    people: tuple[PersonImpact, ...]


@dataclass(slots=True)
class _Sheet:
    """What is added up of one volunteer."""

    minutes_before: int
    points_given: int = 0
    debt_made: int = 0
    debt_repaid: int = 0
    lots: dict[str, int] = field(default_factory=dict)

    def add(self, transfer: Transfer) -> None:
        debit, credit, amount = transfer
        if debit.kind in _LOTS:
            self.lots[debit.path] = self.lots.get(debit.path, 0) + amount
        elif debit.kind is AccountKind.DEBT:
            self.debt_made += amount
        elif credit.kind in _LOTS:
            self.points_given += amount
        elif credit.kind is AccountKind.DEBT:
            self.debt_repaid += amount


def foresee(
    commands: Iterable[ClawBack | CorrectRecord], book: Book, at: Instant, new_id: Callable[[], TransactionId]
) -> Impact:
    """Decide commands one after the other and tell what came of it. The book is used up by it."""
    sheets: dict[VolunteerId, _Sheet] = {}
    refused: list[tuple[RecordId, Code]] = []
    months: set[str] = set()
    count = taken = given = 0
    for command in commands:
        count += 1
        apply_lapses(command.needs(), book, at, new_id)
        record = book.records[command.record]
        decision = decide(command, book, at)
        if isinstance(decision, Rejected) or record is None or decision.transaction is None:
            refused.append((command.record, decision.code if isinstance(decision, Rejected) else Code.NOT_FOUND))
            continue
        hours = AccountKey(AccountKind.HOURS, record.volunteer)
        sheet = sheets.setdefault(record.volunteer, _Sheet(book.served_minutes(record.volunteer)))
        book.post(decision)
        months.add(_month(book, record.ended_at))
        for transfer in decision.transaction.transfers:
            taken += transfer.amount if transfer.debit == hours else 0
            given += transfer.amount if transfer.credit == hours else 0
            sheet.add(transfer)
    return Impact(
        records=count,
        refused=tuple(refused),
        minutes_taken=taken,
        minutes_given=given,
        months=tuple(sorted(months - {_month(book, at)})),
        people=tuple(_person(volunteer, sheet, book) for volunteer, sheet in sheets.items()),
    )


def _month(book: Book, at: Instant) -> str:
    return book.programme.business_day(at).strftime("%Y-%m")


def _person(volunteer: VolunteerId, sheet: _Sheet, book: Book) -> PersonImpact:
    after = book.served_minutes(volunteer)
    scale = book.programme.stars
    return PersonImpact(
        volunteer=volunteer,
        minutes_before=sheet.minutes_before,
        minutes_after=after,
        stars_before=scale.stars(sheet.minutes_before),
        stars_after=scale.stars(after),
        points_given=sheet.points_given,
        debt_made=sheet.debt_made,
        debt_repaid=sheet.debt_repaid,
        lots=tuple(sorted(sheet.lots.items())),
    )
