"""Sealed words: bound to their person, place and row, quiet about everything else."""

from base64 import urlsafe_b64decode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import ProgrammeId, VolunteerId
from app.security.sealing import UnsealRefused
from app.security.vault import PersonKey, make_person_vault
from app.security.words import MARK, Place, SealedWords, find_sealed, is_sealed, open_text, seal_text

CIXI = ProgrammeId("cixi")
SOMEONE, OTHER = VolunteerId(UUID(int=1)), VolunteerId(UUID(int=2))
VAULT = make_person_vault(bytes(32))
ROW = UUID(int=7).hex


def _key(volunteer: VolunteerId = SOMEONE) -> PersonKey:
    return VAULT.make(CIXI, volunteer)[0]


def _parsed(text: str) -> SealedWords:
    words = SealedWords.parse(text)
    assert words is not None
    return words


@given(st.text(min_size=1))
def test_words_come_back_as_they_were(said: str) -> None:
    """Whatever was written; what is kept names the person and the place, and shows nothing of the words."""
    key = _key()
    sealed = seal_text(key, Place.PENALTY_APPEAL, ROW, said)
    words = _parsed(sealed)
    assert open_text(key, words) == said
    assert (words.programme, words.volunteer, words.place, words.row) == (CIXI, SOMEONE, "penalties.appeal", ROW)
    assert said.encode() not in urlsafe_b64decode(words.envelope) or len(said.encode()) < 4


def test_nothing_said_stays_nothing() -> None:
    """An empty text is no text, sealed or not."""
    assert seal_text(_key(), Place.PENALTY_APPEAL, ROW, "") == ""


def test_the_same_words_look_different_each_time() -> None:
    """A short answer cannot be guessed by comparing."""
    key = _key()
    assert seal_text(key, Place.PENALTY_APPEAL, ROW, "不属实") != seal_text(key, Place.PENALTY_APPEAL, ROW, "不属实")


@pytest.mark.parametrize(
    "changed",
    [
        lambda sealed: sealed.replace("penalties.appeal", "penalties.answer"),
        lambda sealed: sealed.replace(ROW, UUID(int=8).hex),
        lambda sealed: sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:],
    ],
    ids=["another place", "another row", "another byte"],
)
def test_words_open_only_where_they_were_sealed(changed: "object") -> None:
    """A sealed text that was moved or changed does not open."""
    assert callable(changed)
    key = _key()
    moved = _parsed(changed(seal_text(key, Place.PENALTY_APPEAL, ROW, "我当天在医院")))
    with pytest.raises(UnsealRefused):
        open_text(key, moved)


def test_another_persons_key_opens_nothing() -> None:
    """Nor does a new key of the same person: what was erased stays erased."""
    words = _parsed(seal_text(_key(), Place.PENALTY_APPEAL, ROW, "我当天在医院"))
    for key in (_key(), _key(OTHER)):
        with pytest.raises(UnsealRefused):
            open_text(key, words)


def test_sealed_words_are_found_in_json_as_whole_values_only() -> None:
    """Text that only looks like it is left alone."""
    sealed = seal_text(_key(), Place.PENALTY_APPEAL, ROW, "我当天在医院")
    assert is_sealed(sealed)
    assert not is_sealed(f"{MARK}cixi")
    assert find_sealed(f'{{"appeal":"{sealed}","other":"so {sealed}"}}') == {_parsed(sealed)}
