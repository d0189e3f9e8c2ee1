"""The register of consent texts: which words are in force when, and which consents still hold under them."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.codes import Code, Rejected
from app.core.consent_texts import (
    ConsentDraft,
    ConsentText,
    ConsentWords,
    hash_of_version,
    is_asked_again,
    publish_draft,
    text_in_force,
)
from app.core.consents import Channel, Consent, GivenBy, Purpose
from app.core.ids import ConsentTextId, UserId

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
AUTHOR, PUBLISHER = UserId(UUID(int=1)), UserId(UUID(int=2))


def words(version: str = "1", zh: str = "同意", en: str = "I agree") -> ConsentWords:
    """Some words."""
    return ConsentWords(purpose=Purpose.HONOUR_WALL, version=version, text_zh=zh, text_en=en)


def a_draft(version: str = "1", *, ask_again: bool = False) -> ConsentDraft:
    """Words that one person wrote."""
    return ConsentDraft(
        id=ConsentTextId(UUID(int=9)),
        words=words(version),
        effective_from=NOON.date(),
        ask_again=ask_again,
        drafted_by=AUTHOR,
        drafted_at=NOON,
    )


def a_text(version: str, begins: int, *, ask_again: bool = False) -> ConsentText:
    """A text that is in force from an hour after noon."""
    published = publish_draft(a_draft(version, ask_again=ask_again), _hour(begins), PUBLISHER, NOON)
    assert isinstance(published, ConsentText)
    return published


def a_consent(given: int, version: str = "0") -> Consent:
    """A consent given an hour after noon."""
    return Consent(
        purpose=Purpose.HONOUR_WALL,
        version=version,
        given_at=_hour(given),
        channel=Channel.MINI_PROGRAM,
        withdrawn_at=None,
        given_by=GivenBy.SELF,
    )


def _hour(hour: int) -> datetime:
    return NOON + timedelta(hours=hour)


def test_two_people_publish_a_text() -> None:
    """Whoever wrote it does not."""
    assert publish_draft(a_draft(), NOON, AUTHOR, NOON) == Rejected(Code.SELF_REVIEW)
    assert isinstance(publish_draft(a_draft(), NOON, PUBLISHER, NOON), ConsentText)


@pytest.mark.parametrize("begins, in_force", [(-5, 0), (0, 0), (5, 5)])
def test_a_text_is_never_in_force_before_it_is_published(begins: int, in_force: int) -> None:
    """Its day may be over; then it begins at once."""
    assert a_text("1", begins).in_force_at == _hour(in_force)


def test_the_newest_that_has_begun_is_in_force() -> None:
    """Whatever the order in which they were published; one that is announced is not."""
    texts = (a_text("3", 9), a_text("1", 1), a_text("2", 5))
    versions = [
        found.words.version if (found := text_in_force(texts, _hour(at))) else None for at in (0, 1, 4, 5, 8, 9)
    ]
    assert versions == [None, "1", "1", "2", "2", "3"]


def test_a_consent_names_the_version_in_force() -> None:
    """Neither one before nor one that is announced; what is in force is told. Without any, all are unregistered."""
    texts = (a_text("1", 1), a_text("2", 5))
    assert hash_of_version(texts, "anything", _hour(0)) is None
    assert hash_of_version(texts, "1", _hour(1)) == words("1").hash
    refused = Rejected(Code.CONSENT_TEXT_NOT_IN_FORCE, {"version": "1"})
    assert hash_of_version(texts, "2", _hour(4)) == refused
    assert hash_of_version(texts, "1", _hour(5)) == Rejected(Code.CONSENT_TEXT_NOT_IN_FORCE, {"version": "2"})


def test_a_text_that_asks_again_ends_what_was_given_before() -> None:
    """From its moment on, not before; what was given under it or later holds. Other texts end nothing."""
    texts = (a_text("1", 1), a_text("2", 5, ask_again=True), a_text("3", 9))
    before, after = a_consent(2, "1"), a_consent(5, "2")
    assert [is_asked_again(before, texts, _hour(at)) for at in (4, 5, 12)] == [False, True, True]
    assert [is_asked_again(after, texts, _hour(at)) for at in (5, 12)] == [False, False]
    assert is_asked_again(a_consent(0, "unregistered"), texts, _hour(12))
    assert not is_asked_again(before, (a_text("1", 1), a_text("3", 9)), _hour(12))


PIECES = st.text(max_size=20)


@given(one=st.tuples(PIECES, PIECES, PIECES), other=st.tuples(PIECES, PIECES, PIECES))
def test_other_words_have_another_hash(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    """Version, Chinese and English each count, and nothing can be moved from one to another."""
    assert (words(*one).hash == words(*other).hash) is (one == other)


def test_anybody_can_recompute_the_hash() -> None:
    """As the contract tells it: a JSON array without spaces, in UTF-8."""
    said = json.dumps(["honour_wall", "1", "同意", "I agree"], ensure_ascii=False, separators=(",", ":"))
    assert words().hash == sha256(said.encode()).digest()
