"""Settling what brings bonuses or takes them back: registrations, referred volunteers who have served, honours.

It looks at what is not settled, so whatever a crash interrupted is found again; a key by cause makes it happen once.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from uuid_utils.compat import uuid7

from app.core.bonus_grants import GrantBonus
from app.core.bonus_revocations import RevokeHonourBonus, RevokeReferralBonus
from app.core.bonuses import BonusKey, BonusKind
from app.core.idempotency import AnswerKey
from app.core.ids import BonusId, ProgrammeId, TransactionId, VolunteerId
from app.core.policies import AccrualPolicy, Bonuses
from app.engine.batch import JOB_BODY, Submission
from app.engine.committer import Committers
from app.jobs.lots import CHUNK
from app.store.accrual_policies import fetch_policies
from app.store.bonuses import Cause, fetch_causes, note_settled
from app.store.database import Database

_ASKING: Mapping[BonusKind, Callable[[Bonuses], object]] = MappingProxyType(
    {
        BonusKind.START: lambda bonuses: bonuses.start_grant,
        BonusKind.REFERRAL: lambda bonuses: bonuses.referral,
        BonusKind.HONOUR: lambda bonuses: bonuses.honour,
        BonusKind.HONOUR_WITHDRAWN: lambda bonuses: bonuses.honour,
        BonusKind.REFERRAL_WITHDRAWN: lambda bonuses: bonuses.referral,
    }
)
"""What a policy says where it knows of a kind: where none does, nothing is looked for."""


async def run_bonuses(database: Database, committers: Committers, programme: ProgrammeId) -> int:
    """Settle all causes of bonuses that are not settled. Returns how many there were."""
    async with database.read() as reader:
        policies = await fetch_policies(reader, programme)
    done = 0
    for kind in BonusKind:
        if _is_asked(kind, policies):
            done += await _settle(database, committers, programme, kind)
    return done


def _is_asked(kind: BonusKind, policies: Sequence[AccrualPolicy]) -> bool:
    return any(_ASKING[kind](policy.bonuses) for policy in policies)


async def _settle(database: Database, committers: Committers, programme: ProgrammeId, kind: BonusKind) -> int:
    done = 0
    before: Sequence[Cause] = ()
    while True:
        async with database.read() as reader:
            causes = await fetch_causes(reader, programme, kind, CHUNK)
        if not causes or causes == before:
            return done
        before = causes
        await asyncio.gather(*(committers.submit(programme, _submission(cause)) for cause in causes))
        async with database.begin() as tx:
            await note_settled(tx, programme, [BonusKey(cause.kind, cause.cause) for cause in causes])
        done += len(causes)


def _submission(cause: Cause) -> Submission:
    bonus, transaction = BonusId(uuid7()), TransactionId(uuid7())
    key = AnswerKey("system", f"{cause.kind.value}:{cause.cause.hex}")
    if cause.kind is BonusKind.HONOUR_WITHDRAWN:
        taken = RevokeHonourBonus(bonus=bonus, honour=cause.cause, volunteer=cause.volunteer, transaction=transaction)
        return Submission(command=taken, key=key, body_hash=JOB_BODY)
    if cause.record is not None:
        ended = RevokeReferralBonus(
            bonus=bonus,
            referred=VolunteerId(cause.cause),
            record=cause.record,
            volunteer=cause.volunteer,
            transaction=transaction,
        )
        return Submission(command=ended, key=key, body_hash=JOB_BODY)
    granted = GrantBonus(
        bonus=bonus,
        kind=cause.kind,
        cause=cause.cause,
        volunteer=cause.volunteer,
        day=cause.day,
        transaction=transaction,
        level=cause.level,
    )
    return Submission(command=granted, key=key, body_hash=JOB_BODY)
