"""Accrual policies while they are written: draft, reviewed by a second person, published or discarded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import RowMapping, text

from app.core.ids import BackTestId, ProgrammeId, UserId
from app.core.policies import AccrualPolicy
from app.store.back_tests import BODY_HASH
from app.store.database import Reader, Tx
from app.store.policy_bodies import decode_policy, encode_policy


class DraftState(StrEnum):
    """The life of a draft. A published one is a version: it is never edited and never taken back."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    PUBLISHED = "published"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDraft:
    """A policy being written, who has written on it, who has reviewed it. `revision` counts its changes.

    `back_test` is the last finished back-test of exactly this body, if there is one.
    """

    policy: AccrualPolicy
    state: DraftState
    revision: int
    authors: tuple[UserId, ...]
    created_at: datetime
    changed_at: datetime
    reviewed_by: UserId | None = None
    back_test: BackTestId | None = None


_COLUMNS = f"""CAST(body AS text) AS body, state, revision, authors, created_at, changed_at, reviewed_by, (
    SELECT t.back_test_id FROM back_test_reports t
    WHERE t.programme_id = d.programme_id AND t.version = d.version AND t.body_hash = {BODY_HASH.format("d")}
    ORDER BY t.back_test_id DESC LIMIT 1
) AS back_test"""


def _draft(row: RowMapping) -> PolicyDraft:
    return PolicyDraft(
        policy=decode_policy(row["body"]),
        state=DraftState(row["state"]),
        revision=row["revision"],
        authors=tuple(row["authors"]),
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        reviewed_by=row["reviewed_by"],
        back_test=row["back_test"],
    )


_FETCH = text(f"SELECT {_COLUMNS} FROM policy_drafts d WHERE programme_id = :programme AND version = :version")


async def fetch_draft(reader: Reader, programme: ProgrammeId, version: str) -> PolicyDraft | None:
    """One draft, whatever became of it."""
    row = (await reader.execute(_FETCH, {"programme": programme, "version": version})).mappings().one_or_none()
    return _draft(row) if row else None


_LOCK_DRAFT = text(f"{_FETCH.text} FOR UPDATE OF d")


async def lock_draft(tx: Tx, programme: ProgrammeId, version: str) -> PolicyDraft | None:
    """One draft, kept from others until the transaction ends."""
    row = (await tx.execute(_LOCK_DRAFT, {"programme": programme, "version": version})).mappings().one_or_none()
    return _draft(row) if row else None


_LIST = text(f"SELECT {_COLUMNS} FROM policy_drafts d WHERE programme_id = :programme ORDER BY created_at, version")


async def fetch_drafts(reader: Reader, programme: ProgrammeId) -> Sequence[PolicyDraft]:
    """All drafts, published and discarded ones too."""
    return [_draft(row) for row in (await reader.execute(_LIST, {"programme": programme})).mappings()]


_INSERT = text("""
INSERT INTO policy_drafts (programme_id, version, state, body, authors, created_at, changed_at)
SELECT :programme, :version, :state, CAST(:body AS json), CAST(:authors AS uuid[]), :created_at, :created_at
WHERE NOT EXISTS (SELECT FROM accrual_policies WHERE programme_id = :programme AND version = :version)
ON CONFLICT DO NOTHING RETURNING version
""")


async def insert_draft(tx: Tx, programme: ProgrammeId, draft: PolicyDraft) -> bool:
    """Add a draft; False when its name is taken by another or by a published version."""
    return (await tx.execute(_INSERT, _values(programme, draft))).one_or_none() is not None


_UPDATE = text("""
UPDATE policy_drafts SET state = :state, body = CAST(:body AS json), authors = CAST(:authors AS uuid[]),
    changed_at = :changed_at, reviewed_by = :reviewed_by, revision = :revision
WHERE programme_id = :programme AND version = :version
""")


async def update_draft(tx: Tx, programme: ProgrammeId, draft: PolicyDraft) -> None:
    """Write a locked draft's new state."""
    await tx.execute(_UPDATE, _values(programme, draft))


def _values(programme: ProgrammeId, draft: PolicyDraft) -> dict[str, object]:
    return {
        "programme": programme,
        "version": draft.policy.version,
        "state": draft.state.value,
        "revision": draft.revision,
        "body": encode_policy(draft.policy),
        "authors": list(draft.authors),
        "created_at": draft.created_at,
        "changed_at": draft.changed_at,
        "reviewed_by": draft.reviewed_by,
    }


_LOCK = text("SELECT next_seq FROM journal_heads WHERE programme_id = :programme FOR UPDATE")
_PRICED = text("SELECT max(day) FROM accruals WHERE programme_id = :programme AND day >= :since")


async def fetch_priced_day(tx: Tx, programme: ProgrammeId, since: date) -> date | None:
    """The last day from this one on whose service has been priced. Nothing more is priced until the end of `tx`."""
    await tx.execute(_LOCK, {"programme": programme})
    found: date | None = await tx.scalar(_PRICED, {"programme": programme, "since": since})
    return found
