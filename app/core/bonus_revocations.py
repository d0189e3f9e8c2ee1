"""Taking bonuses back: that of an honour that was withdrawn, that of a referral of whose service nothing stands.

Unspent lots first, the bonus's own in front; what is spent of it becomes a debt. Each is taken back once.
"""

from dataclasses import dataclass
from uuid import UUID

from app.core.bonuses import REASONS, Bonus, BonusKey, BonusKind
from app.core.book import Accepted, AnswerFields, Book, Decision, Needs
from app.core.claw_backs import take_from
from app.core.codes import Code, Rejected
from app.core.ids import BonusId, RecordId, TransactionId, VolunteerId, format_id
from app.core.quantities import Instant
from app.core.rows import RecordState
from app.core.transactions import Transaction, TransactionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeHonourBonus:
    """An honour was withdrawn: what it gave is taken back, and what is spent of it becomes a debt."""

    bonus: BonusId
    honour: UUID
    volunteer: VolunteerId
    transaction: TransactionId

    @property
    def keys(self) -> tuple[BonusKey, BonusKey]:
        """What was given, and its taking back."""
        return BonusKey(BonusKind.HONOUR, self.honour), BonusKey(BonusKind.HONOUR_WITHDRAWN, self.honour)

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(volunteers=frozenset((self.volunteer,)), bonuses=frozenset(self.keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeReferralBonus:
    """The service for which a referral was rewarded was withdrawn, and nothing that earns stands beside it."""

    bonus: BonusId
    referred: VolunteerId
    record: RecordId
    """A record of the referred volunteer that was withdrawn."""
    volunteer: VolunteerId
    """Who referred them."""
    transaction: TransactionId

    @property
    def keys(self) -> tuple[BonusKey, BonusKey]:
        """What was given, and its taking back."""
        return BonusKey(BonusKind.REFERRAL, self.referred), BonusKey(BonusKind.REFERRAL_WITHDRAWN, self.referred)

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(
            volunteers=frozenset((self.volunteer,)), bonuses=frozenset(self.keys), records=frozenset((self.record,))
        )


def decide_revoke_honour_bonus(command: RevokeHonourBonus, book: Book, at: Instant) -> Decision:
    """Decide the taking back of an honour's bonus. The first of: never given to them, taken back before."""
    given, taken = (book.bonuses[key] for key in command.keys)
    if given is None or given.volunteer != command.volunteer:
        return Rejected(Code.NOT_FOUND)
    if taken is not None:
        return Rejected(Code.ALREADY_EXISTS)
    return _take_back(given, BonusKind.HONOUR_WITHDRAWN, command.bonus, command.transaction, book, at)


def decide_revoke_referral_bonus(command: RevokeReferralBonus, book: Book, at: Instant) -> Decision:
    """Decide the taking back of a referral's bonus.

    The first of: never given to them, no record of the referred, taken back before, a record that stands.
    """
    given, taken = (book.bonuses[key] for key in command.keys)
    record = book.records[command.record]
    if given is None or given.volunteer != command.volunteer:
        return Rejected(Code.NOT_FOUND)
    if record is None or record.volunteer != command.referred:
        return Rejected(Code.NOT_FOUND)
    if taken is not None:
        return Rejected(Code.ALREADY_EXISTS)
    if record.state is not RecordState.WITHDRAWN:
        return Rejected(Code.STATE_CONFLICT, {"state": record.state.value})
    return _take_back(given, BonusKind.REFERRAL_WITHDRAWN, command.bonus, command.transaction, book, at)


def _take_back(
    given: Bonus, kind: BonusKind, bonus_id: BonusId, transaction: TransactionId, book: Book, at: Instant
) -> Accepted:
    today = book.programme.business_day(at)
    bonus = Bonus(
        id=bonus_id,
        kind=kind,
        cause=given.cause,
        volunteer=given.volunteer,
        day=today,
        points=given.points,
        policy=given.policy,
        level=given.level,
        transaction=transaction if given.points else None,
        revokes=given.id,
    )
    answer: AnswerFields = {"bonus": format_id("bon", bonus.id), "points": bonus.points}
    if not given.points:
        return Accepted(rows=(bonus,), answer=answer)
    return Accepted(
        transaction=Transaction(
            id=transaction,
            kind=TransactionKind.REVOKE_BONUS,
            actor="system",
            reason=REASONS[kind],
            occurred_at=at,
            transfers=take_from(given.volunteer, given.points, book, today, first=given.expires_on),
            document=format_id("bon", bonus.id),
            policy=given.policy,
            reverses=given.transaction,
        ),
        rows=(bonus,),
        answer=answer,
    )
