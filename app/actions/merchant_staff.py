"""A merchant's staff: managers look after it themselves, and never lock themselves out."""

from dataclasses import replace
from datetime import datetime

from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import MerchantId, UserId
from app.core.sessions import EndedBy
from app.security.actors import ROLE_SCOPES, Actor, ActorKind, StaffRole
from app.store.database import Tx
from app.store.merchants import lock_merchant
from app.store.sessions import end_sessions_of
from app.store.users import User, disable_user, fetch_user, has_other_manager, update_role


async def _lock_member(
    tx: Tx, actor: Actor, merchant: MerchantId, user: UserId, *, still_manager: bool
) -> User | Rejected:
    """A member of a merchant's staff, who may become what they are about to be.

    Only an administrator may leave a merchant without a manager: the one who does it could not undo it. The lock
    on the merchant makes two managers who disable each other do it one after the other.
    """
    if not actor.sees(merchant) or await lock_merchant(tx, actor.programme, merchant) is None:
        return Rejected(Code.NOT_FOUND)
    found = await fetch_user(tx, actor.programme, user)
    if found is None or found.kind is not ActorKind.MERCHANT_STAFF or found.merchant != merchant:
        return Rejected(Code.NOT_FOUND)
    leaves = found.role is StaffRole.MANAGER and not found.disabled_at and not still_manager
    if not leaves or actor.kind is not ActorKind.MERCHANT_STAFF:
        return found
    if await has_other_manager(tx, actor.programme, merchant, user):
        return found
    return Rejected(Code.STATE_CONFLICT, {"state": "last-manager"})


async def stop_member(
    tx: Tx, actor: Actor, merchant: MerchantId, user: UserId, at: datetime
) -> Edited[User] | Rejected:
    """Let a member of the staff log in no more. Doing it twice changes nothing."""
    found = await _lock_member(tx, actor, merchant, user, still_manager=False)
    if isinstance(found, Rejected):
        return found
    if found.disabled_at:
        return Edited(found, found)
    await disable_user(tx, actor.programme, user, at)
    await end_sessions_of(tx, actor.programme, user, EndedBy.DISABLED, at)
    return Edited(found, replace(found, disabled_at=at))


async def set_role(
    tx: Tx, actor: Actor, merchant: MerchantId, user: UserId, role: StaffRole, at: datetime
) -> Edited[User] | Rejected:
    """Give a member of the staff another role, from their next log-in on; who loses by it has to log in anew."""
    found = await _lock_member(tx, actor, merchant, user, still_manager=role is StaffRole.MANAGER)
    if isinstance(found, Rejected):
        return found
    await update_role(tx, actor.programme, user, role)
    if found.role and not ROLE_SCOPES[found.role] <= ROLE_SCOPES[role]:
        await end_sessions_of(tx, actor.programme, user, EndedBy.ADMINISTRATOR, at)
    return Edited(found, replace(found, role=role))
