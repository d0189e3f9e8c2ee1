"""Opening sheets that are killed half-way end as if nothing had happened, and what breaks is reported by its line."""

from collections.abc import Callable
from typing import Any

import pytest

from app.engine.batch import Outcome
from app.engine.committer import CommandFailed, Committers
from app.jobs import openings
from tests.support.calls import an_admin
from tests.support.ledgers import fetch_rows
from tests.support.openings import SHEETS, a_line, an_approved_sheet, bring_sheets_over, make_relative
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound

HELD = "SELECT kind, part, sum(balance)::bigint FROM accounts WHERE balance <> 0 GROUP BY 1, 2 ORDER BY 1, 2"


class Killed(Exception):
    """The process ends here."""


def _dies_at_the_third(patch: pytest.MonkeyPatch) -> None:
    right, sent = Committers.submit, []

    async def submit(*args: Any, **named: Any) -> Outcome:  # noqa: ANN401 - as the committers take them
        sent.append(args)
        if len(sent) == 3:
            raise Killed
        return await right(*args, **named)

    patch.setattr(Committers, "submit", submit)


def _dies_before_noting(patch: pytest.MonkeyPatch) -> None:
    async def note(*_args: object) -> None:
        raise Killed

    patch.setattr(openings, "note_line_outcomes", note)


def _dies_before_the_end(patch: pytest.MonkeyPatch) -> None:
    async def finish(*_args: object) -> bool:
        raise Killed

    patch.setattr(openings, "finish_sheet", finish)


@pytest.mark.parametrize("die", [_dies_at_the_third, _dies_before_noting, _dies_before_the_end])
async def test_a_killed_sheet_is_resumed(
    site: Site, monkeypatch: pytest.MonkeyPatch, die: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Killed among the lines, before the outcomes or before the end: every line is posted once, as by one run."""
    admin = an_admin(site)
    lines = [a_line(site, number) for number in range(7)]
    sheet = await an_approved_sheet(admin, an_admin(site), *lines)
    with monkeypatch.context() as patch:
        die(patch)
        with pytest.raises(Killed):
            await bring_sheets_over(site)
    assert (await admin.get(f"{SHEETS}/{sheet['id']}"))["state"] == "executing"
    assert [await bring_sheets_over(site), await bring_sheets_over(site)] == [1, 0]
    done = await admin.get(f"{SHEETS}/{sheet['id']}")
    assert (done["state"], done["progress"]["added"]) == ("done", 7)
    posted = "SELECT count(*), count(DISTINCT document) FROM transactions WHERE kind = 'open.v1'"
    assert await fetch_rows(site.database, posted) == [(7, 7)]
    held = {(kind, part): amount for kind, part, amount in await fetch_rows(site.database, HELD)}
    assert held["wallet", lines[0]["expires_on"]] == 7 * 300
    await assert_all_sound(site.database, site.city)


async def test_a_line_that_breaks_is_reported_and_the_others_come_over(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SYSTEM_ERROR on its line alone; the sheet is done."""
    admin = an_admin(site)
    sheet = await an_approved_sheet(admin, an_admin(site), *(a_line(site, number) for number in range(3)))
    right = Committers.submit

    async def submit(committers: Committers, programme: Any, submission: Any) -> Outcome:  # noqa: ANN401 - as they come
        if submission.command.opening.number.external_no == "B-1":
            raise CommandFailed("OpenBalance")
        return await right(committers, programme, submission)

    monkeypatch.setattr(Committers, "submit", submit)
    assert await bring_sheets_over(site) == 1
    lines = (await admin.get(f"{SHEETS}/{sheet['id']}/lines"))["lines"]
    assert [(line["state"], line["code"]) for line in lines] == [
        ("added", None),
        ("refused", "SYSTEM_ERROR"),
        ("added", None),
    ]


async def test_an_approver_who_became_a_relative_brings_nothing_to_them(site: Site) -> None:
    """Who is related is looked at again when the line is brought over: that line is refused with SELF_REVIEW."""
    admin, approver = an_admin(site), an_admin(site)
    sheet = await an_approved_sheet(admin, approver, a_line(site, 0), a_line(site, 1))
    await make_relative(site, approver, site.city.volunteers[0])
    await bring_sheets_over(site)
    lines = (await admin.get(f"{SHEETS}/{sheet['id']}/lines"))["lines"]
    assert [line["code"] for line in lines] == ["SELF_REVIEW", None]
