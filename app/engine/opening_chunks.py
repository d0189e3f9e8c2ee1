"""Opening balances by the chunk: decided by the core like any, each chunk one transaction under the head lock."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from app.core.book import Decision
from app.core.ids import ProgrammeId
from app.core.opening_balances import OpenBalance, decide_open_balance
from app.core.openings import Opening
from app.core.record_numbers import RecordNumber
from app.engine.batch import Desk, write_desk
from app.store.books import fetch_book, merge_needs
from app.store.database import BatchConnection
from app.store.journal import lock_head

Along = Callable[[BatchConnection, Sequence[Decision]], Awaitable[None]]
"""What is written in the same transaction beside the balances: how far the import is."""


async def write_openings(
    connection: BatchConnection,
    programme: ProgrammeId,
    clock: Callable[[], datetime],
    commands: Sequence[OpenBalance],
    along: Along,
    rehearsed: dict[RecordNumber, Opening] | None = None,
) -> list[Decision]:
    """Decide and write one chunk, all or nothing. The decisions come in the order of the commands.

    `rehearsed`: of a dry run, what it would have written so far. Then nothing is written, and more comes to it.
    """
    async with connection.transaction():
        head = await lock_head(connection, programme)
        at = max(clock(), head.recorded_at)
        needs = merge_needs(command.needs() for command in commands)
        fetched = await fetch_book(connection, head.programme, needs, at)
        book = fetched.book
        if rehearsed is not None:
            book.openings.update((number, rehearsed[number]) for number in book.openings if number in rehearsed)
        desk = Desk(head, book, fetched.account_nos, at)
        decisions = []
        for command in commands:
            decision = decide_open_balance(command, book, at)
            desk.take(decision)
            decisions.append(decision)
        if rehearsed is None:
            await write_desk(connection, programme, desk, at)
        else:
            rehearsed.update((number, known) for number, known in book.openings.items() if known)
        await along(connection, decisions)
    return decisions
