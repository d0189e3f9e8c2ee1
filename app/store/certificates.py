"""Certificates that were given out, and the verified records that they are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.core.certificates import CertifiedRecord
from app.core.ids import ProgrammeId, RecordId, TeamId, VolunteerId
from app.core.quantities import Minutes
from app.core.rows import Evidence
from app.store.database import Reader, Tx

_CERTIFIED = text("""
SELECT r.id, r.team_id AS team, t.name AS team_name, r.activity, r.content, r.started_at, r.minutes, r.evidence
FROM service_records r
JOIN teams t ON t.programme_id = r.programme_id AND t.id = r.team_id
WHERE r.programme_id = :programme AND r.volunteer_id = :volunteer AND r.state = 'verified'
  AND (CAST(:begin AS timestamptz) IS NULL OR r.started_at >= :begin)
  AND (CAST(:end AS timestamptz) IS NULL OR r.started_at < :end)
  AND (CAST(:teams AS uuid[]) IS NULL OR r.team_id = ANY(:teams))
""")


async def fetch_certified(
    reader: Reader,
    programme: ProgrammeId,
    volunteer: VolunteerId,
    begin: datetime | None,
    end: datetime | None,
    teams: Sequence[TeamId] | None,
    zone: str,
) -> Sequence[CertifiedRecord]:
    """A volunteer's verified records that began within a time, of some teams only where they are named."""
    values = {"programme": programme, "volunteer": volunteer, "begin": begin, "end": end, "teams": teams}
    rows = (await reader.execute(_CERTIFIED, values)).mappings()
    days = ZoneInfo(zone)
    return [
        CertifiedRecord(
            id=row["id"],
            team=row["team"],
            team_name=row["team_name"],
            activity=row["activity"],
            content=row["content"],
            served_on=row["started_at"].astimezone(days).date(),
            minutes=row["minutes"],
            evidence=Evidence(row["evidence"]),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A certificate as it was given out."""

    number: str
    volunteer: VolunteerId
    minutes: int
    records: tuple[tuple[RecordId, Minutes], ...]
    issued_at: datetime


_ISSUED_AT = text("SELECT issued_at FROM certificates WHERE programme_id = :programme AND number = :number")


async def fetch_issued_at(reader: Reader | Tx, programme: ProgrammeId, number: str) -> datetime | None:
    """When a number was given out first; None when it never was."""
    found: datetime | None = await reader.scalar(_ISSUED_AT, {"programme": programme, "number": number})
    return found


_INSERT = text("""
INSERT INTO certificates (programme_id, number, volunteer_id, minutes, record_ids, record_minutes, issued_at)
VALUES (:programme, :number, :volunteer, :minutes, CAST(:records AS uuid[]),
        CAST(:record_minutes AS integer[]), :issued_at)
ON CONFLICT (programme_id, number) DO NOTHING RETURNING number
""")


async def insert_certificate(tx: Tx, programme: ProgrammeId, certificate: IssuedCertificate) -> bool:
    """Keep a certificate; False when the same words were given out before."""
    values = {
        "programme": programme,
        "number": certificate.number,
        "volunteer": certificate.volunteer,
        "minutes": certificate.minutes,
        "records": [record for record, _ in certificate.records],
        "record_minutes": [minutes for _, minutes in certificate.records],
        "issued_at": certificate.issued_at,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None


@dataclass(frozen=True, slots=True)
class CheckedCertificate:
    """What was certified of whom, and how many of these minutes still stand: no record makes up for another."""

    masked_name: str
    minutes: int
    standing: int


_CHECK = text("""
SELECT v.masked_name, c.minutes, coalesce((
    SELECT sum(least(r.minutes, said.minutes)) FROM unnest(c.record_ids, c.record_minutes) AS said (id, minutes)
    JOIN service_records r ON r.programme_id = c.programme_id AND r.id = said.id AND r.state = 'verified'
), 0)::bigint
FROM certificates c
JOIN volunteers v ON v.programme_id = c.programme_id AND v.id = c.volunteer_id
WHERE c.programme_id = :programme AND c.number = :number
""")


async def fetch_checked(reader: Reader, programme: ProgrammeId, number: str) -> CheckedCertificate | None:
    """What a number stands for now; None for one that was never given out."""
    row = (await reader.execute(_CHECK, {"programme": programme, "number": number})).one_or_none()
    return CheckedCertificate(*row) if row else None
