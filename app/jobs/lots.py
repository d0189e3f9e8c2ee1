"""Booking what time has done to lots: notice periods that ended, days that passed. Decisions never wait for it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from uuid_utils.compat import uuid7

from app.core.business_days import business_day
from app.core.commands import Command
from app.core.idempotency import AnswerKey
from app.core.ids import ProgrammeId, RecordId, TransactionId, VolunteerId
from app.core.lot_life import ExpireLots, MatureRecord
from app.engine.batch import JOB_BODY, Submission
from app.engine.committer import Committers
from app.store.database import Database
from app.store.due import delete_unused_pay_codes, fetch_mature_records, fetch_owners_of_expired_lots
from app.store.programmes import fetch_zone

CHUNK = 500
CODES_KEPT = timedelta(days=1)


async def submit_all(committers: Committers, programme: ProgrammeId, commands: Mapping[str, Command]) -> None:
    """Send commands under keys that follow from what they are about: run twice, each is done once."""
    await asyncio.gather(
        *(
            committers.submit(programme, Submission(command=command, key=AnswerKey("system", key), body_hash=JOB_BODY))
            for key, command in commands.items()
        )
    )


async def run_maturities(
    database: Database, committers: Committers, programme: ProgrammeId, clock: Callable[[], datetime]
) -> int:
    """Make the points of all records spendable whose notice period has ended. Returns how many there were."""
    done = 0
    before: Sequence[RecordId] = ()
    while True:
        async with database.read() as reader:
            due = await fetch_mature_records(reader, programme, clock(), CHUNK)
        if not due or due == before:
            return done
        before = due
        commands: dict[str, Command] = {
            f"mature:{record.hex}": MatureRecord(record=record, transaction=TransactionId(uuid7())) for record in due
        }
        await submit_all(committers, programme, commands)
        done += len(due)


async def run_expiries(
    database: Database, committers: Committers, programme: ProgrammeId, clock: Callable[[], datetime]
) -> int:
    """Book the expiry of all lots whose day has ended. Returns how many volunteers had any."""
    done = 0
    before: Sequence[VolunteerId] = ()
    while True:
        async with database.read() as reader:
            today = business_day(clock(), await fetch_zone(reader, programme))
            owners = await fetch_owners_of_expired_lots(reader, programme, today, CHUNK)
        if not owners or owners == before:
            return done
        before = owners
        commands: dict[str, Command] = {
            f"expire:{owner.hex}:{uuid7().hex}": ExpireLots(volunteer=owner, transaction=TransactionId(uuid7()))
            for owner in owners
        }
        await submit_all(committers, programme, commands)
        done += len(owners)


async def run_code_purge(database: Database, programme: ProgrammeId, clock: Callable[[], datetime]) -> None:
    """Forget pay codes that were never used, a day after they ended."""
    async with database.begin() as tx:
        await delete_unused_pay_codes(tx, programme, clock() - CODES_KEPT)
