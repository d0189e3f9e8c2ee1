"""Benefits while they are written: draft, reviewed by a second person, published or discarded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.benefits.model import Benefit
from app.core.ids import ProgrammeId, UserId
from app.store.benefit_bodies import decode_benefit, encode_benefit
from app.store.database import Reader, Tx
from app.store.policy_drafts import DraftState


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitDraft:
    """A version being written, who has written on it, who has reviewed it. `revision` counts its changes."""

    benefit: Benefit
    state: DraftState
    revision: int
    authors: tuple[UserId, ...]
    created_at: datetime
    changed_at: datetime
    reviewed_by: UserId | None = None


_COLUMNS = "CAST(body AS text) AS body, state, revision, authors, created_at, changed_at, reviewed_by"


def _draft(row: RowMapping) -> BenefitDraft:
    return BenefitDraft(
        benefit=decode_benefit(row["body"]),
        state=DraftState(row["state"]),
        revision=row["revision"],
        authors=tuple(row["authors"]),
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        reviewed_by=row["reviewed_by"],
    )


_FETCH = text(
    f"SELECT {_COLUMNS} FROM benefit_drafts WHERE programme_id = :programme AND code = :code AND version = :version"
)
_LOCK = text(f"{_FETCH.text} FOR UPDATE")


async def fetch_benefit_draft(reader: Reader, programme: ProgrammeId, code: str, version: str) -> BenefitDraft | None:
    """One draft, whatever became of it."""
    found = await reader.execute(_FETCH, {"programme": programme, "code": code, "version": version})
    row = found.mappings().one_or_none()
    return _draft(row) if row else None


async def lock_benefit_draft(tx: Tx, programme: ProgrammeId, code: str, version: str) -> BenefitDraft | None:
    """One draft, kept from others until the transaction ends."""
    found = await tx.execute(_LOCK, {"programme": programme, "code": code, "version": version})
    row = found.mappings().one_or_none()
    return _draft(row) if row else None


_LIST = text(
    f"SELECT {_COLUMNS} FROM benefit_drafts WHERE programme_id = :programme ORDER BY code, created_at, version"
)


async def fetch_benefit_drafts(reader: Reader, programme: ProgrammeId) -> Sequence[BenefitDraft]:
    """All drafts, published and discarded ones too."""
    return [_draft(row) for row in (await reader.execute(_LIST, {"programme": programme})).mappings()]


_INSERT = text("""
INSERT INTO benefit_drafts (programme_id, code, version, state, body, authors, created_at, changed_at)
VALUES (:programme, :code, :version, :state, CAST(:body AS json), CAST(:authors AS uuid[]), :created_at, :created_at)
ON CONFLICT DO NOTHING RETURNING version
""")


async def insert_benefit_draft(tx: Tx, programme: ProgrammeId, draft: BenefitDraft) -> bool:
    """Add a draft; False when its name is taken."""
    return (await tx.execute(_INSERT, _values(programme, draft))).one_or_none() is not None


_UPDATE = text("""
UPDATE benefit_drafts SET state = :state, body = CAST(:body AS json), authors = CAST(:authors AS uuid[]),
    changed_at = :changed_at, reviewed_by = :reviewed_by, revision = :revision
WHERE programme_id = :programme AND code = :code AND version = :version
""")


async def update_benefit_draft(tx: Tx, programme: ProgrammeId, draft: BenefitDraft) -> None:
    """Write a locked draft's new state."""
    await tx.execute(_UPDATE, _values(programme, draft))


def _values(programme: ProgrammeId, draft: BenefitDraft) -> dict[str, object]:
    return {
        "programme": programme,
        "code": draft.benefit.code,
        "version": draft.benefit.version,
        "state": draft.state.value,
        "revision": draft.revision,
        "body": encode_benefit(draft.benefit),
        "authors": list(draft.authors),
        "created_at": draft.created_at,
        "changed_at": draft.changed_at,
        "reviewed_by": draft.reviewed_by,
    }
