"""Correction orders that are killed half-way end as if nothing had happened, and what is refused is reported."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.core.ids import format_id
from app.engine.batch import Outcome
from app.engine.committer import Committers
from app.jobs import corrections
from tests.support.calls import Json, an_admin
from tests.support.corrections import ORDERS, WHY, a_verified_record, approve, count_transactions, run_job
from tests.support.service_calls import person
from tests.support.sites import Site
from tests.support.soundness import assert_all_sound


class Killed(Exception):
    """The process ends here."""


async def an_approved_order(site: Site, change: Json | None) -> Json:
    """An order about three verified records of three volunteers, waiting for the job."""
    for number in range(3):
        await a_verified_record(site, number=number)
    scope = {"verifier_id": format_id("usr", person(site, "verifier").subject)}
    author, approver = an_admin(site), an_admin(site)
    order = await author.post(ORDERS, {"scope": scope, "change": change, **WHY}, 201)
    return await approve(approver, await author.post(f"{ORDERS}/{order['id']}/preview"))


async def kinds(site: Site) -> dict[str, int]:
    """How many transactions of the kinds that correct there are."""
    counted = text("SELECT kind, count(*) FROM transactions WHERE kind IN ('correct.v1', 'claw-back.v1') GROUP BY 1")
    async with site.database.read() as reader:
        return {row[0]: row[1] for row in await reader.execute(counted)}


def _dies_at_the_second(patch: pytest.MonkeyPatch) -> None:
    right, sent = Committers.submit, []

    async def submit(*args: Any, **named: Any) -> Outcome:  # noqa: ANN401 - as the committers take them
        sent.append(args)
        if len(sent) == 2:
            raise Killed
        return await right(*args, **named)

    patch.setattr(Committers, "submit", submit)


def _dies_before_noting(patch: pytest.MonkeyPatch) -> None:
    async def note(*_args: object) -> None:
        raise Killed

    patch.setattr(corrections, "note_outcomes", note)


@pytest.mark.parametrize("change, kind", [(None, "claw-back.v1"), ({"minutes": 30}, "correct.v1")])
@pytest.mark.parametrize("die", [_dies_at_the_second, _dies_before_noting])
async def test_a_killed_order_is_resumed(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    die: Callable[[pytest.MonkeyPatch], None],
    change: Json | None,
    kind: str,
) -> None:
    """Killed among the records, or before anything was written down: the next run does the rest, each record once."""
    order = await an_approved_order(site, change)
    before = await count_transactions(site)
    with monkeypatch.context() as patch:
        die(patch)
        with pytest.raises(Killed):
            await run_job(site)
    assert (await an_admin(site).get(f"{ORDERS}/{order['id']}"))["state"] == "executing"
    assert [await run_job(site), await run_job(site)] == [1, 0]
    done = await an_admin(site).get(f"{ORDERS}/{order['id']}")
    assert (done["state"], len(done["report"]["done"]), done["report"]["refused"]) == ("done", 3, [])
    assert await kinds(site) == {kind: 3}
    assert await count_transactions(site) == before + 3
    replaced = [each["replacement_id"] for each in done["report"]["done"]]
    assert len({each for each in replaced if each}) == (3 if change else 0)
    await assert_all_sound(site.database, site.city)


async def test_a_refused_record_is_reported(site: Site) -> None:
    """Hours that a benefit holds stay: their record is refused with HOURS_CONSUMED, the others are withdrawn."""
    order = await an_approved_order(site, None)
    hold = "UPDATE accounts SET balance = balance {} 580 WHERE kind = 'hours' AND owner_id = :id"
    owner = {"id": site.city.volunteers[1]}
    async with site.database.begin() as tx:
        await tx.execute(text(hold.format("-")), owner)
    site.clock.move(timedelta(minutes=1))
    assert await run_job(site) == 1
    report = (await an_admin(site).get(f"{ORDERS}/{order['id']}"))["report"]
    assert ([each["code"] for each in report["refused"]], len(report["done"])) == (["HOURS_CONSUMED"], 2)
    async with site.database.begin() as tx:
        await tx.execute(text(hold.format("+")), owner)
    await assert_all_sound(site.database, site.city)
