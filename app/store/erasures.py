"""Requests to erase, and the append-only list of who was erased."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import RowMapping, text

from app.core.erasures import Erasure, ErasureRequest, ErasureState
from app.core.ids import ErasureId, ProgrammeId, VolunteerId
from app.store.database import BatchConnection, Reader, Tx

_COLUMNS = (
    """id, volunteer_id AS volunteer, state, reason, requested_by, requested_at, decided_by, decided_at, decision"""
)


def _request(row: RowMapping) -> ErasureRequest:
    return ErasureRequest(**{**row, "state": ErasureState(row["state"])})


_INSERT_REQUEST = text("""
INSERT INTO erasure_requests (programme_id, id, volunteer_id, state, reason, requested_by, requested_at)
VALUES (:programme, :id, :volunteer, 'requested', :reason, :requested_by, :requested_at)
ON CONFLICT (programme_id, volunteer_id) WHERE state = 'requested' DO NOTHING RETURNING id
""")


async def insert_erasure_request(tx: Tx, programme: ProgrammeId, request: ErasureRequest) -> bool:
    """Note a request; False where one is open already."""
    values = {
        "programme": programme,
        "id": request.id,
        "volunteer": request.volunteer,
        "reason": request.reason,
        "requested_by": request.requested_by,
        "requested_at": request.requested_at,
    }
    return (await tx.execute(_INSERT_REQUEST, values)).one_or_none() is not None


_LOCK = text(f"SELECT {_COLUMNS} FROM erasure_requests WHERE programme_id = :programme AND id = :id FOR UPDATE")


async def lock_erasure_request(tx: Tx, programme: ProgrammeId, request: ErasureId) -> ErasureRequest | None:
    """One request, kept from others until the transaction ends."""
    row = (await tx.execute(_LOCK, {"programme": programme, "id": request})).mappings().one_or_none()
    return _request(row) if row else None


_UPDATE = text("""
UPDATE erasure_requests SET state = :state, decided_by = :decided_by, decided_at = :decided_at, decision = :decision
WHERE programme_id = :programme AND id = :id
""")


async def update_erasure_request(tx: Tx, programme: ProgrammeId, request: ErasureRequest) -> None:
    """Write what was decided on a request that is locked."""
    values = {
        "programme": programme,
        "id": request.id,
        "state": request.state.value,
        "decided_by": request.decided_by,
        "decided_at": request.decided_at,
        "decision": request.decision,
    }
    await tx.execute(_UPDATE, values)


_LIST = text(f"""
SELECT {_COLUMNS} FROM erasure_requests WHERE programme_id = :programme AND id > :after
  AND (CAST(:volunteer AS uuid) IS NULL OR volunteer_id = :volunteer)
  AND (CAST(:state AS text) IS NULL OR state = :state)
ORDER BY id LIMIT :limit
""")


async def fetch_erasure_requests(
    reader: Reader,
    programme: ProgrammeId,
    after: ErasureId,
    limit: int,
    *,
    volunteer: VolunteerId | None = None,
    state: ErasureState | None = None,
) -> Sequence[ErasureRequest]:
    """The requests after a given one that match, in their order."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "volunteer": volunteer,
        "state": state.value if state else None,
    }
    return [_request(row) for row in (await reader.execute(_LIST, values)).mappings()]


_ERASED = text("SELECT true FROM erasures WHERE programme_id = :programme AND volunteer_id = :volunteer")


async def is_erased(reader: Reader | Tx, programme: ProgrammeId, volunteer: VolunteerId) -> bool:
    """Whether this volunteer's data was erased."""
    return bool(await reader.scalar(_ERASED, {"programme": programme, "volunteer": volunteer}))


_INSERT = text("""
INSERT INTO erasures (programme_id, volunteer_id, reason, requested_by, approved_by, erased_at)
VALUES (:programme, :volunteer, :reason, :requested_by, :approved_by, :erased_at)
ON CONFLICT (programme_id, volunteer_id) DO NOTHING RETURNING volunteer_id
""")


async def insert_erasure(tx: Tx, programme: ProgrammeId, erasure: Erasure) -> bool:
    """Note an erasure; False where it was noted before."""
    values = {
        "programme": programme,
        "volunteer": erasure.volunteer,
        "reason": erasure.reason,
        "requested_by": erasure.requested_by,
        "approved_by": erasure.approved_by,
        "erased_at": erasure.erased_at,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None


_ALL = text("""
SELECT volunteer_id AS volunteer, reason, requested_by, approved_by, erased_at FROM erasures
WHERE programme_id = :programme ORDER BY volunteer_id
""")


async def fetch_erasures(reader: Reader, programme: ProgrammeId) -> Sequence[Erasure]:
    """Everybody who was erased."""
    return [Erasure(**row) for row in (await reader.execute(_ALL, {"programme": programme})).mappings()]


_ERASED_OF = "SELECT volunteer_id FROM erasures WHERE programme_id = $1 AND volunteer_id = ANY($2)"


async def fetch_erased(
    connection: BatchConnection, programme: ProgrammeId, volunteers: Collection[VolunteerId]
) -> Mapping[VolunteerId, bool]:
    """Those of these volunteers who were erased."""
    rows = await connection.fetch(_ERASED_OF, programme, list(volunteers))
    return {row["volunteer_id"]: True for row in rows}
