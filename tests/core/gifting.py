"""Grants from the pool in a city's history: proposed and approved, given up; and a family with a limit."""

from app.core.accounts import AccountKey, AccountKind
from app.core.family_links import FamilyKey, FamilyLink, FamilyLinkState, Kinship
from app.core.ids import FamilyLinkId, PoolGrantId, TransactionId, VolunteerId
from app.core.pool import CancelPoolGrant, GrantFromPool
from app.core.pool_grants import GrantPurpose, PoolGrant, PoolGrantState
from app.core.quantities import Points
from tests.core.builders import NOW, RECORDER, VERIFIER, named
from tests.core.ledger import MemoryLedger
from tests.core.moments import Moment
from tests.core.steps import PEOPLE, Step

FAMILY = {
    FamilyKey(PEOPLE[0], PEOPLE[1]): FamilyLink(
        id=FamilyLinkId(named("link")),
        state=FamilyLinkState.ACTIVE,
        owner=PEOPLE[0],
        member=PEOPLE[1],
        kinship=Kinship.SPOUSE,
        monthly_points=Points(60),
        proposed_at=NOW,
        changed_at=NOW,
    )
}
"""The second volunteer may spend the first one's points."""


def member_for(volunteer: VolunteerId, step: Step) -> VolunteerId | None:
    """Who of the family shows the code: of the first volunteer's, now and then the second; blindly, nobody's member."""
    if step.about != 3 or (volunteer != PEOPLE[0] and not step.blind):
        return None
    return PEOPLE[1] if volunteer == PEOPLE[0] else None


def give(
    ledger: MemoryLedger, step: Step, number: int, volunteer: VolunteerId, transaction: TransactionId
) -> Moment | None:
    """A grant out of what the pool holds, approved at once; every fourth is left open, and given up some time later.

    Mostly for who owes something. Now and then one that the pool cannot give; blindly, one approved by who proposed
    it, or approved twice.
    """
    waiting = [row for row in ledger.pool_grants.values() if row.state is PoolGrantState.PROPOSED or step.blind]
    if step.percent % 4 == 0 and waiting:
        return Moment(commands=(CancelPoolGrant(grant=waiting[-1].id, by=RECORDER),))
    held = ledger.balances.get(AccountKey(AccountKind.POOL), 0)
    if not held and not step.blind:
        return None
    owing = [person for person in PEOPLE if ledger.balances.get(AccountKey(AccountKind.DEBT, person))]
    volunteer = owing[0] if owing and step.about else volunteer
    most = min(held, ledger.programme.pool_grant_points)
    too_much = step.percent % (3 if step.blind else 7) == 0
    grant = PoolGrant(
        id=PoolGrantId(named("grant", number)),
        state=PoolGrantState.PROPOSED,
        volunteer=volunteer,
        points=Points(held + 1 if too_much else max(1, most * step.percent // 100)),
        purpose=GrantPurpose.RECOGNITION,
        reference="",
        proposed_by=RECORDER,
        proposed_at=ledger.now,
    )
    by = RECORDER if step.blind and step.about % 2 else VERIFIER
    approve = GrantFromPool(grant=grant.id, transaction=transaction, volunteer=volunteer, by=by)
    again = GrantFromPool(
        grant=grant.id, transaction=TransactionId(named("granted again", number)), volunteer=volunteer, by=by
    )
    if step.percent % 4 == 1:
        return Moment(grants=(grant,))
    return Moment(grants=(grant,), commands=(approve, again) if step.blind else (approve,))
