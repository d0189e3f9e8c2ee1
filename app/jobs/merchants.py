"""Giving back what is set aside with merchants that have ended: their open orders are cancelled."""

from collections.abc import Callable, Sequence
from datetime import datetime

from uuid_utils.compat import uuid7

from app.core.business_days import business_day
from app.core.commands import Command
from app.core.ids import OrderId, ProgrammeId, TransactionId
from app.core.orders import CancelOrder
from app.engine.committer import Committers
from app.jobs.lots import CHUNK, submit_all
from app.store.database import Database
from app.store.due import fetch_orders_of_ended
from app.store.programmes import fetch_zone


async def run_endings(
    database: Database, committers: Committers, programme: ProgrammeId, clock: Callable[[], datetime]
) -> int:
    """Cancel all open orders with merchants that have ended. Returns how many there were.

    The day is part of the key: a voucher that was used in the last moment and returned later was refused once, and
    is to be tried again.
    """
    done = 0
    before: Sequence[OrderId] = ()
    while True:
        at = clock()
        async with database.read() as reader:
            day = business_day(at, await fetch_zone(reader, programme))
            orders = await fetch_orders_of_ended(reader, programme, at, CHUNK)
        if not orders or orders == before:
            return done
        before = orders
        commands: dict[str, Command] = {
            f"merchant-ended:{order.hex}:{day}": CancelOrder(
                order=order, transaction=TransactionId(uuid7()), volunteer=None
            )
            for order in orders
        }
        await submit_all(committers, programme, commands)
        done += len(orders)
