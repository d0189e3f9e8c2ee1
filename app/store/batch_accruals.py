"""Accruals fetched and written by whole batches: what records counted for, and how each was priced."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from functools import lru_cache
from json.encoder import encode_basestring as quote

from app.core.accruals import Accrual, Earned, Overlaid
from app.core.ids import ProgrammeId, RecordId, VolunteerId
from app.core.policies.service import Standing
from app.core.policies.steps import Step
from app.store.database import BatchConnection

_EARNED = """
SELECT v.id, a.record_id, a.day, a.activity, a.counted, a.points
FROM unnest($2::uuid[]) AS v (id)
CROSS JOIN LATERAL (
    SELECT record_id, day, activity, counted, points FROM accruals
    WHERE programme_id = $1 AND volunteer_id = v.id OFFSET 0
) a
CROSS JOIN LATERAL (
    SELECT state FROM service_records WHERE programme_id = $1 AND id = a.record_id LIMIT 1
) r
WHERE r.state = 'verified'
"""
"""`OFFSET 0` keeps the planner from turning the look-ups into one join over everybody's accruals."""


async def fetch_earned(
    connection: BatchConnection, programme: ProgrammeId, volunteers: Collection[VolunteerId]
) -> dict[VolunteerId, dict[RecordId, Earned]]:
    """What all verified records of these volunteers counted for."""
    earned: dict[VolunteerId, dict[RecordId, Earned]] = {volunteer: {} for volunteer in volunteers}
    for volunteer, record, *counted in await connection.fetch(_EARNED, programme, list(volunteers)):
        earned[volunteer][record] = Earned(*counted)
    return earned


_OVERLAID = """
SELECT record_id, overlay_region, day, overlay_points FROM accruals
WHERE programme_id = $1 AND record_id = ANY($2) AND overlay_points > 0
"""


async def fetch_overlaid(
    connection: BatchConnection, programme: ProgrammeId, records: Collection[RecordId]
) -> dict[RecordId, Overlaid | None]:
    """What these records took of towns' budgets; None for those that took nothing."""
    overlaid: dict[RecordId, Overlaid | None] = dict.fromkeys(records)
    for record, *taken in await connection.fetch(_OVERLAID, programme, list(records)):
        overlaid[record] = Overlaid(*taken)
    return overlaid


_ACCRUALS = """
INSERT INTO accruals (programme_id, record_id, volunteer_id, day, activity, counted, points, overlay_region,
                      overlay_points, policy, inputs, steps)
SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::date[], $5::text[], $6::int[], $7::bigint[], $8::text[],
                           $9::bigint[], $10::text[], $11::json[], $12::json[]) AS t
"""


async def insert_accruals(connection: BatchConnection, programme: ProgrammeId, rows: Sequence[Accrual]) -> None:
    """Append accruals: inputs and steps as JSON."""
    await connection.execute(
        _ACCRUALS,
        programme,
        [row.record for row in rows],
        [row.volunteer for row in rows],
        [row.service.day for row in rows],
        [row.service.activity for row in rows],
        [row.counted for row in rows],
        [row.points for row in rows],
        [row.overlay_region for row in rows],
        [row.overlay_points for row in rows],
        [row.policy for row in rows],
        [encode_inputs(row) for row in rows],
        [encode_steps(row.steps) for row in rows],
    )


def encode_inputs(row: Accrual) -> str:
    """The facts and the standing that a price came from, as JSON. Put together by hand: an import writes millions."""
    it = row.service
    return (
        f'{{"service": {{"minutes": {it.minutes}, "level": {it.level}, "day": "{it.day.isoformat()}"'
        f', "category": {quote(it.category)}, "organiser": {"true" if it.organiser else "false"}'
        f', "activity": {quote(it.activity)}, "region": {quote(it.region)}}}, "standing": {_standing(row.standing)}}}'
    )


@lru_cache(maxsize=4096)
def _standing(standing: Standing) -> str:
    return json.dumps(asdict(standing))


@lru_cache(maxsize=65_536)
def encode_steps(steps: tuple[Step, ...]) -> str:
    """The steps to a price, as JSON. Most records take steps that others have taken."""
    return json.dumps(steps, ensure_ascii=False)
