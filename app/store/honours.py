"""Honours and their states. Both tables only grow: an honour stands where its last state says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.honours import Honour, HonourKind, HonourLevel, HonourState
from app.core.ids import HonourId, ProgrammeId, UserId, VolunteerId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class HonourStanding:
    """A state that an honour came to: which, why, by whom, when. The first is number 1."""

    number: int
    state: HonourState
    reason: str
    user: UserId
    at: datetime


@dataclass(frozen=True, slots=True)
class HonourView:
    """An honour with who entered it and where it stands."""

    honour: Honour
    enterer: UserId
    standing: HonourStanding


_SELECT = """
SELECT h.id, h.kind, h.name, h.awarded_by, h.level, h.edition, h.awarded_on, h.evidence, h.volunteer_id AS volunteer,
       h.team_id AS team, h.region_code AS region, f.user_id AS enterer, s.number, s.state, s.reason,
       s.user_id AS "user", s.set_at AS at
FROM honours h
JOIN honour_states f ON f.programme_id = h.programme_id AND f.honour_id = h.id AND f.number = 1
JOIN LATERAL (
    SELECT number, state, reason, user_id, set_at FROM honour_states
    WHERE programme_id = h.programme_id AND honour_id = h.id ORDER BY number DESC LIMIT 1
) s ON true
WHERE h.programme_id = :programme
"""
_STANDING = ("number", "state", "reason", "user", "at")


def _view(row: RowMapping) -> HonourView:
    values = dict(row)
    enterer = values.pop("enterer")
    stands = {name: values.pop(name) for name in _STANDING}
    stands["state"] = HonourState(stands["state"])
    values["kind"] = HonourKind(values["kind"])
    values["level"] = HonourLevel(values["level"])
    return HonourView(Honour(**values), enterer, HonourStanding(**stands))


_FETCH = text(_SELECT + "AND h.id = :id")


async def fetch_honour(reader: Reader | Tx, programme: ProgrammeId, honour: HonourId) -> HonourView | None:
    """One honour as it stands."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": honour})).mappings().one_or_none()
    return _view(row) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HonourFilter:
    """Which honours are asked for."""

    kind: HonourKind | None = None
    edition: int | None = None
    state: HonourState | None = None
    volunteer: VolunteerId | None = None


_LIST = text(f"""{_SELECT}
  AND h.id > :after
  AND (CAST(:kind AS text) IS NULL OR h.kind = :kind)
  AND (CAST(:edition AS smallint) IS NULL OR h.edition = :edition)
  AND (CAST(:state AS text) IS NULL OR s.state = :state)
  AND (CAST(:volunteer AS uuid) IS NULL OR h.volunteer_id = :volunteer)
ORDER BY h.id LIMIT :limit
""")


async def fetch_honours(
    reader: Reader, programme: ProgrammeId, after: HonourId, limit: int, wanted: HonourFilter
) -> Sequence[HonourView]:
    """The honours after a given one that match, in the order they were entered."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "kind": wanted.kind.value if wanted.kind else None,
        "edition": wanted.edition,
        "state": wanted.state.value if wanted.state else None,
        "volunteer": wanted.volunteer,
    }
    return [_view(row) for row in (await reader.execute(_LIST, values)).mappings()]


_LOCK = text("SELECT id FROM programmes WHERE id = :programme FOR NO KEY UPDATE")
_EDITION = text(f"{_SELECT} AND h.edition = :edition AND h.kind = :kind AND s.state <> 'withdrawn'")


async def lock_honours(tx: Tx, programme: ProgrammeId) -> None:
    """Keep others from entering or moving honours of this programme until the transaction ends."""
    await tx.execute(_LOCK, {"programme": programme})


async def fetch_edition(tx: Tx, programme: ProgrammeId, edition: int, kind: HonourKind) -> Sequence[Honour]:
    """What stands of one kind in an edition of the four tens."""
    values = {"programme": programme, "edition": edition, "kind": kind.value}
    return [_view(row).honour for row in (await tx.execute(_EDITION, values)).mappings()]


_INSERT = text("""
INSERT INTO honours (programme_id, id, kind, name, awarded_by, level, edition, awarded_on, evidence, volunteer_id,
                     team_id, region_code)
VALUES (:programme, :id, :kind, :name, :awarded_by, :level, :edition, :awarded_on, :evidence, :volunteer, :team,
        :region)
""")
_INSERT_STATE = text("""
INSERT INTO honour_states (programme_id, honour_id, number, state, reason, user_id, set_at)
VALUES (:programme, :honour, :number, :state, :reason, :user, :at)
""")


async def insert_honour(tx: Tx, programme: ProgrammeId, honour: Honour) -> None:
    """Add an honour; its first state comes with `insert_standing`."""
    values = {
        "programme": programme,
        "id": honour.id,
        "kind": honour.kind.value,
        "name": honour.name,
        "awarded_by": honour.awarded_by,
        "level": honour.level.value,
        "edition": honour.edition,
        "awarded_on": honour.awarded_on,
        "evidence": honour.evidence,
        "volunteer": honour.volunteer,
        "team": honour.team,
        "region": honour.region,
    }
    await tx.execute(_INSERT, values)


async def insert_standing(tx: Tx, programme: ProgrammeId, honour: HonourId, standing: HonourStanding) -> None:
    """Add the state that an honour has come to."""
    values = {
        "programme": programme,
        "honour": honour,
        "number": standing.number,
        "state": standing.state.value,
        "reason": standing.reason,
        "user": standing.user,
        "at": standing.at,
    }
    await tx.execute(_INSERT_STATE, values)
