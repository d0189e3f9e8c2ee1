"""Correction orders as they are stored, each with the impact that was last previewed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, text

from app.core.correction_impacts import Impact
from app.core.correction_orders import CorrectionOrder, CorrectionScope, CorrectionState
from app.core.ids import CorrectionId, ProgrammeId, UserId
from app.store.correction_bodies import decode_amendment, decode_impact, encode_amendment, encode_impact
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """An order and its preview, once there is one."""

    order: CorrectionOrder
    impact: Impact | None = None


_COLUMNS = """id, state, revision, record_id, volunteer_id, team_id, activity_id, verifier_id, since, until, teams,
       CAST(amendment AS text) AS amendment, reason, evidence, author_id, created_at, changed_at,
       CAST(impact AS text) AS impact, set_hash, approved_by, approved_at"""


def _view(row: RowMapping) -> CorrectionView:
    scope = CorrectionScope(
        record=row["record_id"],
        volunteer=row["volunteer_id"],
        team=row["team_id"],
        activity_id=row["activity_id"],
        verifier=row["verifier_id"],
        since=row["since"],
        until=row["until"],
        teams=row["teams"],
    )
    order = CorrectionOrder(
        id=row["id"],
        state=CorrectionState(row["state"]),
        revision=row["revision"],
        scope=scope,
        amendment=decode_amendment(row["amendment"]),
        reason=row["reason"],
        evidence=row["evidence"],
        author=row["author_id"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        set_hash=row["set_hash"],
        approved_by=row["approved_by"],
        approved_at=row["approved_at"],
    )
    return CorrectionView(order, decode_impact(row["impact"]))


_FETCH = text(f"SELECT {_COLUMNS} FROM corrections WHERE programme_id = :programme AND id = :id")
_LOCK = text(f"{_FETCH.text} FOR UPDATE")


async def fetch_correction(
    reader: Reader | Tx, programme: ProgrammeId, correction: CorrectionId
) -> CorrectionView | None:
    """One order."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": correction})).mappings().one_or_none()
    return _view(row) if row else None


async def lock_correction(tx: Tx, programme: ProgrammeId, correction: CorrectionId) -> CorrectionView | None:
    """One order, kept from others until the transaction ends."""
    row = (await tx.execute(_LOCK, {"programme": programme, "id": correction})).mappings().one_or_none()
    return _view(row) if row else None


_LIST = text(f"""
SELECT {_COLUMNS} FROM corrections
WHERE programme_id = :programme AND id > :after AND (CAST(:state AS text) IS NULL OR state = :state)
  AND (CAST(:author AS uuid) IS NULL OR author_id = :author)
ORDER BY id LIMIT :limit
""")


async def fetch_corrections(
    reader: Reader,
    programme: ProgrammeId,
    after: CorrectionId,
    limit: int,
    *,
    state: CorrectionState | None = None,
    author: UserId | None = None,
) -> Sequence[CorrectionView]:
    """The orders after a given one, in the order they were drafted; those in a state, of an author."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "state": state.value if state else None,
        "author": author,
    }
    return [_view(row) for row in (await reader.execute(_LIST, values)).mappings()]


_INSERT = text("""
INSERT INTO corrections (programme_id, id, state, revision, record_id, volunteer_id, team_id, activity_id, verifier_id,
    since, until, teams, amendment, reason, evidence, author_id, created_at, changed_at)
VALUES (:programme, :id, :state, :revision, :record, :volunteer, :team, :activity_id, :verifier, :since, :until,
    CAST(:teams AS uuid[]), CAST(:amendment AS json), :reason, :evidence, :author, :created_at, :created_at)
""")


async def insert_correction(tx: Tx, programme: ProgrammeId, order: CorrectionOrder) -> None:
    """Add a draft."""
    scope = order.scope
    values = {
        "programme": programme,
        "id": order.id,
        "state": order.state.value,
        "revision": order.revision,
        "record": scope.record,
        "volunteer": scope.volunteer,
        "team": scope.team,
        "activity_id": scope.activity_id,
        "verifier": scope.verifier,
        "since": scope.since,
        "until": scope.until,
        "teams": None if scope.teams is None else list(scope.teams),
        "amendment": encode_amendment(order.amendment),
        "reason": order.reason,
        "evidence": order.evidence,
        "author": order.author,
        "created_at": order.created_at,
    }
    await tx.execute(_INSERT, values)


_UPDATE = text("""
UPDATE corrections SET state = :state, revision = :revision, changed_at = :changed_at,
    impact = CAST(:impact AS json), set_hash = :set_hash, approved_by = :approved_by, approved_at = :approved_at
WHERE programme_id = :programme AND id = :id
""")


async def update_correction(tx: Tx, programme: ProgrammeId, view: CorrectionView) -> None:
    """Write the new state of an order that is locked."""
    order = view.order
    values = {
        "programme": programme,
        "id": order.id,
        "state": order.state.value,
        "revision": order.revision,
        "changed_at": order.changed_at,
        "impact": encode_impact(view.impact),
        "set_hash": order.set_hash,
        "approved_by": order.approved_by,
        "approved_at": order.approved_at,
    }
    await tx.execute(_UPDATE, values)
