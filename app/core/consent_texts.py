"""The register of consent texts (告知书登记): which words of a purpose are in force, and what they make of consents.

PIPL Art. 14 and 17: who agrees knows the words, and is asked again when what they agreed to changes. A text is written
by one person and published by another; what was published is never changed, a newer version takes its place.

While a purpose has no text in force, any version may be named, and nothing is known of its words: it is unregistered,
as all consents from before the register are. Those hold on until a version begins that asks everybody again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from app.core.codes import Code, Rejected
from app.core.consents import Consent, Purpose
from app.core.ids import ConsentTextId, UserId
from app.core.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWords:
    """What is shown to whoever is asked: both languages, under the name of a version."""

    purpose: Purpose
    version: str
    text_zh: str
    text_en: str

    @property
    def hash(self) -> bytes:
        """SHA-256 of `canonical`: what a consent remembers of the words."""
        return sha256(self.canonical).digest()

    @property
    def canonical(self) -> bytes:
        """A JSON array of purpose, version, Chinese and English text: UTF-8, no spaces."""
        said = [self.purpose.value, self.version, self.text_zh, self.text_en]
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDraft:
    """Words that somebody wrote, which a second person has to publish. `ask_again`: older consents end with them."""

    id: ConsentTextId
    words: ConsentWords
    effective_from: date
    ask_again: bool
    drafted_by: UserId
    drafted_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """Published words: in force from a moment on, until a newer version is."""

    words: ConsentWords
    draft: ConsentTextId
    ask_again: bool
    in_force_at: Instant
    drafted_by: UserId
    published_by: UserId
    published_at: Instant


def publish_draft(draft: ConsentDraft, begins: Instant, by: UserId, at: Instant) -> ConsentText | Rejected:
    """Publish words: by somebody who did not write them, in force from 00:00 of their day, never before this moment."""
    if by == draft.drafted_by:
        return Rejected(Code.SELF_REVIEW)
    return ConsentText(
        words=draft.words,
        draft=draft.id,
        ask_again=draft.ask_again,
        in_force_at=max(begins, at),
        drafted_by=draft.drafted_by,
        published_by=by,
        published_at=at,
    )


def text_in_force(texts: Sequence[ConsentText], at: Instant) -> ConsentText | None:
    """Of the texts of one purpose the newest that has begun; None when none has."""
    begun = [text for text in texts if text.in_force_at <= at]
    return max(begun, key=lambda text: text.in_force_at, default=None)


def hash_of_version(texts: Sequence[ConsentText], version: str, at: Instant) -> bytes | Rejected | None:
    """The hash of the words that a consent names; None where the purpose has none; refused when others are in force."""
    current = text_in_force(texts, at)
    if current is None:
        return None
    if current.words.version != version:
        return Rejected(Code.CONSENT_TEXT_NOT_IN_FORCE, {"version": current.words.version})
    return current.words.hash


def is_asked_again(consent: Consent, texts: Sequence[ConsentText], at: Instant) -> bool:
    """Whether a text has begun since that asks everybody again: then the consent holds no longer."""
    return any(text.ask_again and consent.given_at < text.in_force_at <= at for text in texts)
