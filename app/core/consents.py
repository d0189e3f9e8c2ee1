"""Consents (同意): what a volunteer agreed to, in which words, and when it was taken back.

PIPL Art. 14-17 (DOMAIN.md 4.1): each purpose by itself, again when the text changes, withdrawn as easily as given.
Under 14 the guardian gives it (Art. 31). What was lawful before a withdrawal stays so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.codes import Code, Rejected
from app.core.ids import ConsentId
from app.core.minors import CONSENT_AGE
from app.core.quantities import Instant


class Purpose(StrEnum):
    """What consent is asked for, each by itself. A purpose that the law carries alone is not among them."""

    DATA_REGISTRATION = "data_registration"
    """Name, phone and document for the real-name check (实名认证)."""
    WECHAT_LOGIN = "wechat_login"
    BENEFIT_APPLICATION = "benefit_application"
    """Facts and material of an application for a benefit (礼遇申请)."""
    PREDICATE_ANSWER = "predicate_answer"
    """A yes or no to another authority (对外核验)."""
    HONOUR_WALL = "honour_wall"
    """Masked name in public (荣誉墙公开, Art. 25)."""
    MINOR_GUARDIAN = "minor_guardian"
    """The guardian's, for a child's data as such (监护人同意, Art. 31)."""


class Channel(StrEnum):
    """Where it was said."""

    MINI_PROGRAM = "mini_program"
    WEB = "web"
    PAPER = "paper"
    """Signed on paper, kept by whoever enters it (线下签署)."""
    IMPORT = "import"
    """In the older system that its people were imported from (旧系统)."""


class GivenBy(StrEnum):
    """Who spoke."""

    SELF = "self"
    GUARDIAN = "guardian"


class ConsentStep(StrEnum):
    """What a row of the ledger says."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRow:
    """One step: given or withdrawn. Rows are only ever added."""

    id: ConsentId
    purpose: Purpose
    number: int
    step: ConsentStep
    version: str
    channel: Channel
    given_by: GivenBy
    actor: str
    at: Instant
    text_hash: bytes | None = None
    """Of the words that were shown (`consent_texts`); None: the version was not registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One consent from when it was given until it was withdrawn, or replaced by one to a newer text."""

    purpose: Purpose
    version: str
    given_at: Instant
    channel: Channel
    withdrawn_at: Instant | None
    given_by: GivenBy

    def holds(self, at: Instant) -> bool:
        """Whether it was in force at that moment."""
        return self.given_at <= at and (self.withdrawn_at is None or at < self.withdrawn_at)


def consent_at(rows: Iterable[ConsentRow], at: Instant) -> Consent | None:
    """The consent that was in force at a moment, from the rows of one purpose in their order."""
    found = None
    for row in rows:
        if row.step is ConsentStep.WITHDRAWN and found and found.withdrawn_at is None:
            found = replace(found, withdrawn_at=row.at)
        elif row.step is ConsentStep.GIVEN:
            if row.at > at:
                break
            found = Consent(
                purpose=row.purpose,
                version=row.version,
                given_at=row.at,
                channel=row.channel,
                withdrawn_at=None,
                given_by=row.given_by,
            )
    return found if found and found.holds(at) else None


def refuse_giver(age: int | None, purpose: Purpose, given_by: GivenBy) -> Rejected | None:
    """Why this person may not give this consent: below 14 the guardian does, and only a guardian gives a guardian's.

    An age nobody knows is taken for grown up: who gives consent says so for themselves.
    """
    if given_by is GivenBy.SELF and (purpose is Purpose.MINOR_GUARDIAN or (age is not None and age < CONSENT_AGE)):
        return Rejected(Code.GUARDIAN_REQUIRED, {"needed": GivenBy.GUARDIAN.value})
    return None
