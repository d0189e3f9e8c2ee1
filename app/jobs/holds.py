"""Booking the ends of holds that are over: redemptions nobody confirmed, vouchers nobody used. Nothing waits for it.

Each try has a key of its own: a refusal (the clock was set back, somebody else was faster) must not be the last word.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from uuid_utils.compat import uuid7

from app.core.commands import Command
from app.core.confirmations import CloseRedemption
from app.core.ids import OrderId, ProgrammeId, RedemptionId, TransactionId
from app.core.orders import ExpireOrder
from app.engine.committer import Committers
from app.jobs.lots import CHUNK, submit_all
from app.store.database import Database, Reader
from app.store.due import fetch_expired_orders, fetch_unconfirmed

Hold = TypeVar("Hold", bound=UUID)


async def _run(
    database: Database,
    committers: Committers,
    programme: ProgrammeId,
    fetch: Callable[[Reader], Awaitable[Sequence[Hold]]],
    command: Callable[[Hold], tuple[str, Command]],
) -> int:
    """Send commands for all that is due, until nothing is or nothing changes any more."""
    done = 0
    before: Sequence[Hold] = ()
    while True:
        async with database.read() as reader:
            due = await fetch(reader)
        if not due or due == before:
            return done
        before = due
        commands: Mapping[str, Command] = dict(command(hold) for hold in due)
        await submit_all(committers, programme, commands)
        done += len(due)


async def run_closings(
    database: Database, committers: Committers, programme: ProgrammeId, clock: Callable[[], datetime]
) -> int:
    """Close all redemptions whose minute is over. Returns how many there were."""

    async def due(reader: Reader) -> Sequence[RedemptionId]:
        return await fetch_unconfirmed(reader, programme, clock(), CHUNK)

    def close(redemption: RedemptionId) -> tuple[str, Command]:
        command = CloseRedemption(redemption=redemption, transaction=TransactionId(uuid7()))
        return f"close:{redemption.hex}:{uuid7().hex}", command

    return await _run(database, committers, programme, due, close)


async def run_order_expiries(
    database: Database, committers: Committers, programme: ProgrammeId, clock: Callable[[], datetime]
) -> int:
    """Expire all orders whose vouchers are over. Returns how many there were."""

    async def due(reader: Reader) -> Sequence[OrderId]:
        return await fetch_expired_orders(reader, programme, clock(), CHUNK)

    def expire(order: OrderId) -> tuple[str, Command]:
        return f"expire-order:{order.hex}:{uuid7().hex}", ExpireOrder(order=order, transaction=TransactionId(uuid7()))

    return await _run(database, committers, programme, due, expire)
