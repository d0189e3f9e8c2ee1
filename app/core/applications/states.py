"""The states of an application (礼遇申请) and what leads from one to another, as data (DOMAIN.md 3.3).

What is not in the table is not possible. A benefit's route says which of the stages an application passes: the village
helps and gives an opinion, the town investigates, the notice hears the public, the city decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType

from app.core.benefits.model import Benefit, BenefitLevel


class ApplicationState(StrEnum):
    """The life of an application."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    MATERIAL_REQUESTED = "material-requested"
    VILLAGE_REVIEW = "village-review"
    TOWN_REVIEW = "town-review"
    PUBLICITY = "publicity"
    OBJECTION = "objection"
    CITY_REVIEW = "city-review"
    WAITING = "waiting"
    """Approved by all levels; it waits until the ledger gives it a place of the quota."""
    APPROVED = "approved"
    REFERRED = "referred"
    ACCEPTED_BY_AUTHORITY = "accepted-by-authority"
    DECLINED_BY_AUTHORITY = "declined-by-authority"
    FULFILLED = "fulfilled"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    ANNULLED = "annulled"
    """The office was wrong to grant it: as if it had never been granted."""
    EXPIRED = "expired"
    APPEALED = "appealed"


class ApplicationEvent(StrEnum):
    """What can happen to one."""

    SUBMIT = "submit"
    SUPPLY = "supply"
    WITHDRAW = "withdraw"
    APPEAL = "appeal"
    REQUEST_MATERIAL = "request-material"
    TAKE_IN = "take-in"
    ENDORSE = "endorse"
    OPPOSE = "oppose"
    """The opinion of a level that does not decide: it goes on with the case, it does not end it."""
    REJECT = "reject"
    OBJECT = "object"
    REINVESTIGATE = "reinvestigate"
    END_PUBLICITY = "end-publicity"
    APPROVE = "approve"
    GRANT = "grant"
    REFUSE_GRANT = "refuse-grant"
    REFER = "refer"
    AUTHORITY_ACCEPTS = "authority-accepts"
    AUTHORITY_DECLINES = "authority-declines"
    FULFIL = "fulfil"
    REVOKE = "revoke"
    PROPOSE_ANNULMENT = "propose-annulment"
    """Somebody finds that the office was wrong to approve: nothing changes before a second person agrees."""
    DISMISS_ANNULMENT = "dismiss-annulment"
    ANNUL = "annul"
    UPHOLD_APPEAL = "uphold-appeal"
    DISMISS_APPEAL = "dismiss-appeal"
    LAPSE = "lapse"


class Level(IntEnum):
    """The levels of review, the lowest first."""

    VILLAGE = 1
    TOWN = 2
    CITY = 3


class Party(StrEnum):
    """Who may do something to an application."""

    APPLICANT = "applicant"
    REVIEWER = "reviewer"
    """Of the level that the state asks for, or of one above."""
    NEIGHBOUR = "neighbour"
    """Any other volunteer, who read the notice."""
    TIME = "time"
    LEDGER = "ledger"
    """The command that decides about quota and consumed hours."""


class Need(StrEnum):
    """What a step asks for besides its state and its party."""

    REASON = "reason"
    FACTS = "facts"
    """The facts of this moment: frozen when it is submitted, compared with those later."""
    ELIGIBLE = "eligible"
    """By the facts of this moment: nobody approves past the published criteria."""
    FIRST_REQUEST = "first-request"
    FIRST_APPEAL = "first-appeal"
    IN_TIME = "in-time"
    EXTERNAL = "external"
    INTERNAL = "internal"
    FLAGGED = "flagged"
    UNFLAGGED = "unflagged"
    UNTOUCHED = "untouched"
    """By somebody who has not decided anything in this case."""
    APPROVED_BEFORE = "approved-before"
    """It was approved once: else there is nothing to annul."""
    UNPROPOSED = "unproposed"
    PROPOSED = "proposed"
    """An annulment is proposed and was not dismissed since."""
    SECOND_PERSON = "second-person"
    """By somebody else than whoever proposed it."""


S = ApplicationState
E = ApplicationEvent
N = Need
_FIRST = (S.VILLAGE_REVIEW, S.TOWN_REVIEW, S.PUBLICITY, S.CITY_REVIEW)


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table: where it can lead, by whom, and what it needs. The route chooses among several ends."""

    by: Party
    ends: tuple[ApplicationState, ...]
    needs: frozenset[Need] = frozenset()


def _by(party: Party, *ends: ApplicationState, needs: tuple[Need, ...] = ()) -> Move:
    return Move(party, ends, frozenset(needs))


_REJECT = _by(Party.REVIEWER, S.REJECTED, needs=(N.REASON, N.FACTS))
_WITHDRAW = {
    (state, E.WITHDRAW): _by(Party.APPLICANT, S.WITHDRAWN)
    for state in (
        S.DRAFT,
        S.SUBMITTED,
        S.MATERIAL_REQUESTED,
        S.VILLAGE_REVIEW,
        S.TOWN_REVIEW,
        S.PUBLICITY,
        S.OBJECTION,
        S.CITY_REVIEW,
        S.WAITING,
        S.APPEALED,
    )
}
_REVOKE = {
    (state, E.REVOKE): _by(Party.REVIEWER, S.REVOKED, needs=(N.REASON,))
    for state in (S.WAITING, S.APPROVED, S.REFERRED, S.ACCEPTED_BY_AUTHORITY, S.FULFILLED)
}
_ANNULLABLE = (
    S.WAITING,
    S.APPROVED,
    S.REFERRED,
    S.ACCEPTED_BY_AUTHORITY,
    S.DECLINED_BY_AUTHORITY,
    S.FULFILLED,
    S.REVOKED,
    S.EXPIRED,
)
"""Wherever a grant may be or have been. One that was revoked for cause keeps its hours used up until it is annulled."""
_BEFORE = N.APPROVED_BEFORE
_ANNUL = {
    (state, event): _by(Party.REVIEWER, end or state, needs=(N.REASON, _BEFORE, *needs))
    for state in _ANNULLABLE
    for event, end, needs in (
        (E.PROPOSE_ANNULMENT, None, (N.UNPROPOSED,)),
        (E.DISMISS_ANNULMENT, None, (N.PROPOSED,)),
        (E.ANNUL, S.ANNULLED, (N.PROPOSED, N.SECOND_PERSON)),
    )
}
_MOVES = {
    (S.DRAFT, E.SUBMIT): _by(Party.APPLICANT, S.SUBMITTED, needs=(N.FACTS,)),
    (S.SUBMITTED, E.REQUEST_MATERIAL): _by(Party.REVIEWER, S.MATERIAL_REQUESTED, needs=(N.REASON, N.FIRST_REQUEST)),
    (S.MATERIAL_REQUESTED, E.SUPPLY): _by(Party.APPLICANT, S.SUBMITTED),
    (S.MATERIAL_REQUESTED, E.LAPSE): _by(Party.TIME, S.EXPIRED),
    (S.SUBMITTED, E.TAKE_IN): _by(Party.REVIEWER, *_FIRST),
    (S.VILLAGE_REVIEW, E.ENDORSE): _by(Party.REVIEWER, *_FIRST[1:], needs=(N.FACTS,)),
    (S.VILLAGE_REVIEW, E.OPPOSE): _by(Party.REVIEWER, *_FIRST[1:], needs=(N.REASON, N.FACTS)),
    (S.TOWN_REVIEW, E.ENDORSE): _by(Party.REVIEWER, *_FIRST[2:], needs=(N.FACTS,)),
    (S.TOWN_REVIEW, E.OPPOSE): _by(Party.REVIEWER, *_FIRST[2:], needs=(N.REASON, N.FACTS, N.FLAGGED)),
    (S.TOWN_REVIEW, E.REJECT): _by(Party.REVIEWER, S.REJECTED, needs=(N.REASON, N.FACTS, N.UNFLAGGED)),
    (S.PUBLICITY, E.END_PUBLICITY): _by(Party.TIME, S.CITY_REVIEW),
    (S.PUBLICITY, E.OBJECT): _by(Party.NEIGHBOUR, S.OBJECTION, needs=(N.REASON,)),
    (S.OBJECTION, E.OBJECT): _by(Party.NEIGHBOUR, S.OBJECTION, needs=(N.REASON, N.IN_TIME)),
    (S.OBJECTION, E.REINVESTIGATE): _by(
        Party.REVIEWER, S.VILLAGE_REVIEW, S.TOWN_REVIEW, S.PUBLICITY, needs=(N.REASON,)
    ),
    (S.CITY_REVIEW, E.APPROVE): _by(Party.REVIEWER, S.WAITING, needs=(N.FACTS, N.ELIGIBLE)),
    (S.CITY_REVIEW, E.REJECT): _REJECT,
    (S.WAITING, E.GRANT): _by(Party.LEDGER, S.APPROVED),
    (S.WAITING, E.REFUSE_GRANT): _by(Party.LEDGER, S.CITY_REVIEW, needs=(N.REASON,)),
    (S.APPROVED, E.REFER): _by(Party.REVIEWER, S.REFERRED, needs=(N.EXTERNAL, N.FACTS)),
    (S.APPROVED, E.FULFIL): _by(Party.REVIEWER, S.FULFILLED, needs=(N.INTERNAL, N.FACTS)),
    (S.APPROVED, E.LAPSE): _by(Party.TIME, S.EXPIRED),
    (S.REFERRED, E.AUTHORITY_ACCEPTS): _by(Party.REVIEWER, S.ACCEPTED_BY_AUTHORITY),
    (S.REFERRED, E.AUTHORITY_DECLINES): _by(Party.REVIEWER, S.DECLINED_BY_AUTHORITY, needs=(N.REASON,)),
    (S.ACCEPTED_BY_AUTHORITY, E.FULFIL): _by(Party.REVIEWER, S.FULFILLED, needs=(N.FACTS,)),
    (S.REJECTED, E.APPEAL): _by(Party.APPLICANT, S.APPEALED, needs=(N.REASON, N.FIRST_APPEAL, N.IN_TIME)),
    (S.APPEALED, E.UPHOLD_APPEAL): _by(Party.REVIEWER, S.TOWN_REVIEW, S.CITY_REVIEW, needs=(N.REASON, N.UNTOUCHED)),
    (S.APPEALED, E.DISMISS_APPEAL): _by(Party.REVIEWER, S.REJECTED, needs=(N.REASON, N.UNTOUCHED)),
    **_WITHDRAW,
    **_REVOKE,
    **_ANNUL,
}
MOVES: Mapping[tuple[ApplicationState, ApplicationEvent], Move] = MappingProxyType(_MOVES)
"""The transition table."""

OPEN = frozenset(state for state, event in _MOVES if event is E.WITHDRAW) | {
    S.APPROVED,
    S.REFERRED,
    S.ACCEPTED_BY_AUTHORITY,
}
"""The states in which something is still to come: one application for each benefit at a time."""


_LEVEL_NAMES = {BenefitLevel.VILLAGE: Level.VILLAGE, BenefitLevel.TOWN: Level.TOWN, BenefitLevel.CITY: Level.CITY}


@dataclass(frozen=True, slots=True)
class Route:
    """Which stages the applications for a benefit pass. The city always decides, so it is not said."""

    levels: frozenset[Level]
    publicity_days: int
    external: bool = False
    """Whether an authority outside decides in the end, and all that we can do is refer."""

    @property
    def stages(self) -> tuple[ApplicationState, ...]:
        """The stages in their order; the last is the city's review."""
        passed = {
            S.VILLAGE_REVIEW: Level.VILLAGE in self.levels,
            S.TOWN_REVIEW: Level.TOWN in self.levels,
            S.PUBLICITY: self.publicity_days > 0,
            S.CITY_REVIEW: True,
        }
        return tuple(stage for stage, is_passed in passed.items() if is_passed)

    def after(self, stage: ApplicationState) -> ApplicationState:
        """The stage that follows one."""
        stages = self.stages
        return stages[stages.index(stage) + 1]

    @property
    def investigating(self) -> ApplicationState:
        """Where an objection leads: to the last review before the notice; without one the notice itself begins anew."""
        stages = self.stages
        return stages[max(0, stages.index(S.PUBLICITY) - 1)]


def route_of(benefit: Benefit) -> Route:
    """The route of a benefit's version."""
    levels = frozenset(_LEVEL_NAMES[level] for level in benefit.levels)
    return Route(levels, benefit.publicity_days, benefit.external_decision)


_LEVELS = {S.VILLAGE_REVIEW: Level.VILLAGE, S.TOWN_REVIEW: Level.TOWN}


def level_asked(state: ApplicationState, route: Route) -> Level:
    """The level whose people act on an application in a state, or those above it."""
    match state:
        case S.SUBMITTED | S.MATERIAL_REQUESTED:
            return _LEVELS.get(route.stages[0], Level.CITY)
        case S.OBJECTION:
            return _LEVELS.get(route.investigating, Level.CITY)
        case _:
            return _LEVELS.get(state, Level.CITY)
