"""Predicates (对外核验): what other systems may ask of a volunteer and get a yes or no to, nothing more.

The list is closed. A question puts up to five of them to one day, and the answer is whether all of them hold, so that
nobody learns a figure by asking. It is judged by the facts of benefits, as known now (`benefits.facts`).
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256

from app.core.benefits.facts import HONOUR_RANKS, Facts
from app.core.benefits.model import Benefit, BenefitKind, Department
from app.core.honours import HonourLevel
from app.core.ids import ClientId, PredicatePermitId, VolunteerId, format_id
from app.core.quantities import Instant, Minutes

PREDICATES_MAX = 5


class PredicateKind(StrEnum):
    """What can be asked. A permit names the kinds that it allows."""

    STARS = "stars_at_least"
    MINUTES = "minutes_at_least"
    HONOUR = "honour_at_least"
    BENEFIT = "holds_benefit"
    CLEAN = "clean_record"
    """In good standing, and no adverse record in three years (良好记录): nothing was revoked for cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """One of them with its figure: stars, minutes (of the last `months`, or of all time), a level, or a benefit."""

    kind: PredicateKind
    stars: int = 0
    minutes: Minutes = Minutes(0)
    months: int | None = None
    level: HonourLevel | None = None
    benefit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whether all of these hold for a volunteer as of the end of a day. `nonce` is the asker's own."""

    volunteer: VolunteerId
    on: date
    predicates: tuple[Predicate, ...]
    nonce: str

    @property
    def kinds(self) -> frozenset[PredicateKind]:
        """What is asked for."""
        return frozenset(predicate.kind for predicate in self.predicates)

    def encode(self) -> bytes:
        """The canonical bytes: JSON, UTF-8, keys sorted, no spaces."""
        said = {
            "volunteer_id": format_id("vol", self.volunteer),
            "on": self.on.isoformat(),
            "predicates": [tell(predicate) for predicate in self.predicates],
            "nonce": self.nonce,
        }
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @property
    def hash(self) -> bytes:
        """What an answer names its question by: SHA-256 of the canonical bytes."""
        return sha256(self.encode()).digest()


_FIELDS = {
    PredicateKind.STARS: ("stars",),
    PredicateKind.MINUTES: ("minutes", "months"),
    PredicateKind.HONOUR: ("level",),
    PredicateKind.BENEFIT: ("benefit",),
    PredicateKind.CLEAN: (),
}


def tell(predicate: Predicate) -> dict[str, object]:
    """A predicate as it is written down: its kind, and the figures that belong to it."""
    given = asdict(predicate)
    figures = {name: given[name] for name in _FIELDS[predicate.kind] if given[name] is not None}
    return {"kind": predicate.kind.value, **figures}


_NOBODYS = Benefit(
    code="predicate",
    version="1",
    effective_from=date.min,
    kind=BenefitKind.PRIORITY,
    owner=Department(code="", name="", name_en=""),
    name="",
    name_en="",
    criteria=(),
)


def facts_wanted(question: Question) -> dict[int | None, Benefit]:
    """Facts are gathered for benefits: one that nobody can apply for, for each length of time that is asked about."""
    lengths = {p.months for p in question.predicates if p.kind is PredicateKind.MINUTES} or {None}
    return {months: replace(_NOBODYS, version=str(months), window_months=months) for months in lengths}


def holds(predicate: Predicate, facts: Facts) -> bool:
    """Whether one predicate holds. Facts of a time (`months`) must be those of that time."""
    match predicate.kind:
        case PredicateKind.STARS:
            return facts.stars >= predicate.stars
        case PredicateKind.MINUTES:
            served = facts.minutes if predicate.months is None else facts.window_minutes
            return served >= predicate.minutes
        case PredicateKind.HONOUR:
            wanted = HONOUR_RANKS.index(predicate.level or HonourLevel.OTHER) + 1
            return facts.honour_level >= wanted
        case PredicateKind.BENEFIT:
            return predicate.benefit in facts.held
        case PredicateKind.CLEAN:
            return facts.active and facts.adverse == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PredicatePermit:
    """A volunteer lets one system ask some kinds of question for some time, beside the consent to be asked about.

    Who receives personal information is named to the person, who agrees to each by itself (PIPL Art. 23).
    """

    id: PredicatePermitId
    client: ClientId
    kinds: frozenset[PredicateKind]
    given_at: Instant
    until: Instant
    revoked_at: Instant | None = None

    def allows(self, question: Question, at: Instant) -> bool:
        """Whether it covers all of a question at this moment."""
        standing = self.given_at <= at < self.until and (self.revoked_at is None or at < self.revoked_at)
        return standing and question.kinds <= self.kinds


def permit_for(permits: Iterable[PredicatePermit], question: Question, at: Instant) -> PredicatePermit | None:
    """The permit under which a question is answered; None when it may not be."""
    return next((permit for permit in permits if permit.allows(question, at)), None)


PERMIT_DAYS_MAX = 366


def permit_end(at: Instant, days: int) -> Instant:
    """When a permit of so many days ends."""
    return at + timedelta(days=days)
