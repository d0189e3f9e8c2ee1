"""What a batch looks up of rounds, places and grants: one array statement per kind, and none where nobody asks."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from app.core.benefit_grants import Window
from app.core.business_days import end_of_day
from app.core.holding import Held, HeldSought
from app.core.ids import PlaceId, RecordId, RoundId, VolunteerId
from app.core.programmes import Programme
from app.core.quantities import Instant
from app.core.seating import (
    GrantSought,
    HoldersSought,
    Laid,
    PlaceSought,
    QueueSought,
    RoundSought,
    Seating,
    Sought,
    TicketSought,
)
from app.store.database import BatchConnection
from app.store.seat_rows import (
    GRANT_COLUMNS,
    LINE,
    PLACE_COLUMNS,
    ROUND_COLUMNS,
    STAND_COLUMNS,
    read_grant,
    read_place,
    read_round,
    read_stand,
)

_PLACES = f"SELECT {PLACE_COLUMNS} FROM places p WHERE p.programme_id = $1 AND p.id = ANY($2::uuid[])"
_TICKETS = f"SELECT {PLACE_COLUMNS} FROM places p WHERE p.programme_id = $1 AND p.code_hash = ANY($2::bytea[])"
_GRANTS = f"SELECT {GRANT_COLUMNS} FROM benefit_grants g WHERE g.programme_id = $1 AND g.id = ANY($2::uuid[])"
_ROUNDS = f"""
SELECT {ROUND_COLUMNS}, {STAND_COLUMNS} FROM rounds r
LEFT JOIN round_stands s ON s.programme_id = r.programme_id AND s.round_id = r.id
WHERE r.programme_id = $1 AND r.id = ANY($2::uuid[])
"""
_NEXT = f"""
SELECT l.* FROM unnest($2::uuid[]) AS u (id)
CROSS JOIN LATERAL (
    SELECT {PLACE_COLUMNS} FROM places p
    WHERE p.programme_id = $1 AND p.round_id = u.id AND p.state = 'waiting' ORDER BY {LINE} LIMIT $3
) l
"""
_QUEUES = f"""
SELECT {PLACE_COLUMNS} FROM places p
WHERE p.programme_id = $1 AND p.round_id = ANY($2::uuid[]) AND p.state IN ('entered', 'waiting')
"""
_HOLDERS = """
SELECT u.code, (
    SELECT count(*) FROM benefit_grants g WHERE g.programme_id = $1 AND g.benefit_code = u.code
        AND g.state = 'approved' AND (g.valid_until IS NULL OR g.valid_until > $3)
) FROM unnest($2::text[]) AS u (code)
"""
_WINDOWS = """
SELECT w.number, r.id, r.minutes, r.started_at
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY AS w (volunteer, since, before, number)
CROSS JOIN LATERAL (
    SELECT id, minutes, started_at FROM service_records
    WHERE programme_id = $1 AND volunteer_id = w.volunteer AND state = 'verified'
        AND started_at >= w.since AND started_at < w.before OFFSET 0
) r
"""
_HELD = """
SELECT w.volunteer, h.id, h.benefit, h.until FROM unnest($2::uuid[]) AS w (volunteer)
CROSS JOIN LATERAL (
    SELECT id, benefit_code AS benefit, valid_until AS until FROM benefit_grants
    WHERE programme_id = $1 AND volunteer_id = w.volunteer AND state = 'approved'
    UNION ALL
    SELECT p.id, r.benefit_code, r.ends_at FROM places p
    JOIN rounds r ON r.programme_id = p.programme_id AND r.id = p.round_id
    WHERE p.programme_id = $1 AND p.volunteer_id = w.volunteer AND p.state IN ('entered', 'waiting', 'held')
        AND p.grant_id IS NULL
    OFFSET 0
) h
"""
_DAY = timedelta(days=1)


class _Search:
    """One look-up, in the order in which one thing leads to another: tickets and grants, places, rounds, who waits."""

    def __init__(self, connection: BatchConnection, programme: Programme, sought: Collection[Sought]) -> None:
        self._connection = connection
        self._programme = programme
        self._sought = sought
        self.seating = Seating(zone=programme.zone)

    async def run(self, at: Instant) -> Seating:
        """Look everything up that is asked for."""
        await self._find_places()
        await self._find_rounds()
        await self._count_holders(at)
        await self._find_windows()
        await self._find_held()
        return self.seating

    async def _find_places(self) -> None:
        name, seating = self._programme.id, self.seating
        codes = [each.code for each in self._sought if isinstance(each, TicketSought)]
        grants = [each.grant for each in self._sought if isinstance(each, GrantSought)]
        asked = [each.place for each in self._sought if isinstance(each, PlaceSought)]
        seating.tickets.update(dict.fromkeys(codes))
        if codes:
            for row in await self._connection.fetch(_TICKETS, name, codes):
                place = read_place(row)
                seating.places[place.id] = place
                seating.tickets[row["code_hash"]] = place.id
        seating.grants.update(dict.fromkeys(grants))
        if grants:
            for row in await self._connection.fetch(_GRANTS, name, grants):
                seating.grants[row["id"]] = read_grant(row)
        seating.places.update(dict.fromkeys(asked))
        if named := {*asked, *(PlaceId(grant) for grant, row in seating.grants.items() if row and row.round)}:
            for row in await self._connection.fetch(_PLACES, name, list(named)):
                seating.places[row["id"]] = read_place(row)

    async def _find_rounds(self) -> None:
        """Terms and stands; of those who wait all, where somebody asks, else so many as can move up in this batch."""
        name, seating = self._programme.id, self.seating
        queues = {each.round for each in self._sought if isinstance(each, QueueSought)}
        named: set[RoundId] = queues | {each.round for each in self._sought if isinstance(each, RoundSought)}
        named.update(place.round for place in seating.places.values() if place)
        seating.rounds.update(dict.fromkeys(named))
        if not named:
            return
        for row in await self._connection.fetch(_ROUNDS, name, list(named)):
            seating.rounds[row["id"]] = read_round(row)
            if row["round_id"]:
                seating.stands[row["round_id"]] = read_stand(row)
        if queues:
            for row in await self._connection.fetch(_QUEUES, name, list(queues)):
                seating.places[row["id"]] = read_place(row)
        leaving = sum(isinstance(each, PlaceSought | GrantSought) for each in self._sought)
        rest = [each for each in named - queues if (stand := seating.stands.get(each)) and stand.waiting]
        if leaving and rest:
            for row in await self._connection.fetch(_NEXT, name, rest, leaving):
                seating.places[row["id"]] = read_place(row)

    async def _count_holders(self, at: Instant) -> None:
        if codes := [each.benefit for each in self._sought if isinstance(each, HoldersSought)]:
            rows = await self._connection.fetch(_HOLDERS, self._programme.id, codes, at)
            self.seating.holders.update((code, count) for code, count in rows)

    async def _find_windows(self) -> None:
        windows = [each for each in self._sought if isinstance(each, Window)]
        self.seating.windows.update((window, {}) for window in windows)
        if windows:
            for window, record, laid in await _fetch_served(self._connection, self._programme, windows):
                self.seating.windows[window][record] = laid.minutes

    async def _find_held(self) -> None:
        people = {each.volunteer for each in self._sought if isinstance(each, HeldSought)}
        self.seating.held.update((volunteer, {}) for volunteer in people)
        if people:
            for volunteer, held, benefit, until in await self._connection.fetch(
                _HELD, self._programme.id, list(people)
            ):
                self.seating.held[volunteer][held] = Held(benefit, until)


async def _fetch_served(
    connection: BatchConnection, programme: Programme, windows: Sequence[Window]
) -> list[tuple[Window, RecordId, Laid]]:
    """The verified records of windows, by the business day on which they began."""
    zone = str(programme.zone)
    rows = await connection.fetch(
        _WINDOWS,
        programme.id,
        [window.volunteer for window in windows],
        [end_of_day(window.since - _DAY, zone) for window in windows],
        [end_of_day(window.until, zone) for window in windows],
    )
    return [
        (windows[number - 1], record, Laid(programme.business_day(started_at), minutes))
        for number, record, minutes, started_at in rows
    ]


async def fetch_laid(
    connection: BatchConnection, programme: Programme, windows: Sequence[Window]
) -> dict[VolunteerId, dict[RecordId, Laid]]:
    """The verified records of windows, one for each volunteer."""
    found: dict[VolunteerId, dict[RecordId, Laid]] = {window.volunteer: {} for window in windows}
    for window, record, laid in await _fetch_served(connection, programme, windows):
        found[window.volunteer][record] = laid
    return found


async def fetch_seating(
    connection: BatchConnection, programme: Programme, sought: Collection[Sought], at: Instant
) -> Seating:
    """What commands about rounds and grants ask for, at a moment."""
    return await _Search(connection, programme, sought).run(at)
