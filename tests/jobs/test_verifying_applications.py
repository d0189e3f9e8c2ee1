"""`liyu verify` reads applications against their histories: a grant without its levels, notice or facts is found."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.invariants import Invariant
from app.jobs.verifying import run_verify
from tests.support.applications import a_hamlet, decide, publish_notice
from tests.support.sites import Site

CHANGES = (
    ("UPDATE applications SET state = 'fulfilled'", "its row says fulfilled"),
    ("UPDATE applications SET facts = replace(facts, '500', '501')", "its facts are not those"),
    ("UPDATE applications SET facts_hash = sha256('other')", "granted without the facts"),
    ("DELETE FROM application_steps WHERE number = 3", "step 4 begins at"),
    ("UPDATE application_steps SET from_state = 'draft' WHERE event = 'approve'", "step 6 begins at draft"),
    ("UPDATE application_steps SET event = 'take-in' WHERE level = 1", "granted without the opinion of the village"),
    ("UPDATE application_steps SET level = 1 WHERE level = 2", "granted without the opinion of the town"),
    ("UPDATE application_steps SET at = at - interval '1 day' WHERE event = 'end-publicity'", "its public notice"),
    ("UPDATE application_steps SET event = 'endorse' WHERE event = 'approve'", "granted without an approval"),
    (
        "UPDATE application_steps SET user_id = (SELECT user_id FROM application_steps WHERE event = 'approve')",
        "another person at each level",
    ),
)


async def _verify(site: Site) -> list[str]:
    report = await run_verify(site.database, site.city.programme, lambda _done, _total: None)
    return [finding.what for finding in report.findings if finding.invariant is Invariant.APPLICATIONS_MATCH]


async def _live(site: Site) -> None:
    hamlet = await a_hamlet(site)
    application = await publish_notice(hamlet)
    site.clock.move(timedelta(days=8))
    await decide(hamlet.city, application, "approve")


async def test_what_lies_behind_a_grant_is_found_whole(site: Site) -> None:
    """Nothing is found of an application that went its way."""
    await _live(site)
    assert await _verify(site) == []


@pytest.mark.parametrize("change, told", CHANGES)
async def test_a_changed_row_is_found(site: Site, change: str, told: str) -> None:
    """Whatever is changed of an application or its history beside the program."""
    await _live(site)
    async with site.database.begin() as tx:
        await tx.execute(text("SET LOCAL session_replication_role = replica"))
        await tx.execute(text(change))
    assert any(told in what for what in await _verify(site))
