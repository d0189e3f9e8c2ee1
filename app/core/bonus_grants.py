"""Granting bonuses (奖励积分). Each cause is settled exactly once; taking back is in `bonus_revocations`."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from app.core.bonuses import REASONS, Bonus, BonusKey, BonusKind, points_for, policy_of_day
from app.core.book import Accepted, AnswerFields, Book, Decision, Needs
from app.core.codes import Code, Rejected
from app.core.credits import credit_points
from app.core.honours import HonourLevel
from app.core.ids import BonusId, TransactionId, VolunteerId, format_id
from app.core.policies import AccrualPolicy
from app.core.programmes import Programme
from app.core.quantities import Instant, Points
from app.core.rows import Tally, TallyKey
from app.core.transactions import Transaction, TransactionKind
from app.core.volunteers import VolunteerStatus

REFERRAL_SCOPE = "referral"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantBonus:
    """A cause of a bonus has come: an honour stands, a referred volunteer has served, a volunteer has registered."""

    bonus: BonusId
    kind: BonusKind
    cause: UUID
    volunteer: VolunteerId
    day: date
    """The day of the cause: its policy gives the points, whenever the command comes."""
    transaction: TransactionId
    level: HonourLevel | None = None

    @property
    def key(self) -> BonusKey:
        """What it settles."""
        return BonusKey(self.kind, self.cause)

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(volunteers=frozenset((self.volunteer,)), bonuses=frozenset((self.key,)), policies=True)


def decide_grant_bonus(command: GrantBonus, book: Book, at: Instant) -> Decision:
    """Decide a bonus by the policy of its day. Where it gives nothing, the row says so and nothing is posted.

    Nothing: no policy, none for this kind or level, the referrer's year is full, the volunteer has left, or the points
    would already have expired.
    """
    if book.bonuses[command.key] is not None:
        return Rejected(Code.ALREADY_EXISTS)
    volunteer = book.volunteers[command.volunteer]
    if volunteer is None:
        return Rejected(Code.NOT_FOUND)
    policy = policy_of_day(book.policies, command.day)
    points = points_for(policy, command.kind, command.level) if policy else Points(0)
    if volunteer.status is VolunteerStatus.LEFT or (policy and _is_full(command, policy, book)):
        points = Points(0)
    last_day = _last_day(policy, command.day, book.programme) if policy else command.day
    if last_day < book.programme.business_day(at):
        points = Points(0)
    bonus = Bonus(
        id=command.bonus,
        kind=command.kind,
        cause=command.cause,
        volunteer=command.volunteer,
        day=command.day,
        points=points,
        policy=policy.version if policy else "",
        level=command.level,
        expires_on=last_day if points else None,
        transaction=command.transaction if points else None,
    )
    answer: AnswerFields = {"bonus": format_id("bon", bonus.id), "points": points}
    if not points:
        return Accepted(rows=(bonus,), answer=answer)
    counted = (_count(command, book),) if command.kind is BonusKind.REFERRAL else ()
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.BONUS,
            actor="system",
            reason=REASONS[command.kind],
            occurred_at=at,
            transfers=credit_points(command.volunteer, points, last_day, book),
            document=format_id("bon", bonus.id),
            policy=bonus.policy,
        ),
        rows=(bonus, *counted),
        answer=answer,
    )


def referral_key(volunteer: VolunteerId, day: date) -> TallyKey:
    """Where the rewarded referrals of a volunteer are counted, by the year of their day."""
    return TallyKey(volunteer, REFERRAL_SCOPE, str(day.year))


def _is_full(command: GrantBonus, policy: AccrualPolicy, book: Book) -> bool:
    most = policy.bonuses.referrals_a_year
    if command.kind is not BonusKind.REFERRAL or most is None:
        return False
    return book.tally(referral_key(command.volunteer, command.day)) >= most


def _count(command: GrantBonus, book: Book) -> Tally:
    key = referral_key(command.volunteer, command.day)
    return Tally(key, book.tally(key) + 1)


def _last_day(policy: AccrualPolicy, day: date, programme: Programme) -> date:
    """The last day of a bonus, as if it had been earned on its day."""
    if policy.expiry:
        return policy.expiry.last_day(day)
    return programme.expiry_of(datetime.combine(day, time(12), programme.zone).astimezone(UTC))
