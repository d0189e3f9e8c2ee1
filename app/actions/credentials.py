"""Giving a credential its place in a status list. It moves nothing and tells nobody anything: no audit row."""

import secrets
from datetime import datetime

from app.core.ids import ProgrammeId
from app.core.status_lists import LIST_BITS, LIST_FULL
from app.store.credentials import (
    StatusPlace,
    Subject,
    fetch_newest_list,
    fetch_status_place,
    insert_status_place,
)
from app.store.database import Database

TRIES_MAX = 64
"""In a list that is half full so many tries all fail once in 10^19."""


async def place_status(database: Database, programme: ProgrammeId, subject: Subject, at: datetime) -> StatusPlace:
    """The place of a credential, given out at random the first time. Raises RuntimeError when none is to be found."""
    async with database.read() as reader:
        known = await fetch_status_place(reader, programme, subject)
    if known:
        return known
    async with database.begin() as tx:
        newest, taken = await fetch_newest_list(tx, programme)
        list_no = newest + (taken >= LIST_FULL)
        for _ in range(TRIES_MAX):
            place = StatusPlace(list_no, secrets.randbelow(LIST_BITS))
            if await insert_status_place(tx, programme, subject, place, at):
                return place
            if known := await fetch_status_place(tx, programme, subject):
                return known
    raise RuntimeError(f"no free place in status list {list_no} of {programme}")
