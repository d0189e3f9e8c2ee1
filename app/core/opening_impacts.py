"""Impacts of opening sheets (影响预览): what one would do now, by the decisions that will do it, on a loose book."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Book
from app.core.codes import Code, Rejected
from app.core.ids import VolunteerId
from app.core.opening_balances import OpenBalance, decide_open_balance
from app.core.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningImpact:
    """What would be brought over, taken together; `refused` by the number of the line, `risen` who gains a star."""

    added: int
    known: int
    refused: tuple[tuple[int, Code], ...]
    points_given: int
    debt_repaid: int
    minutes_given: int
    people: int
    risen: int


def foresee_openings(commands: Iterable[tuple[int, OpenBalance]], book: Book, at: Instant) -> OpeningImpact:
    """Decide the lines of a sheet one after the other, and tell what came of it. The book is used up by it."""
    before: dict[VolunteerId, int] = {}
    refused: list[tuple[int, Code]] = []
    added = known = points = repaid = minutes = 0
    for line_no, command in commands:
        opening = command.opening
        decision = decide_open_balance(command, book, at)
        if isinstance(decision, Rejected):
            refused.append((line_no, decision.code))
            continue
        if decision.transaction is None:
            known += 1
            continue
        before.setdefault(opening.volunteer, _minutes(opening.volunteer, book))
        book.post(decision)
        added += 1
        minutes += opening.minutes
        for transfer in decision.transaction.transfers:
            points += transfer.amount if transfer.credit.kind is AccountKind.WALLET else 0
            repaid += transfer.amount if transfer.credit.kind is AccountKind.DEBT else 0
    stars = book.programme.stars.stars
    return OpeningImpact(
        added=added,
        known=known,
        refused=tuple(refused),
        points_given=points,
        debt_repaid=repaid,
        minutes_given=minutes,
        people=len(before),
        risen=sum(stars(_minutes(volunteer, book)) > stars(had) for volunteer, had in before.items()),
    )


def _minutes(volunteer: VolunteerId, book: Book) -> int:
    return book.balance(AccountKey(AccountKind.HOURS, volunteer))
