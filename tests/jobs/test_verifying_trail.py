"""The audit trail is proved like the journal: what is changed, cut out or cut off is named by its number."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.invariants import Invariant
from app.jobs.trail_checkpoints import run_trail_checkpoint
from app.store.audit_rows import insert_audit_row
from app.store.audit_trail import TrailHead
from app.store.database import Database
from tests.support.clocks import Clock
from tests.support.damage import tamper, verify
from tests.support.sites import Site, a_site

CHANGE = "UPDATE audit_rows SET changes = '{\"points\": 1}' WHERE number = 3"
CUT_OUT = "DELETE FROM audit_rows WHERE number = 2"
CUT_OFF = "DELETE FROM audit_rows WHERE number > 4"
HEAD_BACK = "UPDATE audit_heads SET next_number = 5"


async def _note(site: Site, count: int) -> None:
    for number in range(count):
        async with site.database.begin() as tx:
            await insert_audit_row(
                tx,
                site.city.programme,
                uuid7(),
                actor="usr_1",
                action="programme.change",
                subject="cixi",
                changes={"points": 100 + number, "名称": '"\\\n\x01\u2028é'},
                at=site.clock.now,
            )


async def _sign(site: Site) -> TrailHead | None:
    keys = await site.services.cabinet.token_keys(site.city.programme)
    return await run_trail_checkpoint(site.database, site.city.programme, keys, site.clock)


async def _found(site: Site) -> list[str]:
    report = await verify(site.database, site.city)
    assert {finding.invariant for finding in report.findings} <= {Invariant.TRAIL_MATCHES}
    return [finding.what for finding in report.findings]


@pytest.mark.parametrize(
    "damage, first",
    [
        ((), None),
        ((CHANGE,), "audit row 3 is not what was written"),
        (("UPDATE audit_rows SET actor = 'usr_2' WHERE number = 1",), "audit row 1 is not what was written"),
        (("UPDATE audit_rows SET network = '10.0.0.0/24' WHERE number = 1",), "audit row 1 is not what was written"),
        ((CUT_OUT,), "audit row 2 is missing"),
        ((CUT_OFF,), "audit row 5 is missing, the head says"),
        ((CUT_OFF, HEAD_BACK), "audit row 5 is missing: a signed head covers 5 rows"),
        (("UPDATE audit_rows SET leaf_hash = sha256('x') WHERE number = 2",), "audit row 2 is not what was written"),
        (("UPDATE trail_checkpoints SET root = sha256('x') WHERE size = 6",), "the root over 6 audit rows"),
        (("UPDATE trail_checkpoints SET recorded_at = now()",), "the signature over 5 audit rows is not ours"),
    ],
)
async def test_damage_is_named(
    database: Database, clock: Clock, tmp_path: Path, damage: tuple[str, ...], first: str | None
) -> None:
    """An amount changed, an actor, a row cut out, the newest rows with their head turned back, a signed head."""
    async with a_site(database, clock, tmp_path) as site:
        await _note(site, 5)
        assert (await _sign(site)) is not None
        await _note(site, 1)
        assert (await _sign(site)) is not None
        assert await _sign(site) is None
        await _note(site, 1)
        await tamper(site.database, *damage)
        found = await _found(site)
    assert found[:1] == ([] if first is None else [found[0]])
    assert first is None or found[0].startswith(first)


async def test_rewriting_a_row_with_its_hash_breaks_the_root(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Who changes a row and makes its hash anew still does not have the key that signed the root."""
    async with a_site(database, clock, tmp_path) as site:
        await _note(site, 5)
        await _sign(site)
        await tamper(site.database, "UPDATE audit_rows SET leaf_hash = sha256('x') WHERE number = 5")
        assert "the root over 5 audit rows does not recompute" in await _found(site)


async def test_numbers_have_no_gap_under_concurrency(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Many at once, some of which fail after they took a number: the numbers that stay are one to the last."""
    async with a_site(database, clock, tmp_path) as site:

        async def fail() -> None:
            async with site.database.begin() as tx:
                await insert_audit_row(
                    tx,
                    site.city.programme,
                    uuid7(),
                    actor="usr_1",
                    action="a",
                    subject="s",
                    changes={},
                    at=site.clock.now,
                )
                raise LookupError

        outcomes = await asyncio.gather(
            *(_note(site, 3) for _ in range(8)), *(fail() for _ in range(8)), return_exceptions=True
        )
        assert sum(isinstance(outcome, LookupError) for outcome in outcomes) == 8
        async with site.database.read() as reader:
            numbers = list(await reader.scalars(text("SELECT number FROM audit_rows ORDER BY number")))
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= 24
        assert await _found(site) == []
