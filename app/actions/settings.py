"""Settings of a programme that have no revision: each is changed under the programme's lock, seen before and after."""

from collections.abc import Mapping
from datetime import datetime

from app.core.audit_trail import Edited
from app.core.ids import ProgrammeId
from app.core.suspicions import SuspicionLimits
from app.core.working_days import WorkingCalendar
from app.store.database import Tx
from app.store.login_settings import LoginSettings, fetch_login_settings, set_login_settings
from app.store.programmes import lock_settings
from app.store.record_marks import fetch_limits, set_limits
from app.store.working_days import OwnDay, fetch_own_days, set_own_day


async def change_own_day(tx: Tx, programme: ProgrammeId, own: OwnDay, at: datetime) -> Edited[OwnDay]:
    """Say whether a day is worked. Before the programme's first word on it: what the announced calendar has."""
    await lock_settings(tx, programme)
    said = {each.day: each for each in await fetch_own_days(tx, programme)}
    before = said.get(own.day) or OwnDay(own.day, WorkingCalendar({}).is_worked(own.day), "")
    await set_own_day(tx, programme, own, at)
    return Edited(before, own)


async def change_limits(tx: Tx, programme: ProgrammeId, limits: Mapping[str, int]) -> Edited[SuspicionLimits]:
    """Set some limits of suspicion; the others stay."""
    await lock_settings(tx, programme)
    before = await fetch_limits(tx, programme)
    await set_limits(tx, programme, limits)
    return Edited(before, await fetch_limits(tx, programme))


async def change_login_settings(
    tx: Tx, programme: ProgrammeId, settings: LoginSettings, at: datetime
) -> Edited[LoginSettings]:
    """Say what is asked of those who log in."""
    await lock_settings(tx, programme)
    before = await fetch_login_settings(tx, programme)
    await set_login_settings(tx, programme, settings, at)
    return Edited(before, settings)
