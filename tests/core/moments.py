"""What one step of a history came to: rows that are entered without a command, and the commands."""

from dataclasses import dataclass
from datetime import timedelta

from app.core.commands import Command
from app.core.penalties import Penalty
from app.core.pool_grants import PoolGrant
from app.core.rounds import Round
from app.core.rows import ServiceRecord
from tests.core.ledger import MemoryLedger


@dataclass(frozen=True, slots=True)
class Moment:
    """What one step came to: how long it was waited, the records entered, the commands."""

    wait: timedelta = timedelta(0)
    records: tuple[ServiceRecord, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    grants: tuple[PoolGrant, ...] = ()
    rounds: tuple[Round, ...] = ()
    commands: tuple[Command, ...] = ()


def enter(ledger: MemoryLedger, moment: Moment) -> None:
    """Move the clock and enter the rows of a moment; its commands are left to run."""
    ledger.now += moment.wait
    ledger.records.update({record.id: record for record in moment.records})
    ledger.penalties.update({penalty.id: penalty for penalty in moment.penalties})
    ledger.pool_grants.update({grant.id: grant for grant in moment.grants})
    ledger.seats.rounds.update({terms.id: terms for terms in moment.rounds})
