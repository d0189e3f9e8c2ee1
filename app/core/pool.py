"""Giving out of the pool (积分池发放): what was donated goes to a volunteer, on the word of two.

The pool never gives more than it holds, nor more than the programme allows at once and to one person in a year. A
debt is repaid first, as by any accrual. A gift to the pool names nobody, and neither of the two who decide gives to
themselves or their family: so points move from person to person in no way.
"""

from dataclasses import dataclass, replace
from datetime import date

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted, Book, Decision, Needs
from app.core.codes import Code, Rejected
from app.core.credits import credit_points
from app.core.ids import PoolGrantId, TransactionId, UserId, VolunteerId, format_id
from app.core.pool_grants import PoolGrant, PoolGrantState
from app.core.quantities import Instant
from app.core.rows import Tally, TallyKey
from app.core.transactions import Reason, Transaction, TransactionKind
from app.core.volunteers import VolunteerStatus

GRANT_SCOPE = "pool-grants"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFromPool:
    """A second person approves a proposed grant. `avoid`: whom neither of the two may give to."""

    grant: PoolGrantId
    transaction: TransactionId
    volunteer: VolunteerId
    by: UserId
    avoid: frozenset[VolunteerId] = frozenset()

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(volunteers=frozenset((self.volunteer,)), pool_grants=frozenset((self.grant,)), policies=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPoolGrant:
    """A proposed grant is given up."""

    grant: PoolGrantId
    by: UserId

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(pool_grants=frozenset((self.grant,)))


def decide_grant_from_pool(command: GrantFromPool, book: Book, at: Instant) -> Decision:
    """Decide an approval. The first of: unknown, decided already, own or family's, gone, above a limit, pool empty."""
    grant = book.pool_grants[command.grant]
    if grant is None or grant.volunteer != command.volunteer:
        return Rejected(Code.NOT_FOUND)
    today = book.programme.business_day(at)
    if refusal := _refuse(grant, command, book, today):
        return refusal
    last_day = _last_day(book, at, today)
    granted = replace(
        grant,
        state=PoolGrantState.GRANTED,
        decided_by=command.by,
        decided_at=at,
        expires_on=last_day,
        transaction=command.transaction,
    )
    key = granted_key(grant.volunteer, today)
    return Accepted(
        transaction=Transaction(
            id=command.transaction,
            kind=TransactionKind.GRANT,
            actor=format_id("usr", command.by),
            reason=Reason.GRANTED_FROM_POOL,
            occurred_at=at,
            transfers=credit_points(grant.volunteer, grant.points, last_day, book, out_of=AccountKind.POOL),
            document=format_id("pgr", grant.id),
        ),
        rows=(granted, Tally(key, book.tally(key) + grant.points)),
        answer={"grant": format_id("pgr", grant.id)},
    )


def decide_cancel_pool_grant(command: CancelPoolGrant, book: Book, at: Instant) -> Decision:
    """Decide the giving up of a proposal: whoever may decide may, also the one who made it."""
    grant = book.pool_grants[command.grant]
    if grant is None:
        return Rejected(Code.NOT_FOUND)
    if grant.state is not PoolGrantState.PROPOSED:
        return Rejected(Code.STATE_CONFLICT, {"state": grant.state.value})
    cancelled = replace(grant, state=PoolGrantState.CANCELLED, decided_by=command.by, decided_at=at)
    return Accepted(rows=(cancelled,), answer={"grant": format_id("pgr", grant.id)})


def refuse_proposal(
    grant: PoolGrant, proposer_is: VolunteerId | None, relatives: frozenset[VolunteerId], most: int
) -> Rejected | None:
    """Why a grant cannot even be proposed; None when it can. The limits of the year are looked at on approval."""
    if grant.volunteer == proposer_is or grant.volunteer in relatives:
        return Rejected(Code.SELF_REVIEW)
    return Rejected(Code.QUOTA_EXCEEDED, {"limit": "grant", "points_max": most}) if grant.points > most else None


def granted_key(volunteer: VolunteerId, day: date) -> TallyKey:
    """Where the points are counted that the pool has given a volunteer in the year of a day."""
    return TallyKey(volunteer, GRANT_SCOPE, str(day.year))


def _refuse(grant: PoolGrant, command: GrantFromPool, book: Book, today: date) -> Rejected | None:
    if grant.state is not PoolGrantState.PROPOSED:
        return Rejected(Code.STATE_CONFLICT, {"state": grant.state.value})
    if command.by == grant.proposed_by or grant.volunteer in command.avoid:
        return Rejected(Code.SELF_REVIEW)
    volunteer = book.volunteers[grant.volunteer]
    if volunteer is None or volunteer.status is not VolunteerStatus.ACTIVE:
        return Rejected(Code.ACCOUNT_FROZEN)
    programme = book.programme
    if grant.points > programme.pool_grant_points:
        return Rejected(Code.QUOTA_EXCEEDED, {"limit": "grant", "points_max": programme.pool_grant_points})
    left = max(0, programme.pool_year_points - book.tally(granted_key(grant.volunteer, today)))
    if grant.points > left:
        return Rejected(Code.QUOTA_EXCEEDED, {"limit": "volunteer", "period": "year", "left": left})
    held = book.balance(AccountKey(AccountKind.POOL))
    return Rejected(Code.NOT_ENOUGH, {"available": held}) if held < grant.points else None


def _last_day(book: Book, at: Instant, today: date) -> date:
    """The last day of points that come today: by the policy in force, else by the programme's own rule."""
    in_force = [policy for policy in book.policies if policy.effective_from <= today]
    policy = max(in_force, key=lambda each: (each.effective_from, each.version), default=None)
    return policy.expiry.last_day(today) if policy and policy.expiry else book.programme.expiry_of(at)
