"""An application (礼遇申请) as its rules see it: opaque ids, a hash of frozen facts, who acted; nothing personal."""

from dataclasses import dataclass, field
from datetime import tzinfo

from app.core.applications.states import ApplicationEvent, ApplicationState, Level, Party, Route
from app.core.benefits.facts import FactChange
from app.core.ids import ApplicationId, UserId, VolunteerId
from app.core.quantities import Fen, Instant
from app.core.working_days import WorkingCalendar


@dataclass(frozen=True, slots=True)
class Acted:
    """What a reviewer has done in a case, for which level, however high they stand themselves."""

    user: UserId
    level: Level
    event: ApplicationEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application as it was last written down. The route is that of the benefit's version it was made under."""

    id: ApplicationId
    volunteer: VolunteerId
    benefit: str
    version: str
    route: Route
    state: ApplicationState
    since: Instant
    """When the state began."""
    entered_by: str
    """Who entered it, as the audit trail names them: the volunteer, or an official on behalf."""
    region: str
    """Where the applicant lives, as it was at submission."""
    created_at: Instant
    submitted_at: Instant | None = None
    term_from: Instant | None = None
    """When the investigation began: its term runs from here across the levels."""
    notice_until: Instant | None = None
    """When the notice ends, as it was published: a day declared off later does not move it."""
    facts_hash: bytes | None = None
    flagged: bool = False
    """The applicant is staff, or a relative of staff: registered separately, decided by the city only."""
    asked: bool = False
    """Missing material has been asked for: once, completely."""
    appealed: bool = False
    rejected_from: ApplicationState | None = None
    requested_fen: Fen | None = None
    amount_fen: Fen | None = None
    """What the investigation found right; the notice shows it."""
    valid_until: Instant | None = None
    revision: int = 1
    acted: tuple[Acted, ...] = ()

    @property
    def annulment_proposed_by(self) -> UserId | None:
        """Who proposed the annulment that is open; None when none is."""
        proposer = None
        for acted in self.acted:
            if acted.event is ApplicationEvent.PROPOSE_ANNULMENT:
                proposer = acted.user
            elif acted.event is ApplicationEvent.DISMISS_ANNULMENT:
                proposer = None
        return proposer


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who acts: as which party, and what excludes them."""

    party: Party
    reference: str
    user: UserId | None = None
    volunteer: VolunteerId | None = None
    level: Level | None = None
    relatives: frozenset[VolunteerId] = frozenset()
    accounts: frozenset[UserId] = frozenset()
    """All accounts of the same person: two of them are not two people."""

    def has_acted(self, user: UserId | None) -> bool:
        """Whether it was this person who acted, by whichever account."""
        return user is not None and (user == self.user or user in self.accounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What comes with a step."""

    reason: str = ""
    facts_hash: bytes | None = None
    """Of the facts of this moment."""
    seen_hash: bytes | None = None
    """Of the facts that the reviewer has looked at, where an approval rests on them."""
    eligible: bool = False
    differences: tuple[FactChange, ...] = ()
    amount_fen: Fen | None = None
    valid_until: Instant | None = None
    flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of an application's history. Lines are only ever appended."""

    event: ApplicationEvent
    before: ApplicationState
    after: ApplicationState
    actor: str
    at: Instant
    user: UserId | None = None
    level: Level | None = None
    reason: str = ""
    facts_hash: bytes | None = None
    differences: tuple[FactChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """An application after what has happened to it, and the lines to append."""

    application: Application
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Clerk:
    """What terms are counted with in one programme."""

    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    zone: tzinfo = field(kw_only=True)
