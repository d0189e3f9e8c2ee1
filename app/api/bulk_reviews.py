"""Verifying many service records with one request (批量审核): each is a command of its own, decided as if alone."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.reaches import level_over
from app.actions.service_records import note_verifications, receive_verifications
from app.api.access import Requires
from app.api.acting import ticket_of
from app.api.bodies import Answer, Body, JsonBody, Received, json_answer
from app.api.fields import RecordRef
from app.api.operations import IdempotencyKey, writes
from app.api.problem_texts import TEXTS
from app.api.problems import refuse, speaks_english
from app.api.service_records import record_named
from app.api.services import Serves, Services
from app.core.codes import Code, Rejected
from app.core.idempotency import AnswerKey
from app.core.ids import RecordId, TransactionId, UserId, VolunteerId, format_id
from app.core.reviews import ReviewLevel
from app.core.service_records import VerifyRecord
from app.engine.batch import Outcome, Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.bulk_record_lookups import fetch_lines, fetch_teams_of
from app.store.relatives import fetch_relatives
from app.store.same_person import fetch_own_accounts

router = APIRouter(prefix="/v1/service-records", tags=["Service"])

RECORDS_MAX = 1_000
SLICE = 200
"""So many wait for the committer at once: a till never stands behind more."""
_VERIFIED = 200
_HIDDEN = Rejected(Code.NOT_FOUND)


class VerifyManyRequest(Body):
    """Records to verify."""

    record_ids: Annotated[list[RecordRef], Field(min_length=1, max_length=RECORDS_MAX)]


class VerifiedRowAnswer(Answer):
    """What became of a record: its `points`, or `code` and `detail`."""

    id: RecordRef
    status: Annotated[int, Field(description="As verifying it alone would have been answered", examples=[200])]
    points: Annotated[int | None, Field(description="What it earned", examples=[90])] = None
    code: Code | None = None
    detail: Annotated[str | None, Field(description="In the language of Accept-Language")] = None
    figures: dict[str, int | str] | None = None


class VerifiedManyAnswer(Answer):
    """What became of all of them."""

    verified: int
    refused: int
    records: Annotated[list[VerifiedRowAnswer], Field(description="In the order of the request")]


async def _levels(services: Services, actor: Actor, records: Sequence[RecordId]) -> Mapping[RecordId, ReviewLevel]:
    """How high the actor stands above each record that is within their part."""
    async with services.database.read() as reader:
        teams = await fetch_teams_of(reader, actor.programme, records)
        lines = await fetch_lines(reader, actor.programme, set(teams.values()))
    above = {team: level_over(actor, line) for team, line in lines.items()}
    return {record: level for record, team in teams.items() if (level := above.get(team))}


def _commands(
    actor: Actor,
    levels: Mapping[RecordId, ReviewLevel],
    relatives: frozenset[VolunteerId],
    accounts: frozenset[UserId],
) -> dict[RecordId, VerifyRecord]:
    return {
        record: VerifyRecord(
            record=record,
            transaction=TransactionId(uuid7()),
            verifier=UserId(actor.subject),
            verifier_is=actor.volunteer,
            level=level,
            relatives=relatives,
            accounts=accounts,
        )
        for record, level in levels.items()
    }


async def _submit(
    services: Services, actor: Actor, key: str, commands: Mapping[RecordId, VerifyRecord]
) -> dict[RecordId, Outcome]:
    """Send commands in order and count what they verified. Raises what went wrong once all have been heard."""
    outcomes = await asyncio.gather(
        *(
            services.committers.submit(
                actor.programme,
                Submission(
                    command=command,
                    key=AnswerKey(actor.reference, f"{key}/{record.hex}"),
                    body_hash=f"verify {record.hex}".encode(),
                ),
            )
            for record, command in commands.items()
        ),
        return_exceptions=True,
    )
    heard = {
        record: outcome
        for record, outcome in zip(commands, outcomes, strict=True)
        if not isinstance(outcome, BaseException)
    }
    fresh = [
        record for record, outcome in heard.items() if not outcome.replayed and not isinstance(outcome.answer, Rejected)
    ]
    if fresh:
        async with services.database.begin() as tx:
            await note_verifications(tx, actor.programme, UserId(actor.subject), fresh, services.clock())
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return heard


def _render(record: RecordId, outcome: Outcome | None, *, english: bool) -> VerifiedRowAnswer:
    answer = outcome.answer if outcome else _HIDDEN
    name = format_id("rec", record)
    if not isinstance(answer, Rejected):
        return VerifiedRowAnswer(id=name, status=_VERIFIED, points=int(str(answer["points"])))
    text = TEXTS[answer.code]
    return VerifiedRowAnswer(
        id=name,
        status=text.status,
        code=answer.code,
        detail=text.en if english else text.zh,
        figures=dict(answer.detail),
    )


@router.post(
    ":verify",
    operation_id="verifyServiceRecords",
    summary="Verify many records of service (批量审核)",
    response_model=VerifiedManyAnswer,
    response_model_exclude_none=True,
    responses=writes(),
)
async def verify_records(
    request: Request,
    services: Serves,
    actor: Annotated[Actor, Depends(Requires(Scope.RECORDS_VERIFY))],
    received: Annotated[Received[VerifyManyRequest], Depends(JsonBody(VerifyManyRequest))],
    key: IdempotencyKey,
) -> Response:
    """Up to 1,000 records, one after the other, by the same rules as a single one: four eyes, relatives, daily tiers.

    A refusal stops no other. What lies beside the caller's part is `NOT_FOUND`. Repeated with the same key, the
    request goes on where it had ended; what is verified already is answered as it was.
    """
    named = [record_named(reference) for reference in received.body.record_ids]
    records = list(dict.fromkeys(named))
    refused = await receive_verifications(
        services.database, ticket_of(services, actor, key, received.hash), len(records)
    )
    if refused:
        raise refuse(refused)
    levels = await _levels(services, actor, records)
    async with services.database.read() as reader:
        relatives = await fetch_relatives(reader, actor.programme, UserId(actor.subject))
        accounts = await fetch_own_accounts(reader, actor.programme, UserId(actor.subject))
    reached = [record for record in records if record in levels]
    outcomes: dict[RecordId, Outcome] = {}
    for first in range(0, len(reached), SLICE):
        part = {record: levels[record] for record in reached[first : first + SLICE]}
        outcomes |= await _submit(services, actor, key, _commands(actor, part, relatives, accounts))
    english = speaks_english(request.headers.get("accept-language", ""))
    rows = [_render(record, outcomes.get(record), english=english) for record in named]
    good = sum(row.code is None for row in rows)
    answer = VerifiedManyAnswer(verified=good, refused=len(rows) - good, records=rows)
    replayed = bool(outcomes) and all(outcome.replayed for outcome in outcomes.values())
    content = answer.model_dump_json(exclude_none=True)
    return json_answer(content, replayed=replayed, Content_Language="en" if english else "zh-CN")
