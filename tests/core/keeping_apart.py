"""Two benefits that nobody holds together, in a city's history: tea by places, coffee by grants."""

from datetime import timedelta

from app.core.benefit_grants import GrantQuota
from app.core.claims import ClaimPlace, ReleasePlace
from app.core.commands import Command
from app.core.grants import ApproveGrant
from app.core.holding import NOTHING_APART, Apart
from app.core.ids import ApplicationId, BenefitGrantId, PlaceId, RoundId, TransactionId
from app.core.revocations import RevokeGrant
from app.core.rounds import Round, RoundMode, TicketHash
from tests.core.builders import VERIFIER, named
from tests.core.ledger import MemoryLedger
from tests.core.moments import Moment
from tests.core.steps import PEOPLE, Step

TEA, COFFEE = "tea", "coffee"
TEAS_A_YEAR = 1
"""Coffees counted: who has had one this year has had their tea."""


def apart_from(benefit: str) -> Apart:
    """What nobody holds together with a benefit that places are claimed of."""
    return Apart(named=(COFFEE,)) if benefit == TEA else NOTHING_APART


def keep_apart(ledger: MemoryLedger, step: Step, number: int) -> Moment:
    """One is had and the other wanted, in either order; the first is given up, and the other wanted again."""
    terms = _round(ledger, number)
    place = PlaceId(named("tea", number))
    again = PlaceId(named("tea again", number))
    tea, coffee = _claim(terms, place, step), _approve(ledger, step, f"{number}")
    give_back = ReleasePlace(place=place, volunteer=PEOPLE[step.who])
    plans: tuple[tuple[Command, ...], ...] = (
        (tea, coffee, give_back, _approve(ledger, step, f"{number} again")),
        (coffee, tea, _end(coffee, number, for_error=step.percent % 4 == 1), _claim(terms, again, step)),
        (tea, coffee, _end(coffee, number, for_error=True)),
        (tea, coffee),
    )
    return Moment(rounds=(terms,), commands=plans[step.about])


def _round(ledger: MemoryLedger, number: int) -> Round:
    closes_at = ledger.now + timedelta(hours=1)
    return Round(
        id=RoundId(named("tea round", number)),
        benefit=TEA,
        benefit_version="1",
        mode=RoundMode.FIRST_COME,
        capacity=1,
        opens_at=ledger.now - timedelta(hours=1),
        closes_at=closes_at,
        person_max=2,
        year_max=TEAS_A_YEAR,
        doors_at=closes_at,
        starts_at=closes_at + timedelta(days=1),
        ends_at=closes_at + timedelta(days=2),
        published_at=ledger.now,
    )


def _claim(terms: Round, place: PlaceId, step: Step) -> ClaimPlace:
    return ClaimPlace(
        place=place,
        round=terms.id,
        volunteer=PEOPLE[step.who],
        code=TicketHash(named("tea ticket", place).bytes),
        eligible=True,
        facts_hash=b"facts",
        apart=apart_from(terms.benefit),
    )


def _approve(ledger: MemoryLedger, step: Step, name: str) -> ApproveGrant:
    return ApproveGrant(
        application=ApplicationId(named("coffee", name)),
        transaction=TransactionId(named("coffee", name)),
        volunteer=PEOPLE[step.who],
        benefit=COFFEE,
        version="1",
        facts_hash=b"facts",
        approved_by=VERIFIER,
        submitted_at=ledger.now,
        valid_until=ledger.now + timedelta(days=1 + step.percent % 5),
        quota=GrantQuota(per_person=9),
        apart=Apart(naming=(TEA,)),
    )


def _end(coffee: ApproveGrant, number: int, *, for_error: bool) -> RevokeGrant:
    return RevokeGrant(
        grant=BenefitGrantId(coffee.application),
        transaction=TransactionId(named("coffee ends", number)),
        by="usr_1",
        for_error=for_error,
    )
