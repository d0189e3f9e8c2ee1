"""Places of rounds as people read them: one's own with its ticket, a round's list, the entries of a draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text

from app.core.ids import PlaceId, ProgrammeId, RoundId, VolunteerId
from app.core.rounds import Place, PlaceState
from app.store.database import Reader
from app.store.seat_rows import PLACE_COLUMNS, read_place


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """A place with what its ticket shows. `position`: how many are ahead, and one; only of those who wait."""

    place: Place
    name_zh: str
    name_en: str
    venue_zh: str
    venue_en: str
    doors_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    position: int | None

    def is_no_show(self, at: datetime) -> bool:
        """Whether its person had the place and did not come: the event is over."""
        missed = self.place.state is PlaceState.HELD and self.place.attended_at is None
        return missed and self.ends_at is not None and at >= self.ends_at


_SELECT = f"""
SELECT {PLACE_COLUMNS}, r.name_zh, r.name_en, r.venue_zh, r.venue_en, r.doors_at, r.starts_at, r.ends_at,
       CASE p.state WHEN 'waiting' THEN (
           SELECT count(*) + 1 FROM places o
           WHERE o.programme_id = p.programme_id AND o.round_id = p.round_id AND o.state = 'waiting'
             AND (coalesce(o.drawn, 0), -o.stars, -o.minutes, o.submitted_at, o.number)
               < (coalesce(p.drawn, 0), -p.stars, -p.minutes, p.submitted_at, p.number)
       ) END AS position
FROM places p JOIN rounds r ON r.programme_id = p.programme_id AND r.id = p.round_id
WHERE p.programme_id = :programme
"""


def _view(row: RowMapping) -> PlaceView:
    told = ("name_zh", "name_en", "venue_zh", "venue_en", "doors_at", "starts_at", "ends_at", "position")
    return PlaceView(place=read_place(row), **{name: row[name] for name in told})


_OWN = text(f"{_SELECT} AND p.volunteer_id = :volunteer AND p.id = :id")


async def fetch_own_place(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, place: PlaceId
) -> PlaceView | None:
    """One place, if it is this volunteer's."""
    values = {"programme": programme, "volunteer": volunteer, "id": place}
    row = (await reader.execute(_OWN, values)).mappings().one_or_none()
    return _view(row) if row else None


_OWN_LIST = text(f"{_SELECT} AND p.volunteer_id = :volunteer AND p.id < :before ORDER BY p.id DESC LIMIT :limit")


async def fetch_own_places(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, before: PlaceId, limit: int
) -> Sequence[PlaceView]:
    """A volunteer's places before a given one, the newest first."""
    values = {"programme": programme, "volunteer": volunteer, "before": before, "limit": limit}
    return [_view(row) for row in (await reader.execute(_OWN_LIST, values)).mappings()]


_OF_ROUND = text(f"""
SELECT {PLACE_COLUMNS} FROM places p
WHERE p.programme_id = :programme AND p.round_id = :round AND p.number > :after
  AND (CAST(:state AS text) IS NULL OR p.state = :state)
ORDER BY p.number LIMIT :limit
""")


async def fetch_places(
    reader: Reader, programme: ProgrammeId, round_id: RoundId, after: int, limit: int, state: PlaceState | None = None
) -> Sequence[Place]:
    """The claims on a round after a given number, in the order in which they came; those in a state."""
    values = {
        "programme": programme,
        "round": round_id,
        "after": after,
        "limit": limit,
        "state": state.value if state else None,
    }
    return [read_place(row) for row in (await reader.execute(_OF_ROUND, values)).mappings()]


@dataclass(frozen=True, slots=True)
class DrawnEntry:
    """An entry of a lottery and its lot: 1 is the first."""

    place: PlaceId
    drawn: int


_DRAWN = text("""
SELECT id, drawn FROM places
WHERE programme_id = :programme AND round_id = :round AND drawn > :after ORDER BY drawn LIMIT :limit
""")


async def fetch_drawn(
    reader: Reader, programme: ProgrammeId, round_id: RoundId, after: int, limit: int
) -> Sequence[DrawnEntry]:
    """The entries of a draw after a given lot, in the order that was drawn."""
    values = {"programme": programme, "round": round_id, "after": after, "limit": limit}
    return [DrawnEntry(*row) for row in await reader.execute(_DRAWN, values)]


_LAPSED = text("""
SELECT p.id, p.grant_id IS NOT NULL AS is_grant FROM round_stands s
JOIN rounds r ON r.programme_id = s.programme_id AND r.id = s.round_id
JOIN places p ON p.programme_id = s.programme_id AND p.round_id = s.round_id AND p.state IN ('entered', 'waiting')
WHERE s.programme_id = :programme AND (s.waiting > 0 OR s.entered > 0)
  AND (s.closed_at IS NOT NULL OR r.starts_at <= :at)
ORDER BY p.id LIMIT :limit
""")


async def fetch_lapsed_places(
    reader: Reader, programme: ProgrammeId, at: datetime, limit: int
) -> Sequence[tuple[PlaceId, bool]]:
    """Those who still wait, or have entered, where nobody moves up any more; and whether it is a grant that waits."""
    rows = await reader.execute(_LAPSED, {"programme": programme, "at": at, "limit": limit})
    return [(PlaceId(row.id), row.is_grant) for row in rows]
