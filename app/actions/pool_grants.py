"""Proposing grants from the pool. Deciding on them moves points: that is a command."""

from dataclasses import replace

from app.core.codes import Code, Rejected
from app.core.ids import ProgrammeId, UserId, VolunteerId
from app.core.pool import refuse_proposal
from app.core.pool_grants import PoolGrant
from app.security.actors import Actor
from app.security.words import Place
from app.store.database import Reader, Tx
from app.store.pool_grants import insert_pool_grant
from app.store.programmes import fetch_programme
from app.store.relatives import fetch_relatives
from app.store.users import fetch_user
from app.store.volunteers import fetch_volunteer
from app.store.words import seal_words


async def propose_pool_grant(tx: Tx, actor: Actor, grant: PoolGrant) -> PoolGrant | Rejected:
    """Propose a grant for a volunteer who is nobody of the proposer's own."""
    programme = await fetch_programme(tx, actor.programme)
    if programme is None or await fetch_volunteer(tx, actor.programme, grant.volunteer) is None:
        return Rejected(Code.NOT_FOUND)
    relatives = await fetch_relatives(tx, actor.programme, grant.proposed_by)
    if refusal := refuse_proposal(grant, actor.volunteer, relatives, programme.pool_grant_points):
        return refusal
    place, row = Place.POOL_REFERENCE, grant.id.hex
    reference = await seal_words(tx, actor.programme, grant.volunteer, place, row, grant.reference, grant.proposed_at)
    proposed = replace(grant, reference=reference)
    await insert_pool_grant(tx, actor.programme, proposed)
    return proposed


async def fetch_avoided(reader: Reader, programme: ProgrammeId, *users: UserId) -> frozenset[VolunteerId]:
    """To whom these users give nothing: themselves and their relatives, as they are registered now."""
    avoided: set[VolunteerId] = set()
    for user in users:
        avoided |= await fetch_relatives(reader, programme, user)
        found = await fetch_user(reader, programme, user)
        if found and found.volunteer:
            avoided.add(found.volunteer)
    return frozenset(avoided)
