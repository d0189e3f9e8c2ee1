"""Penalties: imposed, confirmed, appealed, answered; commands post and lift them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import RowMapping, text

from app.core.ids import PenaltyId, ProgrammeId, TeamId, VolunteerId
from app.core.penalties import COUNTED, HIDDEN, Penalty, PenaltyState
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyView:
    """A penalty with its words: the rule's names, where the evidence is, why, and appeal and answer."""

    penalty: Penalty
    name: str
    name_en: str
    evidence: str
    reason: str
    imposed_at: datetime
    confirmed_at: datetime | None = None
    appeal: str = ""
    answer: str = ""
    answered_at: datetime | None = None


_WORDS = ("name", "name_en", "evidence", "reason", "imposed_at", "confirmed_at", "appeal", "answer", "answered_at")
_COLUMNS = f"""id, state, volunteer_id AS volunteer, team_id AS team, record_id AS record, code, policy, happened_on,
       imposed_by, confirmed_by, count, points, appeal_until, appealed_at, answered_by, transaction_id AS transaction,
       {", ".join(_WORDS)}"""


def _view(row: RowMapping) -> PenaltyView:
    values = dict(row)
    words = {name: values.pop(name) for name in _WORDS}
    values["state"] = PenaltyState(values["state"])
    return PenaltyView(penalty=Penalty(**values), **words)


_ONE = text(f"SELECT {_COLUMNS} FROM penalties WHERE programme_id = :programme AND id = :id")
_LOCKED = text(f"{_ONE.text} FOR UPDATE")


async def fetch_penalty(reader: Reader | Tx, programme: ProgrammeId, penalty: PenaltyId) -> PenaltyView | None:
    """One penalty."""
    row = (await reader.execute(_ONE, {"programme": programme, "id": penalty})).mappings().one_or_none()
    return _view(row) if row else None


async def lock_penalty(tx: Tx, programme: ProgrammeId, penalty: PenaltyId) -> PenaltyView | None:
    """One penalty, kept from others, the batch included, until the transaction ends."""
    row = (await tx.execute(_LOCKED, {"programme": programme, "id": penalty})).mappings().one_or_none()
    return _view(row) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyFilter:
    """Which penalties are asked for. `teams`: of these only, None: of all. `told`: only what the volunteer knows of."""

    volunteer: VolunteerId | None = None
    state: PenaltyState | None = None
    teams: Sequence[TeamId] | None = None
    told: bool = False


_LIST = text(f"""
SELECT {_COLUMNS} FROM penalties
WHERE programme_id = :programme AND id > :after
  AND (CAST(:volunteer AS uuid) IS NULL OR volunteer_id = :volunteer)
  AND (CAST(:state AS text) IS NULL OR state = :state)
  AND (CAST(:teams AS uuid[]) IS NULL OR team_id = ANY(:teams))
  AND state <> ALL(:hidden)
ORDER BY id LIMIT :limit
""")


async def fetch_penalties(
    reader: Reader, programme: ProgrammeId, after: PenaltyId, limit: int, wanted: PenaltyFilter
) -> Sequence[PenaltyView]:
    """The penalties after a given one that match, in the order they were imposed."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "volunteer": wanted.volunteer,
        "state": wanted.state.value if wanted.state else None,
        "teams": wanted.teams,
        "hidden": [state.value for state in HIDDEN] if wanted.told else [],
    }
    return [_view(row) for row in (await reader.execute(_LIST, values)).mappings()]


_COUNT = text("""
SELECT count(*) FROM penalties
WHERE programme_id = :programme AND volunteer_id = :volunteer AND code = :code AND state = ANY(:states)
  AND happened_on BETWEEN :since AND :until
""")


async def count_in_year(tx: Tx, programme: ProgrammeId, penalty: Penalty) -> int:
    """How many penalties of the same code and calendar year stand against the same volunteer."""
    year = penalty.happened_on.year
    values = {
        "programme": programme,
        "volunteer": penalty.volunteer,
        "code": penalty.code,
        "states": [state.value for state in COUNTED],
        "since": date(year, 1, 1),
        "until": date(year, 12, 31),
    }
    return int((await tx.execute(_COUNT, values)).scalar_one())


_INSERT = text("""
INSERT INTO penalties (programme_id, id, state, volunteer_id, team_id, record_id, code, policy, name, name_en,
                       happened_on, evidence, reason, imposed_by, imposed_at)
VALUES (:programme, :id, :state, :volunteer, :team, :record, :code, :policy, :name, :name_en, :happened_on, :evidence,
        :reason, :imposed_by, :imposed_at)
""")
_UPDATE = text("""
UPDATE penalties SET state = :state, confirmed_by = :confirmed_by, confirmed_at = :confirmed_at, count = :count,
    points = :points, appeal_until = :appeal_until, appealed_at = :appealed_at, appeal = :appeal,
    answered_by = :answered_by, answered_at = :answered_at, answer = :answer
WHERE programme_id = :programme AND id = :id
""")


def _values(programme: ProgrammeId, view: PenaltyView) -> dict[str, object]:
    penalty = view.penalty
    return {
        "programme": programme,
        "id": penalty.id,
        "state": penalty.state.value,
        "confirmed_by": penalty.confirmed_by,
        "confirmed_at": view.confirmed_at,
        "count": penalty.count,
        "points": penalty.points,
        "appeal_until": penalty.appeal_until,
        "appealed_at": penalty.appealed_at,
        "appeal": view.appeal,
        "answered_by": penalty.answered_by,
        "answered_at": view.answered_at,
        "answer": view.answer,
    }


async def insert_penalty(tx: Tx, programme: ProgrammeId, view: PenaltyView) -> None:
    """Impose a penalty."""
    penalty = view.penalty
    imposed = {
        "programme": programme,
        "id": penalty.id,
        "state": penalty.state.value,
        "volunteer": penalty.volunteer,
        "team": penalty.team,
        "record": penalty.record,
        "code": penalty.code,
        "policy": penalty.policy,
        "name": view.name,
        "name_en": view.name_en,
        "happened_on": penalty.happened_on,
        "evidence": view.evidence,
        "reason": view.reason,
        "imposed_by": penalty.imposed_by,
        "imposed_at": view.imposed_at,
    }
    await tx.execute(_INSERT, imposed)


async def update_penalty(tx: Tx, programme: ProgrammeId, view: PenaltyView) -> None:
    """Write a step on a penalty that is locked."""
    await tx.execute(_UPDATE, _values(programme, view))


_DUE = text("""
SELECT id, state FROM penalties
WHERE programme_id = :programme AND (state = 'upheld' OR (state = 'confirmed' AND appeal_until <= :at))
ORDER BY appeal_until, id LIMIT :limit
""")


async def fetch_final_penalties(
    reader: Reader, programme: ProgrammeId, at: datetime, limit: int
) -> Sequence[tuple[PenaltyId, PenaltyState]]:
    """Penalties that are final and not posted, with the state they are in."""
    rows = await reader.execute(_DUE, {"programme": programme, "at": at, "limit": limit})
    return [(PenaltyId(row[0]), PenaltyState(row[1])) for row in rows]


_NAMED = text(f"SELECT {_COLUMNS} FROM penalties WHERE programme_id = :programme AND id = ANY(:ids)")


async def fetch_penalties_named(
    reader: Reader, programme: ProgrammeId, ids: Sequence[PenaltyId]
) -> Mapping[PenaltyId, PenaltyView]:
    """These penalties."""
    rows = (await reader.execute(_NAMED, {"programme": programme, "ids": ids})).mappings() if ids else ()
    return {row["id"]: _view(row) for row in rows}
