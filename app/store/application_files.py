"""The files of applications: sealed bytes, and what may be told of them without opening any."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.applications.files import KEPT, KeptFile, MediaType
from app.core.ids import ApplicationId, ProgrammeId, VolunteerId
from app.store.database import Reader, Tx

_UPSERT = text("""
INSERT INTO application_files (programme_id, application_id, code, volunteer_id, media_type, size, sha256, sealed,
    uploaded_by, uploaded_at)
VALUES (:programme, :application, :code, :volunteer, :media_type, :size, decode(:sha256, 'hex'), :sealed, :by, :at)
ON CONFLICT (programme_id, application_id, code) DO UPDATE SET media_type = excluded.media_type, size = excluded.size,
    sha256 = excluded.sha256, sealed = excluded.sealed, uploaded_by = excluded.uploaded_by,
    uploaded_at = excluded.uploaded_at
""")


async def upsert_file(
    tx: Tx,
    programme: ProgrammeId,
    application: ApplicationId,
    volunteer: VolunteerId,
    file: KeptFile,
    sealed: bytes,
    by: str,
) -> None:
    """Put a file to an application that is locked, in the place of the one for the same paper."""
    values = {
        "programme": programme,
        "application": application,
        "code": file.code,
        "volunteer": volunteer,
        "media_type": file.media_type.value,
        "size": file.size,
        "sha256": file.sha256,
        "sealed": sealed,
        "by": by,
        "at": file.uploaded_at,
    }
    await tx.execute(_UPSERT, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A file as it is kept."""

    media_type: MediaType
    sealed: bytes


_ONE = text("""
SELECT media_type, sealed FROM application_files
WHERE programme_id = :programme AND application_id = :application AND code = :code
""")


async def fetch_file(
    reader: Reader | Tx, programme: ProgrammeId, application: ApplicationId, code: str
) -> SealedFile | None:
    """One file of an application."""
    values = {"programme": programme, "application": application, "code": code}
    row = (await reader.execute(_ONE, values)).one_or_none()
    return SealedFile(media_type=MediaType(row.media_type), sealed=row.sealed) if row else None


_DUE = text("""
SELECT DISTINCT a.id FROM application_files f
JOIN applications a ON a.programme_id = f.programme_id AND a.id = f.application_id
JOIN unnest(CAST(:states AS text[]), CAST(:ended_by AS timestamptz[])) AS k (state, ended_by) ON k.state = a.state
WHERE f.programme_id = :programme AND greatest(a.since, f.uploaded_at) <= k.ended_by
ORDER BY a.id LIMIT :limit
""")
_DELETE = text("""
DELETE FROM application_files f USING applications a
WHERE f.programme_id = :programme AND f.application_id = :application
  AND a.programme_id = f.programme_id AND a.id = f.application_id
  AND EXISTS (SELECT FROM unnest(CAST(:states AS text[]), CAST(:ended_by AS timestamptz[])) AS k (state, ended_by)
              WHERE k.state = a.state AND greatest(a.since, f.uploaded_at) <= k.ended_by)
RETURNING f.code
""")


def _terms(at: datetime) -> dict[str, object]:
    return {"states": [state.value for state in KEPT], "ended_by": [at - term for term in KEPT.values()]}


async def fetch_files_to_delete(
    reader: Reader, programme: ProgrammeId, at: datetime, limit: int
) -> Sequence[ApplicationId]:
    """Applications with files whose term is over."""
    rows = await reader.execute(_DUE, {"programme": programme, "limit": limit, **_terms(at)})
    return [ApplicationId(row.id) for row in rows]


async def delete_files(tx: Tx, programme: ProgrammeId, application: ApplicationId, at: datetime) -> Sequence[str]:
    """Delete the files of an application that is locked whose term is over; gives which papers they were."""
    rows = await tx.execute(_DELETE, {"programme": programme, "application": application, **_terms(at)})
    return [row.code for row in rows]
