"""Rounds as people read and write them: their terms, and beside them what commands have given away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import RowMapping, text

from app.core.ids import ProgrammeId, RoundId, UserId
from app.core.rounds import Round, RoundStand
from app.store.database import Reader, Tx
from app.store.seat_rows import ROUND_COLUMNS, STAND_COLUMNS, read_round, read_stand


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundView:
    """A round with its names, who made and published it, and what is taken of it (nothing before anybody claims)."""

    terms: Round
    name_zh: str
    name_en: str
    venue_zh: str
    venue_en: str
    share_bp: int | None
    revision: int
    created_by: UserId
    created_at: datetime
    published_by: UserId | None = None
    stand: RoundStand | None = None
    attended: int = 0

    def no_shows(self, at: datetime) -> int:
        """Those who had a place and did not come; 0 before the event is over. Told by the time alone."""
        over = self.terms.ends_at is not None and at >= self.terms.ends_at
        return self.stand.taken - self.attended if over and self.stand else 0


_SELECT = f"""
SELECT {ROUND_COLUMNS}, {STAND_COLUMNS}, r.name_zh, r.name_en, r.venue_zh, r.venue_en, r.share_bp,
       r.version AS revision, r.created_by, r.created_at, r.published_by, CASE WHEN r.doors_at IS NULL THEN 0 ELSE (
           SELECT count(*) FROM places p WHERE p.programme_id = r.programme_id AND p.round_id = r.id
               AND p.state = 'held' AND p.attended_at IS NOT NULL
       ) END AS attended
FROM rounds r LEFT JOIN round_stands s ON s.programme_id = r.programme_id AND s.round_id = r.id
WHERE r.programme_id = :programme
"""


def _view(row: RowMapping) -> RoundView:
    return RoundView(
        terms=read_round(row),
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        venue_zh=row["venue_zh"],
        venue_en=row["venue_en"],
        share_bp=row["share_bp"],
        revision=row["revision"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        published_by=row["published_by"],
        stand=read_stand(row) if row["round_id"] else None,
        attended=row["attended"],
    )


_ONE = text(f"{_SELECT} AND r.id = :id")


async def fetch_round(reader: Reader | Tx, programme: ProgrammeId, round_id: RoundId) -> RoundView | None:
    """One round."""
    row = (await reader.execute(_ONE, {"programme": programme, "id": round_id})).mappings().one_or_none()
    return _view(row) if row else None


_LIST = text(f"""{_SELECT} AND r.id < :before AND (CAST(:benefit AS text) IS NULL OR r.benefit_code = :benefit)
  AND (NOT :published OR (r.published_at IS NOT NULL AND r.mode <> 'reviewed'))
ORDER BY r.id DESC LIMIT :limit""")


async def fetch_rounds(
    reader: Reader, programme: ProgrammeId, before: RoundId, limit: int, benefit: str | None, *, published: bool
) -> Sequence[RoundView]:
    """Rounds before a given one, the newest first; `published`: only those that volunteers can claim places of."""
    values = {"programme": programme, "before": before, "limit": limit, "benefit": benefit, "published": published}
    return [_view(row) for row in (await reader.execute(_LIST, values)).mappings()]


def _values(programme: ProgrammeId, view: RoundView) -> dict[str, object]:
    terms = view.terms
    return {
        "programme": programme,
        "id": terms.id,
        "benefit": terms.benefit,
        "benefit_version": terms.benefit_version,
        "name_zh": view.name_zh,
        "name_en": view.name_en,
        "venue_zh": view.venue_zh,
        "venue_en": view.venue_en,
        "mode": terms.mode.value,
        "capacity": terms.capacity,
        "share_bp": view.share_bp,
        "person_max": terms.person_max,
        "year_max": terms.year_max,
        "opens_at": terms.opens_at,
        "closes_at": terms.closes_at,
        "doors_at": terms.doors_at,
        "starts_at": terms.starts_at,
        "ends_at": terms.ends_at,
        "team": terms.team,
    }


_INSERT = text("""
INSERT INTO rounds (programme_id, id, benefit_code, benefit_version, name_zh, name_en, venue_zh, venue_en, mode,
    capacity, share_bp, person_max, year_max, opens_at, closes_at, doors_at, starts_at, ends_at, team_id, created_by,
    created_at)
VALUES (:programme, :id, :benefit, :benefit_version, :name_zh, :name_en, :venue_zh, :venue_en, :mode, :capacity,
    :share_bp, :person_max, :year_max, :opens_at, :closes_at, :doors_at, :starts_at, :ends_at, :team, :created_by,
    :created_at)
""")


async def insert_round(tx: Tx, programme: ProgrammeId, view: RoundView) -> None:
    """Add a draft."""
    made = {"created_by": view.created_by, "created_at": view.created_at}
    await tx.execute(_INSERT, {**_values(programme, view), **made})


_UPDATE = text("""
UPDATE rounds SET benefit_code = :benefit, benefit_version = :benefit_version, name_zh = :name_zh, name_en = :name_en,
    venue_zh = :venue_zh, venue_en = :venue_en, mode = :mode, capacity = :capacity, share_bp = :share_bp,
    person_max = :person_max, year_max = :year_max, opens_at = :opens_at, closes_at = :closes_at, doors_at = :doors_at,
    starts_at = :starts_at, ends_at = :ends_at, team_id = :team, version = version + 1
WHERE programme_id = :programme AND id = :id AND version = :revision AND published_at IS NULL RETURNING version
""")


async def update_round(tx: Tx, programme: ProgrammeId, view: RoundView, revision: int) -> bool:
    """Write a draft's terms anew; False when somebody has changed or published it since."""
    values = {**_values(programme, view), "revision": revision}
    return (await tx.execute(_UPDATE, values)).one_or_none() is not None


_PUBLISH = text("""
UPDATE rounds SET published_by = :by, published_at = :at, seed_hash = :seed_hash, capacity = :capacity,
    year_max = :year_max, benefit_version = :benefit_version, version = version + 1
WHERE programme_id = :programme AND id = :id AND version = :revision AND published_at IS NULL RETURNING version
""")


async def publish_round(tx: Tx, programme: ProgrammeId, view: RoundView, revision: int) -> bool:
    """Publish a draft as it is in `view`; False when somebody has changed or published it since."""
    values = {
        "programme": programme,
        "id": view.terms.id,
        "by": view.published_by,
        "at": view.terms.published_at,
        "seed_hash": view.terms.seed_hash,
        "capacity": view.terms.capacity,
        "year_max": view.terms.year_max,
        "benefit_version": view.terms.benefit_version,
        "revision": revision,
    }
    return (await tx.execute(_PUBLISH, values)).one_or_none() is not None


class RoundsOfYear(NamedTuple):
    """How many rounds of a benefit a year has, and how many places they have in all."""

    rounds: int
    places: int


_LOCK = text("SELECT id FROM rounds WHERE programme_id = :programme AND benefit_code = :benefit FOR NO KEY UPDATE")
_OF_YEAR = text("""
SELECT count(*), coalesce(sum(greatest(r.capacity, s.capacity)), 0)::bigint FROM rounds r
LEFT JOIN round_stands s ON s.programme_id = r.programme_id AND s.round_id = r.id
WHERE r.programme_id = :programme AND r.benefit_code = :benefit AND r.published_at IS NOT NULL
  AND r.opens_at >= :since AND r.opens_at < :before
""")


async def lock_rounds_of_year(
    tx: Tx, programme: ProgrammeId, benefit: str, since: datetime, before: datetime
) -> RoundsOfYear:
    """The published rounds of a benefit that open in a year; nobody publishes another before this transaction ends."""
    values = {"programme": programme, "benefit": benefit, "since": since, "before": before}
    await tx.execute(_LOCK, values)
    return RoundsOfYear(*(await tx.execute(_OF_YEAR, values)).one())
