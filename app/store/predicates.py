"""Which system may ask what of a volunteer, and who has asked: the second is only ever appended to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import RowMapping, text

from app.core.ids import ClientId, PredicateAnswerId, PredicatePermitId, ProgrammeId, VolunteerId
from app.core.predicates import PredicateKind, PredicatePermit, Question, tell
from app.store.database import Reader, Tx

_PERMIT = "id, client_id, kinds, given_at, until, revoked_at"


def _permit(row: RowMapping) -> PredicatePermit:
    return PredicatePermit(
        id=PredicatePermitId(row["id"]),
        client=ClientId(row["client_id"]),
        kinds=frozenset(PredicateKind(kind) for kind in row["kinds"]),
        given_at=row["given_at"],
        until=row["until"],
        revoked_at=row["revoked_at"],
    )


_INSERT_PERMIT = text("""
INSERT INTO predicate_permits (programme_id, id, volunteer_id, client_id, kinds, given_by, given_at, until)
VALUES (:programme, :id, :volunteer, :client, CAST(:kinds AS text[]), :given_by, :at, :until)
""")


async def insert_permit(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, permit: PredicatePermit, given_by: str
) -> None:
    """Keep a permit."""
    values = {
        "programme": programme,
        "id": permit.id,
        "volunteer": volunteer,
        "client": permit.client,
        "kinds": sorted(permit.kinds),
        "given_by": given_by,
        "at": permit.given_at,
        "until": permit.until,
    }
    await tx.execute(_INSERT_PERMIT, values)


_PERMITS = text(f"""
SELECT {_PERMIT} FROM predicate_permits
WHERE programme_id = :programme AND volunteer_id = :volunteer AND id > :after ORDER BY id LIMIT :limit
""")


async def fetch_permits(
    reader: Reader | Tx, programme: ProgrammeId, volunteer: VolunteerId, after: PredicatePermitId, limit: int
) -> Sequence[PredicatePermit]:
    """A volunteer's permits after a given one, in the order of their making."""
    values = {"programme": programme, "volunteer": volunteer, "after": after, "limit": limit}
    return [_permit(row) for row in (await reader.execute(_PERMITS, values)).mappings()]


_STANDING = text(f"""
SELECT {_PERMIT} FROM predicate_permits
WHERE programme_id = :programme AND volunteer_id = :volunteer AND client_id = :client AND revoked_at IS NULL
  AND until > :at
ORDER BY id FOR SHARE
""")


async def fetch_standing_permits(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, client: ClientId, at: datetime
) -> Sequence[PredicatePermit]:
    """The permits of one system that stand, kept from being revoked until the answer is written down."""
    values = {"programme": programme, "volunteer": volunteer, "client": client, "at": at}
    return [_permit(row) for row in (await tx.execute(_STANDING, values)).mappings()]


_REVOKE = text(f"""
UPDATE predicate_permits SET revoked_at = coalesce(revoked_at, :at)
WHERE programme_id = :programme AND volunteer_id = :volunteer AND id = :id RETURNING {_PERMIT}
""")


async def revoke_permit(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, permit: PredicatePermitId, at: datetime
) -> PredicatePermit | None:
    """End one of a volunteer's own permits; None when it is not theirs. Once revoked it stays as it was."""
    values = {"programme": programme, "volunteer": volunteer, "id": permit, "at": at}
    row = (await tx.execute(_REVOKE, values)).mappings().one_or_none()
    return _permit(row) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredQuestion:
    """Who asked what of a volunteer; what was answered is not kept."""

    id: PredicateAnswerId
    client: ClientId
    client_name: str
    permit: PredicatePermitId
    predicates: Sequence[dict[str, object]]
    on: date
    question_hash: bytes
    answered_at: datetime


_INSERT_ANSWER = text("""
INSERT INTO predicate_answers (programme_id, id, volunteer_id, client_id, permit_id, predicates, on_day, question_hash,
    answer_hash, answered_at)
VALUES (:programme, :id, :volunteer, :client, :permit, CAST(:predicates AS json), :on_day, :question_hash,
    :answer_hash, :at)
""")


async def insert_answered(
    tx: Tx,
    programme: ProgrammeId,
    answer: PredicateAnswerId,
    permit: PredicatePermit,
    question: Question,
    answer_hash: bytes,
    at: datetime,
) -> None:
    """Note that a question was answered."""
    values = {
        "programme": programme,
        "id": answer,
        "volunteer": question.volunteer,
        "client": permit.client,
        "permit": permit.id,
        "predicates": json.dumps([tell(predicate) for predicate in question.predicates], ensure_ascii=False),
        "on_day": question.on,
        "question_hash": question.hash,
        "answer_hash": answer_hash,
        "at": at,
    }
    await tx.execute(_INSERT_ANSWER, values)


_ANSWERED = text("""
SELECT a.id, a.client_id AS client, c.name AS client_name, a.permit_id AS permit, a.predicates, a.on_day AS "on",
       a.question_hash, a.answered_at
FROM predicate_answers a JOIN clients c ON c.programme_id = a.programme_id AND c.id = a.client_id
WHERE a.programme_id = :programme AND a.volunteer_id = :volunteer AND a.id > :after
ORDER BY a.id LIMIT :limit
""")


async def fetch_answered(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, after: PredicateAnswerId, limit: int
) -> Sequence[AnsweredQuestion]:
    """What was asked of a volunteer after a given question, in the order in which it was answered."""
    values = {"programme": programme, "volunteer": volunteer, "after": after, "limit": limit}
    return [AnsweredQuestion(**row) for row in (await reader.execute(_ANSWERED, values)).mappings()]


_BY_NUMBER = text("""
SELECT volunteer_id FROM volunteer_external_ids
WHERE programme_id = :programme AND system = :system AND external_id = :number
""")


async def fetch_volunteer_by_number(
    reader: Reader | Tx, programme: ProgrammeId, system: str, number: str
) -> VolunteerId | None:
    """Whom another system calls by this number; None when nobody."""
    found = await reader.scalar(_BY_NUMBER, {"programme": programme, "system": system, "number": number})
    return VolunteerId(found) if found else None
