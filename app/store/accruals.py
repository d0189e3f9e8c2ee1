"""Accruals as they are read back: how a record was priced."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.core.ids import ProgrammeId, RecordId
from app.core.policies import Step, StepKind
from app.store.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAccrual:
    """The version that priced a record, what it came from, and the steps."""

    policy: str
    counted: int
    points: int
    inputs: Mapping[str, Mapping[str, int | str | bool]]
    steps: tuple[Step, ...]


def read_steps(stored: Sequence[tuple[str, int, int, str]]) -> tuple[Step, ...]:
    """Steps as the table keeps them."""
    return tuple(Step(StepKind(kind), value, per, name) for kind, value, per, name in stored)


_FETCH = text("""
SELECT policy, counted, points, CAST(inputs AS text) AS inputs, CAST(steps AS text) AS steps FROM accruals
WHERE programme_id = :programme AND record_id = :record
""")


async def fetch_accrual(reader: Reader, programme: ProgrammeId, record: RecordId) -> StoredAccrual | None:
    """How one record was priced; None for one that never was."""
    row = (await reader.execute(_FETCH, {"programme": programme, "record": record})).one_or_none()
    if row is None:
        return None
    return StoredAccrual(
        policy=row.policy,
        counted=row.counted,
        points=row.points,
        inputs=json.loads(row.inputs),
        steps=read_steps(json.loads(row.steps)),
    )
