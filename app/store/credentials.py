"""Places in the status lists, and which of them say that something no longer stands."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from app.core.benefit_grants import BenefitGrant
from app.core.ids import BenefitGrantId, ProgrammeId, VolunteerId
from app.store.database import Reader, Tx
from app.store.seat_rows import GRANT_COLUMNS, read_grant


class StatusPlace(NamedTuple):
    """Where the status of one credential stands."""

    list_no: int
    place: int


Subject = BenefitGrantId | str
"""What a place is for: a grant, or the number of a certificate."""


def _subject(subject: Subject) -> dict[str, object]:
    return {
        "grant": None if isinstance(subject, str) else subject,
        "certificate": subject if isinstance(subject, str) else None,
    }


_FETCH = text("""
SELECT list_no, place FROM credential_statuses
WHERE programme_id = :programme AND (grant_id = :grant OR certificate_number = :certificate)
""")


async def fetch_status_place(reader: Reader | Tx, programme: ProgrammeId, subject: Subject) -> StatusPlace | None:
    """Where the status of a credential stands; None as long as none was given out."""
    row = (await reader.execute(_FETCH, {"programme": programme, **_subject(subject)})).one_or_none()
    return StatusPlace(*row) if row else None


_NEWEST = text("""
SELECT list_no, count(*) FROM credential_statuses WHERE programme_id = :programme
GROUP BY list_no ORDER BY list_no DESC LIMIT 1
""")


async def fetch_newest_list(reader: Reader | Tx, programme: ProgrammeId) -> tuple[int, int]:
    """The number of the newest list and how many places of it are given out; (1, 0) before the first."""
    row = (await reader.execute(_NEWEST, {"programme": programme})).one_or_none()
    return (row[0], row[1]) if row else (1, 0)


_INSERT = text("""
INSERT INTO credential_statuses (programme_id, list_no, place, grant_id, certificate_number, given_at)
VALUES (:programme, :list_no, :place, :grant, :certificate, :at)
ON CONFLICT DO NOTHING RETURNING list_no
""")


async def insert_status_place(
    tx: Tx, programme: ProgrammeId, subject: Subject, place: StatusPlace, at: datetime
) -> bool:
    """Take a place; False when it is taken, or when the credential has one already."""
    values = {"programme": programme, "list_no": place.list_no, "place": place.place, "at": at, **_subject(subject)}
    return (await tx.execute(_INSERT, values)).one_or_none() is not None


_REVOKED = text("""
SELECT s.place FROM credential_statuses s
LEFT JOIN benefit_grants g ON g.programme_id = s.programme_id AND g.id = s.grant_id
WHERE s.programme_id = :programme AND s.list_no = :list_no AND (s.revoked_at IS NOT NULL OR g.state = 'revoked')
ORDER BY s.place
""")


async def fetch_revoked_places(reader: Reader, programme: ProgrammeId, list_no: int) -> Sequence[int]:
    """The places of a list whose credentials no longer stand."""
    return list(await reader.scalars(_REVOKED, {"programme": programme, "list_no": list_no}))


_TAKEN_FROM = text("""
SELECT DISTINCT a.owner_id FROM transactions x
JOIN transfers t ON t.programme_id = x.programme_id AND t.seq = x.seq
JOIN accounts a ON a.programme_id = t.programme_id AND a.account_no = t.debit_account_no
WHERE x.programme_id = :programme AND x.seq > :after AND x.seq <= :last AND x.kind = ANY(:kinds)
  AND a.kind IN ('hours', 'consumed')
""")


async def fetch_taken_from(
    reader: Reader, programme: ProgrammeId, after: int, last: int, kinds: Sequence[str]
) -> Sequence[VolunteerId]:
    """Whom transactions of these kinds took hours from, in a stretch of the journal."""
    values = {"programme": programme, "after": after, "last": last, "kinds": list(kinds)}
    return [VolunteerId(owner) for owner in await reader.scalars(_TAKEN_FROM, values)]


_SUPERSEDE = text("""
UPDATE credential_statuses s SET revoked_at = :at FROM certificates c
WHERE c.programme_id = :programme AND c.volunteer_id = ANY(:volunteers)
  AND s.programme_id = c.programme_id AND s.certificate_number = c.number AND s.revoked_at IS NULL
  AND c.minutes > (
      SELECT coalesce(sum(least(r.minutes, said.minutes)), 0)
      FROM unnest(c.record_ids, c.record_minutes) AS said (id, minutes)
      JOIN service_records r ON r.programme_id = c.programme_id AND r.id = said.id AND r.state = 'verified')
""")


async def update_superseded(tx: Tx, programme: ProgrammeId, volunteers: Sequence[VolunteerId], at: datetime) -> int:
    """Mark these volunteers' certificates whose hours no longer stand; how many that were."""
    values = {"programme": programme, "volunteers": list(volunteers), "at": at}
    return (await tx.execute(_SUPERSEDE, values)).rowcount


_GRANTED = text(f"""
SELECT {GRANT_COLUMNS} FROM benefit_grants g
LEFT JOIN places p ON p.programme_id = g.programme_id AND p.id = g.id
WHERE g.programme_id = :programme AND g.id = :grant AND g.state = 'approved' AND coalesce(p.state, 'held') = 'held'
""")


async def fetch_granted(reader: Reader, programme: ProgrammeId, grant: BenefitGrantId) -> BenefitGrant | None:
    """A grant that is neither revoked nor still waiting for a place."""
    row = (await reader.execute(_GRANTED, {"programme": programme, "grant": grant})).mappings().one_or_none()
    return read_grant(row) if row else None
