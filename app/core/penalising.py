"""Posting a penalty that is final, and giving a posted one back.

What can be spent is taken, the lot that expires first in front; the rest becomes a debt: a balance goes below zero by
penalty and claw-back only, never by redemption (DOMAIN.md 2.3).
"""

from dataclasses import dataclass, replace

from app.core.book import Accepted, AnswerFields, Book, Decision, Needs
from app.core.claw_backs import take_from
from app.core.codes import Code, Rejected
from app.core.credits import credit_points
from app.core.ids import PenaltyId, TransactionId, UserId, format_id
from app.core.penalties import PenaltyState, PenaltyStep, is_final, move
from app.core.quantities import Instant
from app.core.transactions import Reason, Transaction, TransactionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalise:
    """A penalty is final: its points are taken."""

    penalty: PenaltyId
    transaction: TransactionId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided; the volunteer's accounts come with the penalty."""
        return Needs(penalties=frozenset((self.penalty,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftPenalty:
    """A posted penalty turns out to have been wrong: its points are given back."""

    penalty: PenaltyId
    transaction: TransactionId
    by: UserId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(penalties=frozenset((self.penalty,)))


def decide_penalise(command: Penalise, book: Book, at: Instant) -> Decision:
    """Decide the posting of a penalty: only of a final one. A warning is posted without a transaction."""
    penalty = book.penalties[command.penalty]
    if penalty is None:
        return Rejected(Code.NOT_FOUND)
    after = move(penalty.state, PenaltyStep.POST)
    if isinstance(after, Rejected):
        return after
    if not is_final(penalty, at):
        return Rejected(Code.STATE_CONFLICT, {"state": PenaltyState.CONFIRMED.value})
    answer: AnswerFields = {"penalty": format_id("pen", penalty.id), "points": penalty.points}
    if not penalty.points:
        return Accepted(rows=(replace(penalty, state=after),), answer=answer)
    today = book.programme.business_day(at)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.PENALISE,
            actor=format_id("usr", penalty.answered_by or penalty.confirmed_by or penalty.imposed_by),
            reason=Reason.PENALTY_FINAL,
            occurred_at=at,
            transfers=take_from(penalty.volunteer, penalty.points, book, today),
            document=format_id("pen", penalty.id),
            policy=penalty.policy,
        ),
        rows=(replace(penalty, state=after, transaction=command.transaction),),
        answer=answer,
    )


def decide_lift_penalty(command: LiftPenalty, book: Book, at: Instant) -> Decision:
    """Decide the lifting of a posted penalty: a debt is repaid first, the rest lives as long as points of today.

    The lots it was taken from may have passed their day meanwhile; whoever was wronged shall not lose by that.
    """
    penalty = book.penalties[command.penalty]
    if penalty is None:
        return Rejected(Code.NOT_FOUND)
    after = move(penalty.state, PenaltyStep.LIFT)
    if isinstance(after, Rejected):
        return after
    lifted = replace(penalty, state=after)
    answer: AnswerFields = {"penalty": format_id("pen", penalty.id), "points": penalty.points}
    if not penalty.points:
        return Accepted(rows=(lifted,), answer=answer)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.LIFT_PENALTY,
            actor=format_id("usr", command.by),
            reason=Reason.PENALTY_LIFTED,
            occurred_at=at,
            transfers=credit_points(penalty.volunteer, penalty.points, book.programme.expiry_of(at), book),
            document=format_id("pen", penalty.id),
            policy=penalty.policy,
            reverses=penalty.transaction,
        ),
        rows=(lifted,),
        answer=answer,
    )
