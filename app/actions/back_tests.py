"""Back-tests on their way: asked for, and called off. A job does the work and keeps the report."""

from datetime import date, datetime

from app.core.audit_trail import Edited
from app.core.business_days import business_day
from app.core.codes import Code, Rejected
from app.core.ids import BackTestId, ProgrammeId, UserId
from app.core.quantities import BrokenInvariant
from app.store.back_tests import BackTest, cancel, fetch_back_test, insert_back_test
from app.store.database import Tx
from app.store.policy_drafts import DraftState, lock_draft
from app.store.programmes import fetch_zone


async def ask_for_back_test(
    tx: Tx,
    programme: ProgrammeId,
    version: str,
    back_test: BackTestId,
    *,
    since: date,
    until: date,
    by: UserId,
    at: datetime,
) -> BackTest | Rejected:
    """Ask for a back-test of a draft as it is now, over service of the past."""
    draft = await lock_draft(tx, programme, version)
    if draft is None:
        return Rejected(Code.NOT_FOUND)
    if draft.state is DraftState.DISCARDED:
        return Rejected(Code.STATE_CONFLICT, {"state": draft.state.value})
    today = business_day(at, await fetch_zone(tx, programme))
    if until > today:
        return Rejected(Code.STATE_CONFLICT, {"state": "not-over", "today": today.isoformat()})
    await insert_back_test(tx, programme, back_test, version, (since, until), by, at)
    return await _found(tx, programme, back_test)


async def cancel_back_test(
    tx: Tx, programme: ProgrammeId, version: str, back_test: BackTestId, at: datetime
) -> Edited[BackTest] | Rejected:
    """Call off one that has not come to its end."""
    found = await fetch_back_test(tx, programme, back_test)
    if found is None or found.version != version:
        return Rejected(Code.NOT_FOUND)
    if not await cancel(tx, programme, back_test, at):
        found = await _found(tx, programme, back_test)
        return Rejected(Code.STATE_CONFLICT, {"state": found.state.value})
    return Edited(found, await _found(tx, programme, back_test))


async def _found(tx: Tx, programme: ProgrammeId, back_test: BackTestId) -> BackTest:
    found = await fetch_back_test(tx, programme, back_test)
    if found is None:
        raise BrokenInvariant(f"back-test {back_test} is not there")
    return found
