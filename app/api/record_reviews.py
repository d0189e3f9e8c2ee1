"""Reviewing service records (审核): verified, rejected or withdrawn by somebody who stands high enough above them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from uuid_utils.compat import uuid7

from app.actions.service_records import note_verifications
from app.api.access import Requires
from app.api.operations import IdempotencyKey, writes
from app.api.problems import refuse
from app.api.record_fields import ReviewedAnswer
from app.api.service_records import answer_record, find_record, record_named
from app.api.services import Serves, Services
from app.core.claw_backs import ClawBack
from app.core.codes import Code, Rejected
from app.core.commands import Command
from app.core.idempotency import AnswerKey
from app.core.ids import RecordId, TransactionId, UserId
from app.core.service_records import RejectRecord, VerifyRecord
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.relatives import fetch_relatives
from app.store.same_person import fetch_own_accounts

router = APIRouter(prefix="/v1/service-records", tags=["Service"])

Verifies = Annotated[Actor, Depends(Requires(Scope.RECORDS_VERIFY))]


async def _submit(services: Services, actor: Actor, key: str, record: RecordId, verb: str, command: Command) -> bool:
    """Send a command about a record. Whether it was done already; raises the problem when it is refused."""
    outcome = await services.committers.submit(
        actor.programme,
        Submission(command=command, key=AnswerKey(actor.reference, key), body_hash=f"{verb} {record.hex}".encode()),
    )
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    return outcome.replayed


@router.post(
    "/{record_id}/verify",
    operation_id="verifyServiceRecord",
    summary="Verify hours of service (审核通过)",
    response_model=ReviewedAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW, Code.REVIEW_LEVEL, Code.NO_POLICY),
)
async def verify_record(services: Serves, actor: Verifies, key: IdempotencyKey, record_id: str) -> Response:
    """The hours enter the ledger and become points by the policy of the day of service.

    The one who verifies is neither the volunteer, nor a relative, nor the one who entered the record. Up to 8 hours
    of a volunteer's day are verified by the record's team, up to 12 by a team above it, more by a root or an
    administrator.
    """
    record = record_named(record_id)
    verifier = UserId(actor.subject)
    async with services.database.read() as reader:
        _, level = await find_record(reader, actor, record)
        relatives = await fetch_relatives(reader, actor.programme, verifier)
        accounts = await fetch_own_accounts(reader, actor.programme, verifier)
    command = VerifyRecord(
        record=record,
        transaction=TransactionId(uuid7()),
        verifier=verifier,
        verifier_is=actor.volunteer,
        level=level,
        relatives=relatives,
        accounts=accounts,
    )
    replayed = await _submit(services, actor, key, record, "verify", command)
    if not replayed:
        async with services.database.begin() as tx:
            await note_verifications(tx, actor.programme, verifier, [record], services.clock())
    return await answer_record(services, actor, record, replayed=replayed)


@router.post(
    "/{record_id}/reject",
    operation_id="rejectServiceRecord",
    summary="Reject hours of service (审核不通过)",
    response_model=ReviewedAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.SELF_REVIEW),
)
async def reject_record(services: Serves, actor: Verifies, key: IdempotencyKey, record_id: str) -> Response:
    """Nothing reaches the ledger."""
    record = record_named(record_id)
    async with services.database.read() as reader:
        await find_record(reader, actor, record)
        relatives = await fetch_relatives(reader, actor.programme, UserId(actor.subject))
        accounts = await fetch_own_accounts(reader, actor.programme, UserId(actor.subject))
    command = RejectRecord(
        record=record,
        verifier=UserId(actor.subject),
        verifier_is=actor.volunteer,
        relatives=relatives,
        accounts=accounts,
    )
    replayed = await _submit(services, actor, key, record, "reject", command)
    return await answer_record(services, actor, record, replayed=replayed)


@router.post(
    "/{record_id}/withdraw",
    operation_id="withdrawServiceRecord",
    summary="Withdraw verified hours (撤销时长)",
    response_model=ReviewedAnswer,
    responses=writes(Code.NOT_FOUND, Code.STATE_CONFLICT, Code.HOURS_CONSUMED),
)
async def withdraw_record(services: Serves, actor: Verifies, key: IdempotencyKey, record_id: str) -> Response:
    """Hours and points are taken back; points already spent become a debt that later hours repay."""
    record = record_named(record_id)
    async with services.database.read() as reader:
        await find_record(reader, actor, record)
    command = ClawBack(record=record, transaction=TransactionId(uuid7()), by=UserId(actor.subject))
    replayed = await _submit(services, actor, key, record, "withdraw", command)
    return await answer_record(services, actor, record, replayed=replayed)
