"""Checkpoints and proofs: how anyone can check that the journal was not changed behind their back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.api.access import Requires
from app.api.bodies import Answer
from app.api.operations import reads
from app.api.paging import PAGE, After, Limit, cut_page, link_next, seq_after
from app.api.problems import FieldProblem, Problem
from app.api.services import Serves, Services
from app.core.codes import Code
from app.core.ids import ProgrammeId
from app.core.merkle import consistency_ranges, inclusion_ranges
from app.security.actors import Actor
from app.security.scopes import Scope
from app.store.checkpoints import (
    Checkpoint,
    fetch_checkpoint,
    fetch_checkpoints,
    fetch_latest_checkpoint,
    fetch_leaves,
    fetch_range_hashes,
)

router = APIRouter(prefix="/v1/ledger", tags=["Ledger"])

Audits = Annotated[Actor, Depends(Requires(Scope.LEDGER_READ))]
Size = Annotated[int, Query(ge=1, le=2**62, description="Size of a published checkpoint")]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class CheckpointAnswer(Answer):
    """A signed head of the tree: RFC 6962 root over the first `size` transactions.

    Signed with Ed25519: `liyu checkpoint v1`, programme, size, base64 root, recorded_at (UTC, six decimals, Z), a line
    each.
    """

    size: int
    root: Hash
    recorded_at: datetime
    kid: str
    signature: Annotated[str, Field(description="Hexadecimal", pattern="^[0-9a-f]{128}$")]


class CheckpointPage(Answer):
    """Checkpoints, the oldest first."""

    checkpoints: list[CheckpointAnswer]
    next: str | None


class InclusionProof(Answer):
    """That a transaction is in the tree (RFC 6962, 2.1.1): hash upwards from the leaf to the root."""

    seq: int
    leaf_hash: Hash
    proof: list[Hash]
    checkpoint: CheckpointAnswer


class ConsistencyProof(Answer):
    """That a tree is a continuation of an older one (RFC 6962, 2.1.2)."""

    proof: list[Hash]
    old: CheckpointAnswer
    new: CheckpointAnswer


def _render(checkpoint: Checkpoint) -> CheckpointAnswer:
    return CheckpointAnswer(
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        recorded_at=checkpoint.recorded_at,
        kid=checkpoint.kid,
        signature=checkpoint.signature.hex(),
    )


async def _published(services: Services, programme: ProgrammeId, size: int) -> Checkpoint:
    async with services.database.read() as reader:
        found = await fetch_checkpoint(reader, programme, size)
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return found


@router.get(
    "/checkpoints",
    operation_id="listCheckpoints",
    summary="Signed heads of the tree",
    response_model=CheckpointPage,
    responses=reads(),
)
async def list_checkpoints(
    request: Request, response: Response, services: Serves, actor: Audits, limit: Limit = PAGE, after: After = None
) -> CheckpointPage:
    """Keep them somewhere else: a journal that loses its tail no longer fits."""
    begin = seq_after(after, 0)
    async with services.database.read() as reader:
        found = await fetch_checkpoints(reader, actor.programme, begin, limit + 1)
    page, more = cut_page(found, limit)
    cursor = str(page[-1].size) if more else None
    response.headers.update(link_next(request, cursor))
    return CheckpointPage(checkpoints=[_render(checkpoint) for checkpoint in page], next=cursor)


@router.get(
    "/checkpoints/latest",
    operation_id="getLatestCheckpoint",
    summary="The newest signed head",
    response_model=CheckpointAnswer,
    responses=reads(Code.NOT_FOUND),
)
async def get_latest_checkpoint(services: Serves, actor: Audits) -> CheckpointAnswer:
    """404 until the first one is published, within a minute of the first transaction."""
    async with services.database.read() as reader:
        found = await fetch_latest_checkpoint(reader, actor.programme)
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return _render(found)


@router.get(
    "/proofs/inclusion",
    operation_id="getInclusionProof",
    summary="That a transaction is under a checkpoint",
    response_model=InclusionProof,
    responses=reads(Code.NOT_FOUND),
)
async def get_inclusion_proof(
    services: Serves, actor: Audits, seq: Annotated[int, Query(ge=1, le=2**62)], size: Size
) -> InclusionProof:
    """For the receipt of a redemption: its `seq` and `leaf_hash` are on it."""
    checkpoint = await _published(services, actor.programme, size)
    if seq > size:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/seq", detail="not under this checkpoint")])
    async with services.database.read() as reader:
        [leaf] = await fetch_leaves(reader, actor.programme, seq - 1, seq)
        proof = await fetch_range_hashes(reader, actor.programme, inclusion_ranges(seq - 1, size))
    return InclusionProof(
        seq=seq, leaf_hash=leaf.hex(), proof=[part.hex() for part in proof], checkpoint=_render(checkpoint)
    )


@router.get(
    "/proofs/consistency",
    operation_id="getConsistencyProof",
    summary="That one checkpoint continues another",
    response_model=ConsistencyProof,
    responses=reads(Code.NOT_FOUND),
)
async def get_consistency_proof(services: Serves, actor: Audits, old: Size, new: Size) -> ConsistencyProof:
    """Whoever kept the old checkpoint can check that nothing under it has changed."""
    older = await _published(services, actor.programme, old)
    newer = await _published(services, actor.programme, new)
    if old > new:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/old", detail="newer than new")])
    async with services.database.read() as reader:
        proof = await fetch_range_hashes(reader, actor.programme, consistency_ranges(old, new))
    return ConsistencyProof(proof=[part.hex() for part in proof], old=_render(older), new=_render(newer))
