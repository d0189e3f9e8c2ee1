"""The history of applications, appended line by line, and what the public has objected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.applications.model import Step
from app.core.applications.states import ApplicationEvent, ApplicationState, Level
from app.core.ids import ApplicationId, ProgrammeId, UserId, VolunteerId
from app.store.application_material import decode_differences, encode_differences
from app.store.database import Reader, Tx

_APPEND = text("""
INSERT INTO application_steps (programme_id, application_id, number, event, from_state, to_state, actor, user_id,
    level, reason, at, facts_hash, differences)
SELECT :programme, :application, 1 + count(*), :event, :before, :after, :actor, :user, :level, :reason, :at,
       :facts_hash, CAST(:differences AS json)
FROM application_steps WHERE programme_id = :programme AND application_id = :application
""")


async def insert_steps(tx: Tx, programme: ProgrammeId, application: ApplicationId, steps: Sequence[Step]) -> None:
    """Append lines to the history of an application that is locked."""
    for step in steps:
        values = {
            "programme": programme,
            "application": application,
            "event": step.event.value,
            "before": step.before.value,
            "after": step.after.value,
            "actor": step.actor,
            "user": step.user,
            "level": step.level.value if step.level else None,
            "reason": step.reason,
            "at": step.at,
            "facts_hash": step.facts_hash,
            "differences": encode_differences(step.differences),
        }
        await tx.execute(_APPEND, values)


_STEPS = text("""
SELECT event, from_state, to_state, actor, user_id, level, reason, at, facts_hash, differences
FROM application_steps WHERE programme_id = :programme AND application_id = :application ORDER BY number
""")


async def fetch_steps(reader: Reader | Tx, programme: ProgrammeId, application: ApplicationId) -> Sequence[Step]:
    """What has happened to an application, in order."""
    rows = await reader.execute(_STEPS, {"programme": programme, "application": application})
    return [
        Step(
            event=ApplicationEvent(row.event),
            before=ApplicationState(row.from_state),
            after=ApplicationState(row.to_state),
            actor=row.actor,
            at=row.at,
            user=row.user_id,
            level=Level(row.level) if row.level else None,
            reason=row.reason,
            facts_hash=row.facts_hash,
            differences=decode_differences(row.differences),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicObjection:
    """What a volunteer has said against an application under notice, and the answer."""

    raised_by: VolunteerId
    reason: str
    raised_at: datetime
    answer: str | None = None
    answered_by: UserId | None = None
    answered_at: datetime | None = None


_OBJECT = text("""
INSERT INTO application_objections (programme_id, application_id, raised_by, reason, raised_at)
VALUES (:programme, :application, :raised_by, :reason, :at)
ON CONFLICT (programme_id, application_id, raised_by) DO NOTHING RETURNING raised_by
""")


async def insert_public_objection(
    tx: Tx, programme: ProgrammeId, application: ApplicationId, objection: PublicObjection
) -> bool:
    """Note an objection; False when this volunteer has objected to this application before."""
    values = {
        "programme": programme,
        "application": application,
        "raised_by": objection.raised_by,
        "reason": objection.reason,
        "at": objection.raised_at,
    }
    return (await tx.execute(_OBJECT, values)).one_or_none() is not None


_ANSWER = text("""
UPDATE application_objections SET answer = :answer, answered_by = :by, answered_at = :at
WHERE programme_id = :programme AND application_id = :application AND answer IS NULL
""")


async def answer_public_objections(
    tx: Tx, programme: ProgrammeId, application: ApplicationId, answer: str, by: UserId, at: datetime
) -> None:
    """Answer all objections to an application that wait."""
    values = {"programme": programme, "application": application, "answer": answer, "by": by, "at": at}
    await tx.execute(_ANSWER, values)


_OBJECTIONS = text("""
SELECT raised_by, reason, raised_at, answer, answered_by, answered_at FROM application_objections
WHERE programme_id = :programme AND application_id = :application ORDER BY raised_at, raised_by
""")


async def fetch_public_objections(
    reader: Reader | Tx, programme: ProgrammeId, application: ApplicationId
) -> Sequence[PublicObjection]:
    """All objections to an application, in the order in which they were raised."""
    rows = await reader.execute(_OBJECTIONS, {"programme": programme, "application": application})
    return [PublicObjection(**row) for row in rows.mappings()]
