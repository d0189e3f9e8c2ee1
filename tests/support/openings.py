"""Opening sheets over HTTP: bodies that can be drafted, approvals, and the job."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from app.actions.users import NewUser, create_user
from app.core.ids import UserId, VolunteerId, format_id
from app.jobs.openings import run_opening_sheets
from tests.support.calls import Caller, Json
from tests.support.sites import Site

SHEETS = "/v1/opening-sheets"


def a_line(site: Site, number: int = 0, **changed: Any) -> Json:  # noqa: ANN401 - JSON
    """300 points that last forty days, and a hundred hours, as of a hundred days ago."""
    today = site.clock.now.date()
    return {
        "external_no": f"B-{number}",
        "volunteer_id": format_id("vol", site.city.volunteers[number % 3]),
        "dated_on": (today - timedelta(days=100)).isoformat(),
        "points": 300,
        "minutes": 6_000,
        "expires_on": (today + timedelta(days=40)).isoformat(),
        **changed,
    }


def a_sheet(*lines: Json) -> Json:
    """The body of a sheet of the system `old`."""
    return {"source": "old", "reason": "旧系统余额转入", "lines": list(lines)}


async def an_approved_sheet(drafter: Caller, approver: Caller, *lines: Json) -> Json:
    """A sheet that waits for the job."""
    sheet = await drafter.post(SHEETS, a_sheet(*lines), 201)
    return await approver.post(f"{SHEETS}/{sheet['id']}/approve")


async def bring_sheets_over(site: Site) -> int:
    """What the background work does for sheets."""
    return await run_opening_sheets(site.database, site.services.committers, site.city.programme, site.clock)


_RELATED = text("""
INSERT INTO user_relatives (programme_id, user_id, volunteer_id, created_at)
VALUES (:programme, :user, :volunteer, now())
""")


async def make_relative(site: Site, user: Caller, volunteer: VolunteerId) -> None:
    """Register a volunteer as a relative of a user, who is written down for it."""
    programme, named = site.city.programme, UserId(user.subject)
    new = NewUser(id=named, kind=user.kind, username=f"u{named.hex[-12:]}", password="long enough to be one")
    async with site.database.begin() as tx:
        await create_user(tx, programme, new, site.clock.now)
        await tx.execute(_RELATED, {"programme": programme, "user": named, "volunteer": volunteer})
