"""Consent texts on the wire: what is drafted, what is published, and how anybody recomputes a hash."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from app.api.bodies import Answer, Body
from app.api.consent_fields import TextVersion
from app.api.fields import UserRef
from app.core.consent_texts import ConsentDraft, ConsentText, ConsentWords
from app.core.consents import Purpose
from app.core.ids import format_id
from app.core.quantities import Instant

TextHash = Annotated[
    str,
    Field(
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the JSON array [purpose, version, text_zh, text_en]: UTF-8, no spaces",
        examples=["9f86d081884c7d659a2feaa0c55ad015" * 2],
    ),
]
DraftRef = Annotated[str, Field(pattern="^ctd_[0-9a-f]{32}$", examples=["ctd_0190c6f0a1b27c3d8e9f00112233aabb"])]


def _refuse_unprintable(text: str) -> str:
    """Lines of text, and nothing that no page shows."""
    if any(not (each.isprintable() or each == "\n") for each in text) or text != text.strip():
        raise ValueError("lines of text without control characters, and no spaces around them")
    return text


Words = Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(_refuse_unprintable)]


class TextStanding(StrEnum):
    """Where a published text stands."""

    IN_FORCE = "in_force"
    ANNOUNCED = "announced"
    SUPERSEDED = "superseded"


class ConsentTextDraftRequest(Body):
    """The words of a new version, in both languages."""

    purpose: Purpose
    version: TextVersion
    text_zh: Annotated[Words, Field(examples=["为办理礼遇申请，我们将核对您的服务时长、星级与表彰记录。"])]
    text_en: Annotated[Words, Field(examples=["To decide your application we look at your hours, stars and honours."])]
    effective_from: Annotated[date, Field(description="In force from 00:00 of this day, never before it is published")]
    ask_again: Annotated[
        bool, Field(description="Consents that were given before end when this begins: everybody is asked again")
    ] = False

    def to_words(self) -> ConsentWords:
        """The words that this body says."""
        return ConsentWords(purpose=self.purpose, version=self.version, text_zh=self.text_zh, text_en=self.text_en)


class ConsentTextDraftAnswer(Answer):
    """Words that wait for a second person."""

    id: DraftRef
    purpose: Purpose
    version: str
    text_zh: str
    text_en: str
    sha256: TextHash
    effective_from: date
    ask_again: bool
    drafted_by: UserRef
    drafted_at: datetime


class ConsentTextDraftPage(Answer):
    """Drafts in the order in which they were written."""

    drafts: list[ConsentTextDraftAnswer]
    next: str | None


class ConsentTextAnswer(Answer):
    """Published words. They never change: a consent that names their hash names exactly these."""

    purpose: Purpose
    version: str
    text_zh: str
    text_en: str
    sha256: TextHash
    in_force_at: datetime
    ask_again: bool
    standing: TextStanding


class ConsentTextList(Answer):
    """For each purpose the words in force, and those that are announced."""

    texts: list[ConsentTextAnswer]


def render_draft(draft: ConsentDraft) -> ConsentTextDraftAnswer:
    """A draft as answers carry it."""
    words = draft.words
    return ConsentTextDraftAnswer(
        id=format_id("ctd", draft.id),
        purpose=words.purpose,
        version=words.version,
        text_zh=words.text_zh,
        text_en=words.text_en,
        sha256=words.hash.hex(),
        effective_from=draft.effective_from,
        ask_again=draft.ask_again,
        drafted_by=format_id("usr", draft.drafted_by),
        drafted_at=draft.drafted_at,
    )


def render_text(text: ConsentText, current: ConsentText | None, at: Instant) -> ConsentTextAnswer:
    """A published text as it stands at a moment, beside the one of its purpose that is in force."""
    standing = TextStanding.ANNOUNCED if text.in_force_at > at else TextStanding.SUPERSEDED
    words = text.words
    return ConsentTextAnswer(
        purpose=words.purpose,
        version=words.version,
        text_zh=words.text_zh,
        text_en=words.text_en,
        sha256=words.hash.hex(),
        in_force_at=text.in_force_at,
        ask_again=text.ask_again,
        standing=TextStanding.IN_FORCE if text == current else standing,
    )


class ConsentTextFile(Body):
    """A file of texts, as `liyu consent-texts load` takes it."""

    texts: Annotated[tuple[ConsentTextDraftRequest, ...], Field(max_length=100)]
