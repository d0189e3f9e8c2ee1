"""What a person has done and what was done to them, for the export: as their own lists tell it, all pages of each.

Codes that open something (vouchers, tickets) are no data of a person and are left out: a copy must not be as good as
the phone that shows them.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from fastapi import Request, Response

from app.actions.sessions import volunteer_actor
from app.api.application_fields import ApplicationAnswer
from app.api.auth_sessions import SessionAnswer, list_own_sessions
from app.api.benefit_grants import BenefitGrantAnswer, list_own_benefit_grants
from app.api.bodies import Answer
from app.api.bonuses import BonusAnswer, list_own_bonuses
from app.api.evaluations import EvaluationAnswer, fetch_own_evaluations
from app.api.guardianships import GuardianshipAnswer
from app.api.my_applications import list_own_applications
from app.api.my_donations import PointsDonationAnswer, list_donations
from app.api.my_family import FamilyLinkAnswer, list_family_links
from app.api.my_guardianships import list_own_guardianships
from app.api.my_objections import list_own_objections
from app.api.my_orders import OrderWithoutVoucher, list_orders
from app.api.my_penalties import list_own_penalties
from app.api.my_places import OwnPlaceAnswer, list_own_places
from app.api.my_predicates import list_own_answers, list_own_permits
from app.api.my_redemptions import OwnRedemptionAnswer, list_redemptions
from app.api.objection_fields import ObjectionAnswer
from app.api.penalty_fields import PenaltyAnswer
from app.api.predicate_fields import AskedAnswer, PermitAnswer
from app.api.services import Services
from app.api.wallets import StatementLineAnswer, read_statement
from app.core.ids import ProgrammeId, VolunteerId

AT_ONCE = 200


class Page(Protocol):
    """A page of any list."""

    next: str | None


SomePage = TypeVar("SomePage", bound=Page)
Item = TypeVar("Item")


async def read_all(
    read: Callable[[str | None], Awaitable[SomePage]], items: Callable[[SomePage], Sequence[Item]]
) -> list[Item]:
    """All that a list holds, page by page."""
    found: list[Item] = []
    after: str | None = None
    while True:
        page = await read(after)
        found.extend(items(page))
        if page.next is None:
            return found
        after = page.next


class ExportedParts(Answer):
    """Everything of one person that lists of their own tell."""

    statement: list[StatementLineAnswer]
    redemptions: list[OwnRedemptionAnswer]
    orders: list[OrderWithoutVoucher]
    donations: list[PointsDonationAnswer]
    bonuses: list[BonusAnswer]
    penalties: list[PenaltyAnswer]
    objections: list[ObjectionAnswer]
    evaluations: list[EvaluationAnswer]
    family_links: list[FamilyLinkAnswer]
    guardianships: list[GuardianshipAnswer]
    applications: list[ApplicationAnswer]
    places: list[OwnPlaceAnswer]
    benefit_grants: list[BenefitGrantAnswer]
    predicate_permits: list[PermitAnswer]
    predicate_answers: list[AskedAnswer]
    sessions: list[SessionAnswer]


async def gather_parts(
    request: Request, services: Services, programme: ProgrammeId, volunteer: VolunteerId
) -> ExportedParts:
    """Read every list as the volunteer would."""
    own = volunteer_actor(programme, volunteer)

    def pages(lister: Callable[..., Awaitable[SomePage]]) -> Callable[[str | None], Awaitable[SomePage]]:
        def read(after: str | None) -> Awaitable[SomePage]:
            return lister(request, Response(), services, own, limit=AT_ONCE, after=after)

        return read

    def statement(after: str | None) -> Any:  # noqa: ANN401 - a page of the statement
        return read_statement(request, Response(), services, programme, volunteer, AT_ONCE, after)

    orders = await read_all(pages(list_orders), lambda page: page.orders)
    places = await read_all(pages(list_own_places), lambda page: page.places)
    return ExportedParts(
        statement=await read_all(statement, lambda page: page.lines),
        redemptions=await read_all(pages(list_redemptions), lambda page: page.redemptions),
        orders=[OrderWithoutVoucher(**order.model_dump(exclude={"voucher"})) for order in orders],
        donations=await read_all(pages(list_donations), lambda page: page.donations),
        bonuses=await read_all(pages(list_own_bonuses), lambda page: page.bonuses),
        penalties=await read_all(pages(list_own_penalties), lambda page: page.penalties),
        objections=await read_all(pages(list_own_objections), lambda page: page.objections),
        evaluations=await fetch_own_evaluations(services, programme, volunteer),
        family_links=await read_all(pages(list_family_links), lambda page: page.links),
        guardianships=await read_all(pages(list_own_guardianships), lambda page: page.guardianships),
        applications=await read_all(pages(list_own_applications), lambda page: page.applications),
        places=[place.model_copy(update={"ticket": None}) for place in places],
        benefit_grants=await read_all(pages(list_own_benefit_grants), lambda page: page.grants),
        predicate_permits=await read_all(pages(list_own_permits), lambda page: page.permits),
        predicate_answers=await read_all(pages(list_own_answers), lambda page: page.answers),
        sessions=await read_all(pages(list_own_sessions), lambda page: page.sessions),
    )
