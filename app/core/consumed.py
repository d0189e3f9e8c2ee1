"""Hours that benefits have used up (已使用时长) lie on records: what a record gives to them cannot be taken from it.

A consumed window says from when until when it lies, not which records it took. So the promise is that all of them can
still be laid onto verified records, no hour twice: in no stretch of days more is used up than was served in it. Whoever
wants to take such a record settles the benefit first: the grant is annulled, and its hours come back.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from app.core.accounts import AccountKey, AccountKind
from app.core.benefit_grants import Window
from app.core.book import Book, Needs
from app.core.codes import Code, Rejected
from app.core.ids import VolunteerId
from app.core.quantities import Minutes
from app.core.rows import ServiceRecord


class Used(NamedTuple):
    """So many minutes that grants have used up of a window."""

    since: date
    until: date
    minutes: int


def used_of(volunteer: VolunteerId, book: Book) -> tuple[Used, ...]:
    """What grants have used up of a volunteer's hours, window by window."""
    found = []
    for key, balance in book.accounts.get(volunteer, {}).items():
        if key.kind is AccountKind.CONSUMED and balance > 0:
            since, _, until = key.part.partition("_")
            found.append(Used(date.fromisoformat(since), date.fromisoformat(until), balance))
    return tuple(found)


def windows_to_lay(book: Book, needs: Needs) -> tuple[Window, ...]:
    """The days to look at before hours are taken: of each volunteer from the first day used up to the last.

    What a command of the same batch may use up is among them, and whose record one may bring. Nearly always there is
    nothing.
    """
    records = [book.records.get(each) for each in needs.takes]
    people = {record.volunteer for record in records if record}
    if not all(records):
        people |= {arrival.volunteer for arrival in needs.arrivals}
    sought = [each for each in needs.seating if isinstance(each, Window)]
    windows = []
    for volunteer in people:
        days = [(used.since, used.until) for used in used_of(volunteer, book)]
        days += [(each.since, each.until) for each in sought if each.volunteer == volunteer]
        if days:
            windows.append(Window(volunteer, min(since for since, _ in days), max(until for _, until in days)))
    return tuple(windows)


def refuse_taking(record: ServiceRecord, minutes: int, book: Book) -> Rejected | None:
    """Why so many minutes of a verified record cannot be taken; None when no benefit holds them, or none are taken."""
    if minutes <= 0:
        return None
    free = min((book.balance(AccountKey(AccountKind.HOURS, record.volunteer)), *_left_around(record, book)))
    return Rejected(Code.HOURS_CONSUMED, {"minutes": Minutes(max(0, free))}) if free < minutes else None


def _left_around(record: ServiceRecord, book: Book) -> Iterator[int]:
    """What is left unused in each stretch of days that the record lies in and that holds used windows."""
    used = used_of(record.volunteer, book)
    if not used:
        return
    laid, day = book.seating.laid_of(record.volunteer), book.programme.business_day(record.started_at)
    for since in {each.since for each in used if each.since <= day}:
        for until in {each.until for each in used if each.until >= day}:
            taken = sum(each.minutes for each in used if since <= each.since and each.until <= until)
            if taken:
                yield sum(each.minutes for each in laid if since <= each.day <= until) - taken
