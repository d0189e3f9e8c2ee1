"""Refused log-ins of a quarter of an hour, counted over all processes until the audit trail is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId
from app.core.refused_logins import OTHERS, UNKNOWN_MAX, Door, Knock, Refusals
from app.store.database import Tx

# A name that is nobody's and not there yet goes to the others when there are many: also over several processes.
_ADD = text("""
INSERT INTO refused_logins (programme_id, began_at, door, subject, refused, turned_away)
SELECT p.id, :began_at, :door, CASE WHEN :known OR EXISTS (
           SELECT FROM refused_logins r
           WHERE r.programme_id = p.id AND r.began_at = :began_at AND r.door = :door AND r.subject = :subject
       ) OR (SELECT count(*) FROM refused_logins r
             WHERE r.programme_id = p.id AND r.began_at = :began_at AND r.door = :door
               AND starts_with(r.subject, 'name:')) < :most
       THEN :subject ELSE :others END, :refused, :turned_away
FROM programmes p WHERE p.id = :programme
ON CONFLICT (programme_id, began_at, door, subject) DO UPDATE
SET refused = refused_logins.refused + excluded.refused,
    turned_away = refused_logins.turned_away + excluded.turned_away
""")


async def add_refusals(tx: Tx, programme: ProgrammeId, began_at: datetime, counted: Mapping[Knock, Refusals]) -> None:
    """Add what one process has counted in a window. Nothing for a programme that is not here."""
    for knock in sorted(counted, key=lambda each: (each.door, each.subject)):
        values = {
            "programme": programme,
            "began_at": began_at,
            "door": knock.door.value,
            "subject": knock.subject,
            "known": knock.known,
            "most": UNKNOWN_MAX,
            "others": OTHERS,
            "refused": counted[knock].refused,
            "turned_away": counted[knock].turned_away,
        }
        await tx.execute(_ADD, values)


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """What is told of one name at one door in one window."""

    began_at: datetime
    door: Door
    subject: str
    refusals: Refusals


_TAKE = text("""
DELETE FROM refused_logins r USING (
    SELECT began_at, door, subject FROM refused_logins
    WHERE programme_id = :programme AND began_at <= :before
    ORDER BY began_at, door, subject LIMIT :limit FOR UPDATE SKIP LOCKED
) AS due
WHERE r.programme_id = :programme AND r.began_at = due.began_at AND r.door = due.door AND r.subject = due.subject
RETURNING r.began_at, r.door, r.subject, r.refused, r.turned_away
""")


async def take_refusals(tx: Tx, programme: ProgrammeId, before: datetime, limit: int) -> Sequence[RefusedRow]:
    """Take out of the table what began until then: who takes it has to tell the trail in the same transaction."""
    rows = await tx.execute(_TAKE, {"programme": programme, "before": before, "limit": limit})
    taken = [
        RefusedRow(row.began_at, Door(row.door), row.subject, Refusals(row.refused, row.turned_away)) for row in rows
    ]
    return sorted(taken, key=lambda row: (row.began_at, row.door, row.subject))
