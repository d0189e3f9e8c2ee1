"""The breakage report: what expired, in the month of its last day, lot by lot."""

from datetime import UTC, datetime, timedelta

import pytest

from app.jobs.lots import run_expiries
from app.security.actors import ActorKind
from tests.support.service_calls import person
from tests.support.sites import Site


async def test_points_are_breakage_in_the_month_of_their_last_day(site: Site) -> None:
    """What ends at 24:00 of 31 December is December's, however late it was booked; what was spent is not in it."""
    auditor = person(site, "auditor", ActorKind.AUDITOR)
    await site.redeem("A-1", await site.pay_code(), 60)
    empty = await auditor.get("/v1/breakage?since=2028-12&until=2028-12")
    assert empty == {"expired_points": 0, "forfeited_points": 0, "lines": []}
    site.clock.now = datetime(2028, 12, 31, 16, tzinfo=UTC) + timedelta(days=40)
    await run_expiries(site.database, site.services.committers, site.city.programme, site.clock)
    line = {
        "month": "2028-12",
        "expires_on": "2028-12-31",
        "expired_points": 3 * 500 - 60,
        "forfeited_points": 0,
        "volunteers": 3,
    }
    report = await auditor.get("/v1/breakage?since=2028-12&until=2028-12")
    assert report == {"expired_points": 1_440, "forfeited_points": 0, "lines": [line]}
    assert await auditor.get("/v1/breakage?since=2027-01&until=2029-12") == report
    for since, until in (("2028-11", "2028-11"), ("2029-01", "2029-02")):
        assert (await auditor.get(f"/v1/breakage?since={since}&until={until}"))["lines"] == []


@pytest.mark.parametrize(
    "query", ["since=2028-12&until=2028-11", "since=2026-01&until=2029-01", "since=2026-13&until=2027-01"]
)
async def test_a_report_has_at_most_three_years(site: Site, query: str) -> None:
    """Backwards, too long, or no month: 400."""
    auditor = person(site, "auditor", ActorKind.AUDITOR)
    assert (await auditor.get(f"/v1/breakage?{query}", 400))["code"] == "PARAM_ERROR"
