"""Sealed words (密封文字): free text about a person, sealed with that person's data key wherever it is kept.

What is kept is itself a text that names its person and its place and can be read with neither, so that rows, kept
answers and audit rows carry it as they would carry the words; leaves hash it, and stay provable when the person's key
is destroyed. Words of one person about another are sealed twice, and go with either. The edge opens them, nobody else.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID

from app.core.ids import ProgrammeId, VolunteerId
from app.security.sealing import UnsealRefused
from app.security.vault import PersonKey

MARK = "sealed:"
"""How sealed words begin. Nobody may type a text that begins so."""

ERASED_WORDS = "（内容已随个人信息删除）Erased with the person's data."
"""What is read in the place of words whose key was destroyed."""


class Place(StrEnum):
    """Where words are kept: table and column."""

    APPLICATION_STATEMENT = "applications.statement"
    APPLICATION_MATERIAL = "applications.material"
    APPLICATION_STEP = "application_steps.reason"
    APPLICATION_OBJECTION = "application_objections.reason"
    APPLICATION_ANSWER = "application_objections.answer"
    OBJECTION_REASON = "objections.reason"
    OBJECTION_ANSWER = "objections.answer"
    PENALTY_EVIDENCE = "penalties.evidence"
    PENALTY_REASON = "penalties.reason"
    PENALTY_APPEAL = "penalties.appeal"
    PENALTY_ANSWER = "penalties.answer"
    ERASURE_REASON = "erasure_requests.reason"
    ERASURE_DECISION = "erasure_requests.decision"
    APPROVAL_REASON = "data_approvals.reason"
    READ_REASON = "data_reads.reason"
    HONOUR_REASON = "honour_states.reason"
    GUARDIANSHIP_EVIDENCE = "guardianships.evidence"
    POOL_REFERENCE = "pool_grants.reference"
    CLEARING_REASON = "record_marks.clearing_reason"
    CORRECTION_REASON = "corrections.reason"
    AUDIT_CHANGES = "audit_rows.changes"
    KEPT_ANSWER = "answers.outcome"


_FORM = rf"{MARK}([a-z][a-z0-9-]{{1,15}}):([0-9a-f]{{32}}):([a-z_]+\.[a-z_]+):([0-9a-zA-Z-]{{1,80}}):([0-9A-Za-z_=-]+)"
_WORDS = re.compile(_FORM)
IN_JSON = re.compile(f'"({_FORM})"')
"""Sealed words as a whole value of a JSON text: they need no escapes."""


@dataclass(frozen=True, slots=True)
class SealedWords:
    """Sealed words, taken apart: whose key opens them, what they are bound to."""

    programme: ProgrammeId
    volunteer: VolunteerId
    place: str
    row: str
    envelope: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Take sealed words apart; None for any other text."""
        found = _WORDS.fullmatch(text)
        if found is None:
            return None
        return cls(ProgrammeId(found[1]), VolunteerId(UUID(found[2])), found[3], found[4], found[5])


def is_sealed(text: str) -> bool:
    """Whether a text is sealed words."""
    return _WORDS.fullmatch(text) is not None


def seal_text(key: PersonKey, place: Place, row: str, text: str) -> str:
    """Seal words for their place in one row. Nothing said stays nothing."""
    if not text:
        return ""
    sealed = key.seal_bytes(f"{place.value}|{row}", text.encode())
    return f"{MARK}{key.programme}:{key.volunteer.hex}:{place.value}:{row}:{urlsafe_b64encode(sealed).decode()}"


def open_text(key: PersonKey, words: SealedWords) -> str:
    """Open words. Raises UnsealRefused for what was changed, or was sealed for another person, place or row."""
    try:
        sealed = urlsafe_b64decode(words.envelope)
    except ValueError as error:
        raise UnsealRefused from error
    return key.open_bytes(f"{words.place}|{words.row}", sealed).decode()


def find_sealed(json_text: str) -> frozenset[SealedWords]:
    """The sealed words that stand in a JSON text as whole values."""
    return frozenset(words for found in IN_JSON.finditer(json_text) if (words := SealedWords.parse(found[1])))
