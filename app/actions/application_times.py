"""What time and the ledger have done to applications, written down. Nothing waits for it, and twice does no harm."""

from collections.abc import Sequence
from datetime import datetime

from uuid_utils.compat import uuid7

from app.actions.application_hands import fetch_application_clerk
from app.actions.applications import Case, write_moved
from app.core.applications.deadlines import catch_up
from app.core.applications.deciding import decide_step
from app.core.applications.model import Given, Hand, Moved
from app.core.applications.states import ApplicationEvent, ApplicationState, Party
from app.core.codes import Rejected
from app.core.ids import ApplicationId, ProgrammeId, format_id
from app.store.applications import lock_application
from app.store.audit_rows import insert_audit_row
from app.store.database import Tx

_TIME = Hand(party=Party.TIME, reference="system")
_LEDGER = Hand(party=Party.LEDGER, reference="system")
_ENDED = (ApplicationState.WITHDRAWN, ApplicationState.REVOKED, ApplicationState.ANNULLED)


async def note_times(tx: Tx, programme: ProgrammeId, due: Sequence[ApplicationId], at: datetime) -> int:
    """Write down what time has done to these applications. Returns how many it was news of."""
    clerk = await fetch_application_clerk(tx, programme)
    # All locks before the first audit row: whoever acts on one of them waits for the trail's head too.
    views = [await lock_application(tx, programme, application) for application in due]
    noted = 0
    for view in views:
        moved = catch_up(view.application, clerk, at) if view else None
        if view is None or moved is None or not moved.steps:
            continue
        noted += 1
        await _write(tx, programme, Case(view, _TIME, clerk), moved, at, settled=view.settled)
    return noted


async def note_grant(
    tx: Tx, programme: ProgrammeId, application: ApplicationId, given: Given, event: ApplicationEvent, at: datetime
) -> bool:
    """Write down that the ledger has granted, or refused to; False when there is nothing to write any more."""
    view = await lock_application(tx, programme, application)
    if view is None or view.application.state is not ApplicationState.WAITING:
        return False
    clerk = await fetch_application_clerk(tx, programme)
    moved = decide_step(view.application, event, _LEDGER, given, clerk, at)
    if isinstance(moved, Rejected):
        return False
    await _write(tx, programme, Case(view, _LEDGER, clerk), moved, at, settled=True)
    return True


async def note_late_grant(tx: Tx, programme: ProgrammeId, application: ApplicationId, at: datetime) -> bool:
    """A grant came when its application had ended meanwhile: it is to be ended too."""
    view = await lock_application(tx, programme, application)
    if view is None or view.application.state not in _ENDED:
        return False
    clerk = await fetch_application_clerk(tx, programme)
    await write_moved(tx, programme, Case(view, _LEDGER, clerk), Moved(view.application), at, settled=False)
    return True


async def note_settled(tx: Tx, programme: ProgrammeId, application: ApplicationId, at: datetime) -> bool:
    """Write down that nothing is left in the ledger of an application that has ended."""
    view = await lock_application(tx, programme, application)
    if view is None or view.settled or view.application.state is ApplicationState.WAITING:
        return False
    clerk = await fetch_application_clerk(tx, programme)
    await write_moved(tx, programme, Case(view, _LEDGER, clerk), Moved(view.application), at, settled=True)
    return True


async def _write(tx: Tx, programme: ProgrammeId, case: Case, moved: Moved, at: datetime, *, settled: bool) -> None:
    await write_moved(tx, programme, case, moved, at, settled=settled)
    for step in moved.steps:
        await insert_audit_row(
            tx,
            programme,
            uuid7(),
            actor="system",
            action=f"application.{step.event.value}",
            subject=format_id("app", moved.application.id),
            changes={"from": step.before.value, "to": step.after.value, "at": step.at.isoformat()},
            at=at,
        )
