"""Rounds for a volunteer (报名、抢票): which are announced, and claiming a place."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from uuid_utils.compat import uuid7

from app.actions.guardianships import note_acted, refuse_child
from app.api.access import Requires
from app.api.benefit_fields import BenefitCode
from app.api.bodies import Answer, json_answer
from app.api.me import own_id
from app.api.operations import IdempotencyKey, reads, writes
from app.api.paging import PAGE, After, Limit, cut_page, id_after, link_next
from app.api.problems import Problem, refuse
from app.api.round_fields import Hex, PlaceRef, RoundRef
from app.api.rounds import NEWEST, find_round
from app.api.services import Serves, Services
from app.core.benefits.eligibility import evaluate, is_eligible
from app.core.benefits.facts import hash_facts
from app.core.business_days import business_day
from app.core.claims import ClaimPlace
from app.core.codes import Code, Rejected
from app.core.holding import Apart
from app.core.idempotency import AnswerKey
from app.core.ids import PlaceId, RoundId, format_id
from app.core.rounds import PlaceState, Round, RoundMode
from app.engine.batch import Submission
from app.security.actors import Actor
from app.security.scopes import Scope
from app.security.tickets import hash_ticket_of
from app.store.benefit_facts import fetch_facts
from app.store.benefits import fetch_apart, fetch_version
from app.store.programmes import fetch_zone
from app.store.rounds import RoundView, fetch_rounds

router = APIRouter(prefix="/v1/me/rounds", tags=["Volunteers' own"])

Reads = Annotated[Actor, Depends(Requires(Scope.ME_READ))]
Claims = Annotated[Actor, Depends(Requires(Scope.ME_CLAIM))]


class OwnRoundAnswer(Answer):
    """A round that places can be claimed of. Whether one may is said by the benefit: `/v1/me/benefits/{code}`."""

    id: RoundRef
    benefit_code: str
    name_zh: str
    name_en: str
    venue_zh: str | None
    venue_en: str | None
    mode: RoundMode
    capacity: int
    left: Annotated[int, Field(description="Places that nobody has yet; a lottery gives all of them by lot")]
    waiting: int
    entered: int
    opens_at: datetime
    closes_at: datetime
    doors_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    is_open: bool
    seed_hash: Hex | None
    drawn_at: datetime | None


class OwnRoundPage(Answer):
    """Rounds, the newest first."""

    rounds: list[OwnRoundAnswer]
    next: str | None


class ClaimAnswer(Answer):
    """What the claim came to: a place with its seat, a position in the waiting list, or an entry of the draw."""

    place_id: PlaceRef
    round_id: RoundRef
    state: PlaceState
    position: Annotated[int | None, Field(description="Of one that waits: 1 is the next", examples=[17])]
    seat: int | None


def _render(view: RoundView, now: datetime) -> OwnRoundAnswer:
    terms, stand = view.terms, view.stand
    closed = stand is not None and stand.closed_at is not None
    return OwnRoundAnswer(
        id=format_id("rnd", terms.id),
        benefit_code=terms.benefit,
        name_zh=view.name_zh,
        name_en=view.name_en,
        venue_zh=view.venue_zh or None,
        venue_en=view.venue_en or None,
        mode=terms.mode,
        capacity=stand.capacity if stand else terms.capacity,
        left=stand.left if stand else terms.capacity,
        waiting=stand.waiting if stand else 0,
        entered=stand.entered if stand else 0,
        opens_at=terms.opens_at,
        closes_at=terms.closes_at,
        doors_at=terms.doors_at,
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
        is_open=terms.opens_at <= now < terms.closes_at and not closed,
        seed_hash=terms.seed_hash.hex() if terms.seed_hash else None,
        drawn_at=stand.drawn_at if stand else None,
    )


@router.get(
    "",
    operation_id="listOwnRounds",
    summary="Rounds that places can be claimed of (活动与批次)",
    response_model=OwnRoundPage,
    responses=reads(),
)
async def list_own_rounds(
    request: Request,
    response: Response,
    services: Serves,
    actor: Reads,
    benefit_code: Annotated[BenefitCode | None, Query(description="Only of this benefit")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> OwnRoundPage:
    """The newest first, those that are over among them."""
    before = RoundId(id_after("rnd", after or f"rnd_{NEWEST}"))
    async with services.database.read() as reader:
        found = await fetch_rounds(reader, actor.programme, before, limit + 1, benefit_code, published=True)
    page, more = cut_page(found, limit)
    cursor = format_id("rnd", page[-1].terms.id) if more else None
    response.headers.update(link_next(request, cursor))
    now = services.clock()
    return OwnRoundPage(rounds=[_render(view, now) for view in page], next=cursor)


async def _judge(services: Services, actor: Actor, terms: Round) -> tuple[bool, bytes, Apart]:
    """Whether the facts of today meet the criteria of the version that the round was announced under; their hash.

    And which benefits nobody holds together with it: the ledger looks at those again.
    """
    async with services.database.snapshot() as reader:
        published = await fetch_version(reader, actor.programme, terms.benefit, terms.benefit_version)
        if published is None:
            raise Problem(Code.NOT_FOUND)
        today = business_day(services.clock(), await fetch_zone(reader, actor.programme))
        if refusal := await refuse_child(reader, actor, today):
            raise refuse(refusal)
        facts = await fetch_facts(reader, actor.programme, own_id(actor), published.benefit, today)
        apart = await fetch_apart(reader, actor.programme, published.benefit)
    if facts is None:
        raise Problem(Code.NOT_FOUND)
    return is_eligible(evaluate(published.benefit, facts)), hash_facts(facts), apart


@router.post(
    "/{round_id}/claim",
    operation_id="claimPlace",
    summary="Claim a place of a round (报名、抢票)",
    status_code=201,
    response_model=ClaimAnswer,
    responses=writes(
        Code.NOT_FOUND,
        Code.ACCOUNT_FROZEN,
        Code.ROUND_NOT_OPEN,
        Code.NOT_ELIGIBLE,
        Code.QUOTA_EXCEEDED,
        Code.GUARDIAN_REQUIRED,
    ),
)
async def post_claim(services: Serves, actor: Claims, key: IdempotencyKey, round_id: str) -> Response:
    """First come, first served: a place, or the waiting list in the order of the claims. A lottery: an entry."""
    view = await find_round(services, actor, round_id)
    if view.terms.published_at is None or view.terms.mode is RoundMode.REVIEWED:
        raise Problem(Code.NOT_FOUND)
    eligible, facts_hash, apart = await _judge(services, actor, view.terms)
    place = PlaceId(uuid7())
    command = ClaimPlace(
        place=place,
        round=view.terms.id,
        volunteer=own_id(actor),
        code=hash_ticket_of(services.cabinet.tickets, actor.programme, place),
        eligible=eligible,
        facts_hash=facts_hash,
        apart=apart,
    )
    submission = Submission(command=command, key=AnswerKey(actor.hand, key), body_hash=f"claim {round_id}".encode())
    outcome = await services.committers.submit(actor.programme, submission)
    if isinstance(outcome.answer, Rejected):
        raise refuse(outcome.answer, replayed=outcome.replayed)
    told = outcome.answer
    noted = {"round_id": round_id, "state": told["state"]}
    claimed, at = str(told["place"]), services.clock()
    await note_acted(services.database, actor, "place.claim", claimed, noted, at, repeated=outcome.replayed)
    answer = ClaimAnswer.model_validate(
        {
            "place_id": told["place"],
            "round_id": round_id,
            "state": told["state"],
            "position": told["position"],
            "seat": told["seat"],
        }
    )
    return json_answer(answer.model_dump_json(), 201, replayed=outcome.replayed)
