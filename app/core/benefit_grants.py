"""Grants of benefits (礼遇授予) as rows, how many there may be, and the hours that one uses up."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from app.core.accounts import AccountKey, AccountKind
from app.core.ids import ApplicationId, BenefitGrantId, RoundId, TransactionId, UserId, VolunteerId
from app.core.quantities import Instant, Minutes
from app.core.rounds import Place, RoundStand


class Window(NamedTuple):
    """A volunteer's service from one business day to another, both counted: what qualifies for a benefit."""

    volunteer: VolunteerId
    since: date
    until: date

    @property
    def account(self) -> AccountKey:
        """Where the hours of it lie that grants have used up."""
        return AccountKey(AccountKind.CONSUMED, self.volunteer, f"{self.since}_{self.until}")

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.since <= day <= self.until

    def overlaps(self, part: str) -> bool:
        """Whether it shares a day with the window of a `consumed` account."""
        since, _, until = part.partition("_")
        return since <= self.until.isoformat() and until >= self.since.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantQuota:
    """How many grants of a benefit there may be; None: without limit. The quota of a batch is its round's.

    `per_person` and `per_year` count a calendar year; `held` is how many may be valid at a time (a share of the
    registered volunteers, worked out by whoever asks).
    """

    per_person: int | None = None
    per_year: int | None = None
    held: int | None = None


UNLIMITED = GrantQuota()


class GrantState(StrEnum):
    """What was decided of a grant. Whether it waits or is over follows from its place and from the time."""

    APPROVED = "approved"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitGrant:
    """A benefit given to a volunteer on an application; with a round it stands or waits as the place of that id does.

    `counted`: whether it counts against its person's limit; a revoked one does, unless it was a mistake or waited.
    `minutes` of the window `since` to `until` are used up by it (`transaction`), or were, until `returned` came.
    """

    id: BenefitGrantId
    state: GrantState
    application: ApplicationId
    volunteer: VolunteerId
    benefit: str
    version: str
    facts_hash: bytes
    approved_by: UserId
    approved_at: Instant
    valid_until: Instant | None
    round: RoundId | None = None
    minutes: Minutes = Minutes(0)
    since: date | None = None
    until: date | None = None
    transaction: TransactionId | None = None
    counted: bool = True
    revoked_at: Instant | None = None
    revoked_by: str | None = None
    returned: TransactionId | None = None

    @property
    def window(self) -> Window | None:
        """Whose hours of which time it has used up; None when it has used none."""
        if not self.minutes or self.since is None or self.until is None:
            return None
        return Window(self.volunteer, self.since, self.until)

    def is_valid(self, at: Instant) -> bool:
        """Whether it is neither revoked nor over."""
        return self.state is GrantState.APPROVED and (self.valid_until is None or at < self.valid_until)


SeatRow = RoundStand | Place | BenefitGrant
"""What commands about rounds and grants change."""
