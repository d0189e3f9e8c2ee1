"""Rows read in a process of their own: reading and understanding a file costs nothing where the deciding is done."""

import asyncio
import contextlib
import multiprocessing
import queue
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from typing import NamedTuple, Protocol, TypeVar
from zoneinfo import ZoneInfo

from app.importing.decoding import BadFile
from app.importing.fields import ImportKind
from app.importing.garbage import no_collecting
from app.importing.mapping import Layout, Mapping_, lay_out
from app.importing.opening_rows import OpeningReader
from app.importing.people_rows import TeamReader, VolunteerReader
from app.importing.record_rows import RecordReader
from app.importing.tables import TableFile, read_table
from app.importing.values import CellFault

BATCH = 1_000
AHEAD = 4
"""So many batches wait at most: the file is read no faster than it is written."""
OWN_PROCESS_BYTES = 4_000_000
"""A file smaller than this is read where it is needed: a process takes longer to start."""

RowT_co = TypeVar("RowT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """All that a process must know to read a file."""

    table: TableFile
    mapping: Mapping_
    zone: str
    today: date
    """Nobody is born later, and no document tells so."""


class Understood(NamedTuple):
    """A row: its number in the file, and what it says or else which field could not be read and why."""

    row_no: int
    row: object | None
    field: str = ""
    fault: str = ""


class Reader(Protocol[RowT_co]):
    """Makes values of the cells of a row; raises CellFault."""

    def read(self, cells: Sequence[str]) -> RowT_co:
        """Read one row."""


def reader_for(plan: FeedPlan, layout: Layout) -> Reader[object]:
    """The reader of a kind of file."""
    match plan.mapping.kind:
        case ImportKind.RECORDS:
            return RecordReader(plan.mapping, layout, ZoneInfo(plan.zone))
        case ImportKind.VOLUNTEERS:
            return VolunteerReader(plan.mapping, layout, ZoneInfo(plan.zone), plan.today)
        case ImportKind.TEAMS:
            return TeamReader(plan.mapping, layout)
        case ImportKind.OPENINGS:
            return OpeningReader(plan.mapping, layout)


def find_layout(plan: FeedPlan) -> Layout:
    """Where the fields of a file stand. Raises BadFile."""
    for _, header in read_table(plan.table):
        return lay_out(plan.mapping, header)
    raise BadFile("the file is empty")


def read_batches(plan: FeedPlan) -> Iterator[list[Understood]]:
    """The rows of a file, understood, some at a time."""
    rows = read_table(plan.table)
    _, header = next(rows)
    read = reader_for(plan, lay_out(plan.mapping, header)).read
    batch: list[Understood] = []
    for number, cells in rows:
        try:
            batch.append(Understood(number, read(cells)))
        except CellFault as wrong:
            batch.append(Understood(number, None, wrong.field, wrong.fault.value))
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _work(plan: FeedPlan, out: Connection) -> None:
    """The process: ends by itself when nobody reads any more, since then the pipe breaks."""
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt), no_collecting():
        try:
            for batch in read_batches(plan):
                out.send(batch)
            out.send(None)
        except BadFile as error:
            out.send(str(error))


async def feed(plan: FeedPlan) -> AsyncGenerator[list[Understood]]:
    """The rows of a file, read ahead in another process when it is large. Raises BadFile where the file breaks off."""
    if plan.table.path.stat().st_size < OWN_PROCESS_BYTES:
        for batch in read_batches(plan):
            yield batch
        return
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(plan, theirs), daemon=True)
    process.start()
    theirs.close()
    waiting: queue.Queue[list[Understood] | str | None] = queue.Queue(AHEAD)
    stopped = threading.Event()
    thread = threading.Thread(target=_collect, args=(ours, waiting, stopped), daemon=True)
    thread.start()
    try:
        while (found := await asyncio.to_thread(waiting.get)) is not None:
            if isinstance(found, str):
                raise BadFile(found)
            yield found
    finally:
        stopped.set()
        process.terminate()
        process.join()
        while thread.is_alive():
            with contextlib.suppress(queue.Empty):
                waiting.get_nowait()
            thread.join(0.01)
        ours.close()


def _collect(
    connection: Connection, waiting: "queue.Queue[list[Understood] | str | None]", stopped: threading.Event
) -> None:
    """Take batches out of the pipe until it ends; a process that died is told as a file that broke off."""
    found: list[Understood] | str | None = []
    while found is not None and not isinstance(found, str) and not stopped.is_set():
        try:
            found = connection.recv()
        except (EOFError, OSError):
            found = "the reading process ended"
        waiting.put(found)
