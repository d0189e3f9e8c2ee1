"""What must be true of rounds, places and grants, worked out from rows and journal without the core's decisions."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from hashlib import sha256
from itertools import combinations, product
from uuid import UUID

from app.core.accounts import AccountKey, AccountKind
from app.core.benefit_grants import BenefitGrant, GrantState
from app.core.book import Accepted, Decision
from app.core.commands import Command
from app.core.ids import NOBODY
from app.core.quantities import Instant
from app.core.rounds import Place, PlaceState, Round, RoundMode, RoundStand
from app.core.rows import RecordState
from app.core.tickets import Attend
from tests.core.ledger import MemoryLedger

ALIVE = ("entered", "waiting", "held")


def check_seats(ledger: MemoryLedger) -> Counter[object]:
    """Every promise about rounds and grants; the counts of claims and grants come back, as tallies are named."""
    seats = ledger.seats
    for round_id, stand in seats.stands.items():
        of_round = [place for place in seats.places.values() if place.round == round_id]
        _check_round(seats.rounds[round_id], stand, of_round, ledger.now)
    _check_hours(ledger)
    _check_apart(ledger)
    counts: Counter[tuple[UUID, str, str]] = Counter()
    for place in seats.places.values():
        if place.state in ALIVE:
            counts[place.volunteer, f"round:{place.round.hex}", ""] += 1
            if place.grant is None:
                counts[place.volunteer, f"benefit:{seats.rounds[place.round].benefit}", _year(place.claimed_at)] += 1
    for (_, scope, _), count in counts.items():
        most = {f"round:{terms.id.hex}": terms.person_max for terms in seats.rounds.values()}
        assert count <= most.get(scope, count), "one person's share of a round"
    for grant in seats.grants.values():
        year = _year(grant.approved_at)
        counts[grant.volunteer, f"benefit:{grant.benefit}", year] += grant.counted
        counts[NOBODY, f"benefit:{grant.benefit}", year] += grant.state is GrantState.APPROVED
    for (who, scope, _), count in counts.items():
        assert scope != "benefit:hardship" or count <= (5 if who == NOBODY else 4), "the quota of a year"
    return Counter({key: count for key, count in counts.items() if count})


def check_entries(ledger: MemoryLedger, commands: Iterable[Command], decisions: Iterable[Decision]) -> None:
    """Whoever came in did so once: as many were let in as places were used."""
    told = zip(commands, decisions, strict=True)
    let_in = sum(isinstance(command, Attend) and isinstance(decision, Accepted) for command, decision in told)
    assert let_in == sum(place.attended_at is not None for place in ledger.seats.places.values()), "a ticket twice"


def consumed_by(grants: Iterable[BenefitGrant]) -> Counter[AccountKey]:
    """What grants that have not given their hours back hold of whose window."""
    held: Counter[AccountKey] = Counter()
    for grant in grants:
        if grant.minutes and grant.returned is None:
            held[AccountKey(AccountKind.CONSUMED, grant.volunteer, f"{grant.since}_{grant.until}")] += grant.minutes
    return held


def _year(at: Instant) -> str:
    return str((at + timedelta(hours=8)).year)


def _check_round(terms: Round, stand: RoundStand, places: list[Place], now: Instant) -> None:
    states = Counter(place.state for place in places)
    held, waiting = states[PlaceState.HELD], states[PlaceState.WAITING]
    assert (stand.taken, stand.waiting, stand.entered) == (held, waiting, states[PlaceState.ENTERED])
    assert held <= stand.capacity, "more places than there are"
    assert sorted(place.number for place in places) == list(range(1, stand.number + 1)), "claims in their order"
    seats = [place.seat or 0 for place in places if place.state is PlaceState.HELD]
    assert sorted([*seats, *stand.freed]) == list(range(1, stand.seats + 1)), "each seat once"
    begun = terms.starts_at is not None and now >= terms.starts_at
    assert not waiting or held == stand.capacity or stand.closed_at or begun, "a free seat while somebody waits"
    for before, after in combinations(sorted(places, key=_order), 2):
        passed = after.held_at is not None and after.held_at > before.claimed_at
        assert before.state is not PlaceState.WAITING or not passed, "moved up out of turn"
    if terms.mode is RoundMode.LOTTERY:
        _check_draw(stand, places)
    for place in places:
        assert place.attended_at is None or place.seat or place.grant, "nobody comes in without a seat"
        assert place.state is PlaceState.HELD or place.seat is None


def _order(place: Place) -> tuple[object, ...]:
    return (place.drawn or 0, -place.stars, -place.minutes, place.submitted_at, place.number)


def _check_draw(stand: RoundStand, places: list[Place]) -> None:
    drawn = sorted((place for place in places if place.drawn), key=lambda place: place.drawn or 0)
    seed = (stand.seed or b"").hex()
    lots = [sha256(f"{seed}|plc_{place.id.hex}".encode()).hexdigest() for place in drawn]
    assert lots == sorted(lots), "the draw runs again to the same order"
    assert [place.drawn for place in drawn] == list(range(1, len(drawn) + 1))
    assert not stand.drawn_at or not stand.entered, "whoever has entered is drawn"
    assert stand.drawn_at or not drawn
    assert not any(place.state is PlaceState.WAITING and not place.drawn for place in places)


def _check_hours(ledger: MemoryLedger) -> None:
    """No hour is used twice, and none that was taken away: in no stretch of days more is used than was served in it."""
    used = [grant for grant in ledger.seats.grants.values() if grant.minutes and grant.returned is None]
    for volunteer in {grant.volunteer for grant in used}:
        own = [grant for grant in used if grant.volunteer == volunteer]
        served = [
            ((each.started_at + timedelta(hours=8)).date(), each.minutes)
            for each in ledger.records.values()
            if each.volunteer == volunteer and each.state is RecordState.VERIFIED
        ]
        for since, until in product({grant.since for grant in own}, {grant.until for grant in own}):
            taken = sum(grant.minutes for grant in own if _within(grant, since, until))
            found = sum(minutes for day, minutes in served if since and until and since <= day <= until)
            assert taken <= found, "the same hours twice"


def _check_apart(ledger: MemoryLedger) -> None:
    """Nobody holds tea and coffee together; and nobody has tea who has had either this year before."""
    seats, now = ledger.seats, ledger.now
    tea = [each for each in seats.places.values() if seats.rounds[each.round].benefit == "tea" and each.state in ALIVE]
    coffee = [each for each in seats.grants.values() if each.benefit == "coffee"]
    for place in tea:
        own = [each for each in coffee if each.volunteer == place.volunteer]
        over = seats.rounds[place.round].ends_at
        assert not any(each.is_valid(now) for each in own) or (over and now >= over), "both at a time"
        had = [each.claimed_at for each in tea if each.volunteer == place.volunteer and each.id != place.id]
        had += [each.approved_at for each in own if each.counted]
        before = {_year(at) for at in had if at <= place.claimed_at}
        assert _year(place.claimed_at) not in before, "more than a person's share of both"


def _within(grant: BenefitGrant, since: date | None, until: date | None) -> bool:
    return bool(since and until and grant.since and grant.until and since <= grant.since and grant.until <= until)
