"""Checkpoints and proofs: published by the job, served to auditors, checked by anyone."""

from pathlib import Path

from sqlalchemy import text

from app.core.invariants import Invariant
from app.core.merkle import verify_consistency, verify_inclusion
from app.jobs.checkpoints import run_checkpoint
from app.jobs.verifying import run_verify
from app.security.actors import ActorKind
from app.store.checkpoints import Checkpoint
from app.store.database import Database
from tests.support.clocks import Clock
from tests.support.sites import Site, a_site


async def _publish(site: Site) -> Checkpoint:
    keys = await site.services.cabinet.token_keys(site.city.programme)
    made = await run_checkpoint(site.database, site.city.programme, keys, site.clock)
    assert made is not None
    return made


async def test_a_receipt_is_proved_under_a_checkpoint(database: Database, clock: Clock, tmp_path: Path) -> None:
    """The leaf on the receipt, the proof and the root fit together; a changed leaf does not."""
    async with a_site(database, clock, tmp_path) as site:
        receipt = (await site.redeem("A-1", await site.pay_code(), 10)).json()["receipt"]
        for number in range(5):
            await site.redeem(f"B-{number}", await site.pay_code(), 1)
        checkpoint = await _publish(site)
        target = f"/v1/ledger/proofs/inclusion?seq={receipt['seq']}&size={checkpoint.size}"
        answer = (await site.client.get(target, headers=await site.headers(ActorKind.AUDITOR))).json()
    proof = [bytes.fromhex(part) for part in answer["proof"]]
    root = bytes.fromhex(answer["checkpoint"]["root"])
    leaf = bytes.fromhex(receipt["leaf_hash"])
    assert verify_inclusion(leaf, receipt["seq"] - 1, checkpoint.size, proof, root)
    assert not verify_inclusion(bytes(32), receipt["seq"] - 1, checkpoint.size, proof, root)


async def test_a_checkpoint_continues_the_one_before(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Published twice without news it is one; with news the new one is proved to continue the old one."""
    async with a_site(database, clock, tmp_path) as site:
        old = await _publish(site)
        keys = await site.services.cabinet.token_keys(site.city.programme)
        assert await run_checkpoint(site.database, site.city.programme, keys, site.clock) is None
        for number in range(7):
            await site.redeem(f"B-{number}", await site.pay_code(), 1)
        new = await _publish(site)
        target = f"/v1/ledger/proofs/consistency?old={old.size}&new={new.size}"
        answer = (await site.client.get(target, headers=await site.headers(ActorKind.AUDITOR))).json()
        listed = await site.client.get("/v1/ledger/checkpoints", headers=await site.headers(ActorKind.AUDITOR))
    proof = [bytes.fromhex(part) for part in answer["proof"]]
    assert verify_consistency(old.size, new.size, old.root, new.root, proof)
    assert [row["size"] for row in listed.json()["checkpoints"]] == [old.size, new.size]


async def test_verify_notices_a_tail_that_was_cut_off(database: Database, clock: Clock, tmp_path: Path) -> None:
    """Head, balances and answers all turned back: the checkpoint still covers what is gone."""
    async with a_site(database, clock, tmp_path) as site:
        await site.redeem("A-1", await site.pay_code(), 10)
        checkpoint = await _publish(site)
        assert not (await run_verify(database, site.city.programme, lambda _done, _total: None)).findings
    async with database.begin() as tx:
        await tx.execute(text("SET session_replication_role = replica"))
        for table in ("transfers", "transactions", "answers"):
            await tx.execute(text(f"DELETE FROM {table} WHERE seq = {checkpoint.size}"))
        await tx.execute(text(f"UPDATE journal_heads SET next_seq = {checkpoint.size}"))
    report = await run_verify(database, site.city.programme, lambda _done, _total: None)
    assert report.first_wrong_seq == checkpoint.size
    assert any("checkpoint" in finding.what for finding in report.findings)


async def test_verify_notices_a_changed_root_and_a_foreign_signature(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """A checkpoint rewritten to fit a changed journal is not signed by us."""
    async with a_site(database, clock, tmp_path) as site:
        checkpoint = await _publish(site)
    async with database.begin() as tx:
        await tx.execute(text("SET session_replication_role = replica"))
        await tx.execute(text("UPDATE checkpoints SET root = sha256(root)"))
    report = await run_verify(database, site.city.programme, lambda _done, _total: None)
    told = [finding.what for finding in report.findings if finding.invariant is Invariant.HASHES_MATCH]
    assert report.first_wrong_seq == checkpoint.size
    assert len(told) == 2
