"""Steps about rounds, places and grants in a city's history: what a step is about follows from its own figures."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from app.core.benefit_grants import GrantQuota
from app.core.claims import ClaimPlace, ReleasePlace
from app.core.commands import Command
from app.core.draws import DrawLots, hash_seed
from app.core.grants import ApproveGrant, Consumption
from app.core.ids import ApplicationId, PlaceId, RoundId, TeamId, TransactionId
from app.core.quantities import Minutes
from app.core.revocations import RevokeGrant
from app.core.round_ends import CloseRound, EnlargeRound
from app.core.rounds import LIVE, Place, PlaceState, Round, RoundMode, TicketHash
from app.core.tickets import Attend
from tests.core.builders import VERIFIER, named
from tests.core.keeping_apart import apart_from, keep_apart
from tests.core.ledger import MemoryLedger
from tests.core.moments import Moment
from tests.core.steps import FROZEN, PEOPLE, Step
from tests.core.using_up import use_and_take

VERBS = (
    *("round", "claim", "claim", "claim", "approve", "approve", "claim", "release", "release", "approve"),
    *("attend", "attend", "draw", "revoke", "enlarge", "claim", "approve", "draw", "close", "lapse"),
    *("revoke", "claim again", "approve and revoke", "crowd", "use and take"),
)
BENEFITS = ("concert", "hardship")
MODES = (RoundMode.FIRST_COME, RoundMode.LOTTERY, RoundMode.REVIEWED)
SEED = b"the seed of every lottery"
TEAM = TeamId(named("door"))
OPEN_FOR = (timedelta(hours=1), timedelta(days=1), timedelta(days=5))
PATIENCE = timedelta(days=2)

Thing = TypeVar("Thing")


def seat(ledger: MemoryLedger, step: Step, number: int) -> Moment:
    """What a step comes to for rounds and grants; a round is opened where there is nothing to act on."""
    verb = VERBS[(number * 7 + step.percent) % len(VERBS)]
    if verb == "round":
        return Moment(rounds=(_open(ledger, step, number),))
    if verb == "crowd":
        return _crowd(ledger, step, number)
    if verb == "use and take":
        return keep_apart(ledger, step, number) if step.percent % 2 else use_and_take(ledger, step, number)
    moment = _Usher(ledger, step, number).write(verb)
    return moment if moment.commands else Moment(rounds=(_open(ledger, step, number),))


def ticket(place: PlaceId) -> TicketHash:
    """The ticket of a place."""
    return TicketHash(named("ticket", place).bytes)


def _open(ledger: MemoryLedger, step: Step, number: int) -> Round:
    mode = MODES[(step.percent + step.about) % 3]
    closes_at = ledger.now + OPEN_FOR[step.percent % 3]
    event = mode is not RoundMode.REVIEWED
    return Round(
        id=RoundId(named("round", number)),
        benefit=BENEFITS[mode is RoundMode.REVIEWED],
        benefit_version="1",
        mode=mode,
        capacity=1 + step.percent % 2,
        opens_at=ledger.now - timedelta(hours=1),
        closes_at=closes_at,
        person_max=1 + step.percent % 2,
        year_max=3,
        doors_at=closes_at - timedelta(minutes=30) if event else None,
        starts_at=closes_at + timedelta(days=2) if event else None,
        ends_at=closes_at + timedelta(days=9) if event else None,
        team=TEAM,
        seed_hash=hash_seed(SEED) if mode is RoundMode.LOTTERY else None,
        published_at=None if step.blind and step.percent % 5 == 0 else ledger.now,
    )


def _crowd(ledger: MemoryLedger, step: Step, number: int) -> Moment:
    """All three want the one place of a new round. First come: whoever has it gives it back, and so does the next.

    In a lottery nobody goes: all three are there when lots are drawn.
    """
    lottery = step.about > 1
    terms = replace(
        _open(ledger, step, number),
        benefit=BENEFITS[0],
        mode=RoundMode.LOTTERY if lottery else RoundMode.FIRST_COME,
        capacity=1,
        year_max=None,
        seed_hash=hash_seed(SEED) if lottery else None,
        published_at=ledger.now,
    )
    places = [PlaceId(named("crowd", number, each)) for each in range(len(PEOPLE))]
    claims = [
        ClaimPlace(place=place, round=terms.id, volunteer=who, code=ticket(place), eligible=True, facts_hash=b"facts")
        for place, who in zip(places, PEOPLE, strict=True)
    ]
    back = [ReleasePlace(place=places[each], volunteer=PEOPLE[each]) for each in range(1 + step.percent % 2)]
    return Moment(rounds=(terms,), commands=(*claims, *(() if lottery else back)))


class _Usher:
    """Writes one step about rounds down as commands."""

    def __init__(self, ledger: MemoryLedger, step: Step, number: int) -> None:
        self.ledger = ledger
        self.seats = ledger.seats
        self.step = step
        self.number = number
        self.volunteer = FROZEN if step.blind and step.percent > 80 else PEOPLE[step.who]

    def write(self, verb: str) -> Moment:
        """What the step comes to; for a draw and at a door it is waited until it is time."""
        if verb in {"draw", "attend"} and not self.step.blind:
            return self._draw() if verb == "draw" else self._attend_in_time()
        return Moment(commands=self._act(verb))

    def _draw(self) -> Moment:
        lottery = self._pick(
            terms
            for terms in self.seats.rounds.values()
            if (stand := self.seats.stands.get(terms.id))
            and stand.entered
            and not stand.closed_at
            and terms.closes_at <= self.ledger.now + PATIENCE
        )
        if lottery is None:
            return Moment()
        wait = max(timedelta(0), lottery.closes_at - self.ledger.now)
        return Moment(wait=wait, commands=(DrawLots(round=lottery.id, seed=SEED),))

    def _attend_in_time(self) -> Moment:
        now = self.ledger.now
        doors = {
            terms.id: terms.doors_at
            for terms in self.seats.rounds.values()
            if terms.doors_at and terms.ends_at and terms.doors_at <= now + PATIENCE and now < terms.ends_at
        }
        place = self._pick_place(
            each for each in self._live() if each.round in doors and each.state is PlaceState.HELD and each.code
        )
        if place is None:
            return Moment()
        return Moment(wait=max(timedelta(0), doors[place.round] - now), commands=self._attend(place))

    def _act(self, verb: str) -> tuple[Command, ...]:
        match verb:
            case "claim" | "claim again":
                return self._claim(twice=verb == "claim again")
            case "approve" | "approve and revoke":
                approval = self._approve()
                return (approval, self._revoke(approval)) if verb == "approve and revoke" else (approval,)
            case "revoke":
                found = self._pick(self.seats.grants.values())
                return (self._revoke(found),) if found else ()
            case "release":
                place = self._pick_place(self.seats.places.values() if self.step.blind else self._live())
                return self._release(place) if place else ()
            case "lapse":
                place = self._pick_place(each for each in self._live() if each.state is not PlaceState.HELD)
                return (ReleasePlace(place=place.id, volunteer=None),) if place else ()
            case "attend":
                place = self._pick_place(each for each in self._live() if each.code)
                return self._attend(place) if place else ()
        return self._keep(verb)

    def _keep(self, verb: str) -> tuple[Command, ...]:
        now = self.ledger.now
        terms = self._pick(
            each
            for each in self.seats.rounds.values()
            if self.step.blind or (verb == "enlarge") is (each.closes_at > now)
        )
        if terms is None:
            return ()
        if verb == "draw":
            return (DrawLots(round=terms.id, seed=b"another" if self.step.about else SEED),)
        if verb == "close":
            return (CloseRound(round=terms.id),)
        stand = self.seats.stands.get(terms.id)
        more = (stand.capacity if stand else terms.capacity) + self.step.percent % 3
        return (EnlargeRound(round=terms.id, capacity=more),)

    def _pick(self, things: Iterable[Thing]) -> Thing | None:
        choice = list(things)
        return choice[-1 - self.step.about % len(choice)] if choice else None

    def _pick_place(self, places: Iterable[Place]) -> Place | None:
        return self._pick(places)

    def _live(self) -> list[Place]:
        return [each for each in self.seats.places.values() if each.state in LIVE and not each.attended_at]

    def _claim(self, *, twice: bool) -> tuple[Command, ...]:
        now = self.ledger.now
        terms = self._pick(
            each
            for each in self.seats.rounds.values()
            if each.mode is not RoundMode.REVIEWED and (self.step.blind or each.closes_at > now)
        )
        return tuple(self._claim_of(terms, again) for again in range(1 + twice)) if terms else ()

    def _claim_of(self, terms: Round, again: int) -> ClaimPlace:
        place = PlaceId(named("place", self.number, again))
        return ClaimPlace(
            place=place,
            round=terms.id,
            volunteer=self.volunteer,
            code=ticket(place),
            eligible=not self.step.blind,
            facts_hash=b"facts",
            apart=apart_from(terms.benefit),
        )

    def _release(self, place: Place) -> tuple[Command, ...]:
        by = self.volunteer if self.step.blind else place.volunteer
        return (ReleasePlace(place=place.id, volunteer=by), self._again(place))

    def _again(self, place: Place) -> ClaimPlace:
        """Whoever has given a place back wants one again, and stands at the end of the line."""
        again = PlaceId(named("again", self.number))
        return ClaimPlace(
            place=again,
            round=place.round,
            volunteer=place.volunteer,
            code=ticket(again),
            eligible=True,
            facts_hash=b"facts",
            apart=apart_from(self.seats.rounds[place.round].benefit),
        )

    def _approve(self) -> ApproveGrant:
        step, today = self.step, self.ledger.programme.business_day(self.ledger.now)
        terms = self._pick(each for each in self.seats.rounds.values() if each.mode is RoundMode.REVIEWED)
        used = Consumption(
            minutes=Minutes(step.percent),
            since=today - timedelta(days=(30, 60, 500, 1300)[step.about]),
            until=today - timedelta(days=step.percent % 3 if step.about < 3 else 300),
        )
        application = ApplicationId(named("application", self.number % 9 if step.blind else self.number))
        return ApproveGrant(
            application=application,
            transaction=TransactionId(named("consumed", self.number)),
            volunteer=self.volunteer,
            benefit=BENEFITS[1],
            version="1",
            facts_hash=b"facts",
            approved_by=VERIFIER,
            submitted_at=self.ledger.now - timedelta(hours=step.percent),
            valid_until=self.ledger.now + timedelta(days=200) if step.about else None,
            quota=GrantQuota(per_person=4, per_year=5, held=3 if step.percent % 3 else None),
            consumes=None if step.percent % 4 == 0 else used,
            round=terms.id if terms and step.percent % 5 else None,
            stars=step.about,
            served=Minutes(step.percent),
            code=ticket(PlaceId(application)),
        )

    def _revoke(self, grant: ApproveGrant | object) -> RevokeGrant:
        found = grant.grant if isinstance(grant, ApproveGrant) else grant.id  # type: ignore[attr-defined]  # a row
        return RevokeGrant(
            grant=found,
            transaction=TransactionId(named("revoked", self.number)),
            by="usr_1",
            for_error=self.step.percent % 3 == 0,
        )

    def _attend(self, place: Place) -> tuple[Command, ...]:
        code = place.code or ticket(place.id)
        here = frozenset((TeamId(named("another door")) if self.step.blind else TEAM,))
        once = Attend(code=code, door="A1", teams=here if self.step.percent % 3 else None)
        return (once, Attend(code=code, door="B2", teams=None))
