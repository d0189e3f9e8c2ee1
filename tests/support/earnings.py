"""How a city comes to points and money: by real commands, so that the ledger is true."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from app.core.donations import DepositFund
from app.core.ids import RecordId, TransactionId, VolunteerId
from app.core.quantities import Fen
from app.core.reviews import ReviewLevel
from app.core.rows import Evidence
from app.core.service_records import VerifyRecord
from app.engine.committer import Committer
from app.store.database import Database
from tests.support.city_rows import City, named
from tests.support.commands import a_submission, accepted

RECORD_MINUTES_MAX = 1440


@dataclass(frozen=True, slots=True)
class Service:
    """Time that a volunteer gave, by when it ended."""

    volunteer: VolunteerId
    minutes: int
    ended_at: datetime
    evidence: Evidence = Evidence.CHECKED_IN

    @property
    def record(self) -> RecordId:
        """The id of its record."""
        return RecordId(named("record", self.volunteer, self.ended_at))


def services_for(volunteer: VolunteerId, points: int, ended_at: datetime) -> list[Service]:
    """Service that is worth these points; more than a day has minutes is given on as many days before."""
    days, rest = divmod(points, RECORD_MINUTES_MAX)
    minutes = [RECORD_MINUTES_MAX] * days + [rest] * bool(rest)
    return [Service(volunteer, given, ended_at - timedelta(days=day)) for day, given in enumerate(minutes)]


_RECORD = text("""
INSERT INTO service_records (programme_id, id, state, volunteer_id, team_id, evidence, activity, minutes,
                             level, started_at, ended_at, recorder_id, created_at)
VALUES (:programme, :id, 'entered', :volunteer, :team, :evidence, '清洁家园', :minutes,
        1, :started_at, :ended_at, :recorder, :ended_at)
""")


async def enter(database: Database, city: City, services: Sequence[Service]) -> None:
    """Enter the records of service that nobody has verified yet."""
    rows = [
        {
            "programme": city.programme,
            "id": service.record,
            "volunteer": service.volunteer,
            "team": city.team,
            "evidence": service.evidence.value,
            "minutes": service.minutes,
            "started_at": service.ended_at - timedelta(minutes=service.minutes),
            "ended_at": service.ended_at,
            "recorder": city.recorder,
        }
        for service in services
    ]
    if rows:
        async with database.begin() as tx:
            await tx.execute(_RECORD, rows)


def a_verification(city: City, record: RecordId) -> VerifyRecord:
    """The command by which the city's verifier confirms a record."""
    transaction = TransactionId(named("verify", record))
    return VerifyRecord(
        record=record, transaction=transaction, verifier=city.verifier, verifier_is=None, level=ReviewLevel.TOP
    )


async def earn(database: Database, committer: Committer, city: City, services: Sequence[Service]) -> None:
    """Enter and verify service. Its points live until the end of the second year after it."""
    await enter(database, city, services)
    commands = [a_verification(city, service.record) for service in services]
    submissions = [a_submission(command, f"verify {command.record.hex}") for command in commands]
    for outcome in await asyncio.gather(*map(committer.submit, submissions)):
        accepted(outcome)


def a_deposit(city: City, fen: int, received_at: datetime) -> DepositFund:
    """The command by which a sponsor's money arrives in the city's fund."""
    transaction = TransactionId(named(city.fund, received_at, fen))
    return DepositFund(fund=city.fund, transaction=transaction, fen=Fen(fen), received_at=received_at, actor="system")
