"""Revoking a grant (撤销礼遇): its place goes to the next who waits; what it has used up stays used, mistakes aside.

Annulling one (撤回) is revoking it for an error of the office: its hours come back and it counts no more, also when it
was revoked for cause before, or is over.
"""

from dataclasses import dataclass, replace

from app.core.accounts import AccountKey, AccountKind
from app.core.benefit_grants import BenefitGrant, GrantState
from app.core.book import Accepted, Book, Decision, Needs
from app.core.codes import Code, Rejected
from app.core.ids import NOBODY, BenefitGrantId, PlaceId, TransactionId, format_id
from app.core.quantities import Instant
from app.core.rounds import PlaceState
from app.core.rows import Row
from app.core.seating import GrantSought
from app.core.seats import benefit_key, give_up, moved, round_key
from app.core.transactions import Reason, Transaction, TransactionKind, Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeGrant:
    """A grant ends: for cause, because it was a mistake (`for_error`: its hours come back), or its application ended.

    `by` is the actor's reference. The reasons in writing are kept with the application.
    """

    grant: BenefitGrantId
    transaction: TransactionId
    by: str
    for_error: bool = False

    def needs(self) -> Needs:
        """What must be in the book before this can be decided."""
        return Needs(seating=frozenset((GrantSought(self.grant),)))


def decide_revoke_grant(command: RevokeGrant, book: Book, at: Instant) -> Decision:
    """Decide a revocation: the place goes to the next who waits. What was used stays used, mistakes aside."""
    grant = book.seating.grants[command.grant]
    if grant is None:
        return Rejected(Code.NOT_FOUND)
    if grant.state is GrantState.REVOKED and grant.counted and command.for_error:
        return _annul_revoked(command, grant, book, at)
    if grant.state is not GrantState.APPROVED:
        return Rejected(Code.STATE_CONFLICT, {"state": grant.state.value})
    place = book.seating.places.get(PlaceId(grant.id))
    unused = command.for_error or (place is not None and place.state is PlaceState.WAITING)
    returned = _return(command, grant, at) if unused else None
    revoked = replace(
        grant,
        state=GrantState.REVOKED,
        counted=not unused,
        revoked_at=at,
        revoked_by=command.by,
        returned=command.transaction if returned else None,
    )
    rows: list[Row] = [revoked, moved(benefit_key(NOBODY, grant.benefit, grant.approved_at, book), -1, book)]
    if unused:
        rows.append(moved(benefit_key(grant.volunteer, grant.benefit, grant.approved_at, book), -1, book))
    terms = book.seating.rounds[place.round] if place else None
    if place and terms:
        rows += [
            *give_up(place, PlaceState.REVOKED, terms, book, at),
            moved(round_key(terms.id, place.volunteer), -1, book),
        ]
    return Accepted(transaction=returned, rows=tuple(rows), answer={"grant": format_id("bgr", grant.id)})


def _annul_revoked(command: RevokeGrant, grant: BenefitGrant, book: Book, at: Instant) -> Accepted:
    """It has ended already, and keeps when and by whom; what it used up comes back, and it counts no more."""
    returned = _return(command, grant, at)
    annulled = replace(grant, counted=False, returned=command.transaction if returned else None)
    own = benefit_key(grant.volunteer, grant.benefit, grant.approved_at, book)
    return Accepted(
        transaction=returned, rows=(annulled, moved(own, -1, book)), answer={"grant": format_id("bgr", grant.id)}
    )


def _return(command: RevokeGrant, grant: BenefitGrant, at: Instant) -> Transaction | None:
    if grant.window is None:
        return None
    hours = AccountKey(AccountKind.HOURS, grant.volunteer)
    return Transaction(
        id=command.transaction,
        kind=TransactionKind.RETURN_HOURS,
        actor=command.by,
        reason=Reason.GRANT_MISTAKEN if command.for_error else Reason.GRANT_NEVER_USED,
        occurred_at=at,
        transfers=(Transfer(grant.window.account, hours, grant.minutes),),
        document=format_id("bgr", grant.id),
        policy=f"{grant.benefit}@{grant.version}",
        reverses=grant.transaction,
    )
