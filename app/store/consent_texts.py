"""The register of consent texts: drafts and published versions, both only ever appended to."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, text

from app.core.consent_texts import ConsentDraft, ConsentText, ConsentWords
from app.core.consents import Purpose
from app.core.ids import ConsentTextId, ProgrammeId
from app.store.database import Reader, Tx


def _words(row: RowMapping) -> ConsentWords:
    return ConsentWords(
        purpose=Purpose(row["purpose"]), version=row["version"], text_zh=row["text_zh"], text_en=row["text_en"]
    )


def _draft(row: RowMapping) -> ConsentDraft:
    return ConsentDraft(
        id=row["id"],
        words=_words(row),
        effective_from=row["effective_from"],
        ask_again=row["ask_again"],
        drafted_by=row["drafted_by"],
        drafted_at=row["drafted_at"],
    )


def _text(row: RowMapping) -> ConsentText:
    return ConsentText(
        words=_words(row),
        draft=row["draft_id"],
        ask_again=row["ask_again"],
        in_force_at=row["in_force_at"],
        drafted_by=row["drafted_by"],
        published_by=row["published_by"],
        published_at=row["published_at"],
    )


_TEXTS = text("""
SELECT * FROM consent_texts
WHERE programme_id = :programme AND (CAST(:purpose AS text) IS NULL OR purpose = :purpose)
ORDER BY purpose, in_force_at
""")


async def fetch_texts(
    reader: Reader | Tx, programme: ProgrammeId, purpose: Purpose | None = None
) -> Sequence[ConsentText]:
    """The published texts of a purpose, or of all, in the order in which they come into force."""
    values = {"programme": programme, "purpose": purpose.value if purpose else None}
    return [_text(row) for row in (await reader.execute(_TEXTS, values)).mappings()]


_DRAFT = text("SELECT * FROM consent_text_drafts WHERE programme_id = :programme AND id = :id")


async def fetch_draft(reader: Reader | Tx, programme: ProgrammeId, draft: ConsentTextId) -> ConsentDraft | None:
    """One draft, published or not."""
    row = (await reader.execute(_DRAFT, {"programme": programme, "id": draft})).mappings().one_or_none()
    return _draft(row) if row else None


_DRAFTS = text("""
SELECT d.* FROM consent_text_drafts d
WHERE d.programme_id = :programme AND d.id > :after AND NOT EXISTS (
    SELECT FROM consent_texts t
    WHERE t.programme_id = d.programme_id AND t.purpose = d.purpose AND t.version = d.version
)
ORDER BY d.id LIMIT :limit
""")


async def fetch_drafts(
    reader: Reader, programme: ProgrammeId, after: ConsentTextId, limit: int
) -> Sequence[ConsentDraft]:
    """Drafts that wait for a second person, in the order in which they were written."""
    values = {"programme": programme, "after": after, "limit": limit}
    return [_draft(row) for row in (await reader.execute(_DRAFTS, values)).mappings()]


_INSERT_DRAFT = text("""
INSERT INTO consent_text_drafts (programme_id, id, purpose, version, text_zh, text_en, text_hash, effective_from,
                                 ask_again, drafted_by, drafted_at)
VALUES (:programme, :id, :purpose, :version, :text_zh, :text_en, :text_hash, :effective_from, :ask_again, :drafted_by,
        :drafted_at)
""")
_INSERT_TEXT = text("""
INSERT INTO consent_texts (programme_id, purpose, version, draft_id, text_zh, text_en, text_hash, ask_again,
                           in_force_at, drafted_by, published_by, published_at)
VALUES (:programme, :purpose, :version, :draft, :text_zh, :text_en, :text_hash, :ask_again, :in_force_at, :drafted_by,
        :published_by, :published_at)
ON CONFLICT DO NOTHING RETURNING version
""")


def _values(programme: ProgrammeId, words: ConsentWords) -> dict[str, object]:
    return {
        "programme": programme,
        "purpose": words.purpose.value,
        "version": words.version,
        "text_zh": words.text_zh,
        "text_en": words.text_en,
        "text_hash": words.hash,
    }


async def insert_draft(tx: Tx, programme: ProgrammeId, draft: ConsentDraft) -> None:
    """Keep words that wait for a second person."""
    more = {
        "id": draft.id,
        "effective_from": draft.effective_from,
        "ask_again": draft.ask_again,
        "drafted_by": draft.drafted_by,
        "drafted_at": draft.drafted_at,
    }
    await tx.execute(_INSERT_DRAFT, {**_values(programme, draft.words), **more})


async def insert_text(tx: Tx, programme: ProgrammeId, published: ConsentText) -> bool:
    """Publish words; False when the version was published before, or another one begins at the same moment."""
    more = {
        "draft": published.draft,
        "ask_again": published.ask_again,
        "in_force_at": published.in_force_at,
        "drafted_by": published.drafted_by,
        "published_by": published.published_by,
        "published_at": published.published_at,
    }
    return (await tx.execute(_INSERT_TEXT, {**_values(programme, published.words), **more})).one_or_none() is not None
