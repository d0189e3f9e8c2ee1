"""Applications as people decide them: every judgement rests on the facts of its moment, beside those frozen before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.actions.application_hands import ApplicationTold, day_of, fetch_application_clerk
from app.actions.applications import Case, lock_case, write_moved
from app.core.applications.deciding import decide_step
from app.core.applications.model import Application, Given
from app.core.applications.states import MOVES, ApplicationEvent, ApplicationState, Need, Party
from app.core.benefits.eligibility import evaluate, is_eligible
from app.core.benefits.facts import FactChange, Facts, compare_facts, hash_facts
from app.core.benefits.model import Benefit
from app.core.benefits.results import CriterionResult
from app.core.codes import Code, Rejected
from app.core.ids import ApplicationId, RoundId
from app.core.quantities import Fen
from app.security.actors import Actor, ActorKind
from app.security.words import Place
from app.store.application_steps import (
    PublicObjection,
    answer_public_objections,
    insert_public_objection,
)
from app.store.applications import ApplicationView
from app.store.benefit_facts import fetch_facts
from app.store.benefits import fetch_version
from app.store.database import Reader, Tx
from app.store.words import seal_words

E = ApplicationEvent
UNSETTLING = frozenset((E.APPROVE, E.REVOKE, E.ANNUL))
"""What the ledger has to follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a reviewer does, why, and what they have looked at.

    `attested`: the exclusions that no record tells of, each of which the reviewer has made sure does not hold.
    """

    event: ApplicationEvent
    reason: str = ""
    seen: bytes | None = None
    amount_fen: Fen | None = None
    round: RoundId | None = None
    attested: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An application's facts as they are now, judged by the version it was made under, and what has changed."""

    benefit: Benefit
    facts: Facts
    results: tuple[CriterionResult, ...]
    differences: tuple[FactChange, ...]


async def look_again(reader: Reader | Tx, actor: Actor, view: ApplicationView, at: datetime) -> Look | None:
    """The facts of this moment beside those frozen at submission. It changes nothing."""
    application = view.application
    published = await fetch_version(reader, actor.programme, application.benefit, application.version)
    if published is None:
        return None
    benefit = published.benefit
    clerk = await fetch_application_clerk(reader, actor.programme)
    facts = await fetch_facts(reader, actor.programme, application.volunteer, benefit, day_of(clerk, at))
    if facts is None:
        return None
    differences = compare_facts(view.facts, facts) if view.facts else ()
    return Look(benefit=benefit, facts=facts, results=evaluate(benefit, facts), differences=differences)


async def judge_application(
    tx: Tx, actor: Actor, application: ApplicationId, judgement: Judgement, at: datetime
) -> ApplicationTold | Rejected:
    """Take a reviewer's step. Whoever is excluded is told so before the facts are looked at."""
    case = await lock_case(tx, actor, application)
    if case is None or case.hand.party is not Party.REVIEWER or case.view.application.submitted_at is None:
        return Rejected(Code.NOT_FOUND)
    given = await _gather(tx, actor, case, judgement, at)
    if isinstance(given, Rejected):
        return given
    moved = decide_step(case.view.application, judgement.event, case.hand, given, case.clerk, at)
    if isinstance(moved, Rejected):
        return moved
    if judgement.event is E.REINVESTIGATE and case.hand.user:
        place, row, about = Place.APPLICATION_ANSWER, application.hex, case.view.application.volunteer
        answer = await seal_words(tx, actor.programme, about, place, row, judgement.reason, at)
        await answer_public_objections(tx, actor.programme, application, answer, case.hand.user, at)
    return await write_moved(
        tx,
        actor.programme,
        case,
        moved,
        at,
        settled=case.view.settled and judgement.event not in UNSETTLING,
        round=judgement.round if judgement.event is E.APPROVE else case.view.round,
    )


async def _gather(tx: Tx, actor: Actor, case: Case, judgement: Judgement, at: datetime) -> Given | Rejected:
    """What a step needs to know; the facts only where some row of the table asks for them."""
    event = judgement.event
    needs = frozenset[Need]().union(*(move.needs for (_, each), move in MOVES.items() if each is event))
    if Need.FACTS not in needs:
        return Given(reason=judgement.reason)
    look = await look_again(tx, actor, case.view, at)
    if look is None:
        return Rejected(Code.NOT_FOUND)
    if event is E.APPROVE and (refusal := _refuse_papers(look.benefit, judgement)):
        return refusal
    return Given(
        reason=judgement.reason,
        facts_hash=hash_facts(look.facts),
        seen_hash=judgement.seen,
        eligible=is_eligible(look.results),
        differences=look.differences,
        amount_fen=judgement.amount_fen,
    )


def _refuse_papers(benefit: Benefit, judgement: Judgement) -> Rejected | None:
    """An approval attests each exclusion that no record tells of, and names the batch where the quota is one."""
    for exclusion in benefit.exclusions:
        if exclusion.benefit is None and exclusion.code not in judgement.attested:
            return Rejected(Code.PARAM_ERROR, {"attested": exclusion.code})
    if benefit.quota.per_batch is not None and judgement.round is None:
        return Rejected(Code.PARAM_ERROR, {"round_id": "missing"})
    return None


async def object_to_application(
    tx: Tx, actor: Actor, application: ApplicationId, reason: str, at: datetime
) -> PublicObjection | Rejected:
    """Object to an application under notice, as another volunteer, once. What is not under notice is not there.

    The words are of the one and about the other: they are sealed for both, and go with either.
    """
    case = await lock_case(tx, actor, application)
    if case is None or actor.volunteer is None or actor.kind is not ActorKind.VOLUNTEER:
        return Rejected(Code.NOT_FOUND)
    if not is_under_notice(case.view.application, at):
        return Rejected(Code.NOT_FOUND)
    place, row, about = Place.APPLICATION_OBJECTION, application.hex, case.view.application.volunteer
    theirs = await seal_words(tx, actor.programme, actor.volunteer, place, row, reason, at)
    moved = decide_step(case.view.application, E.OBJECT, case.hand, Given(reason=theirs), case.clerk, at)
    if isinstance(moved, Rejected):
        return moved
    sealed = await seal_words(tx, actor.programme, about, place, row, theirs, at)
    raised = PublicObjection(raised_by=actor.volunteer, reason=sealed, raised_at=at)
    if not await insert_public_objection(tx, actor.programme, application, raised):
        return Rejected(Code.ALREADY_EXISTS)
    await write_moved(tx, actor.programme, case, moved, at)
    return raised


def is_under_notice(application: Application, at: datetime) -> bool:
    """Whether the public sees an application, by what was published: objections do not end a notice early."""
    seen = application.state in (ApplicationState.PUBLICITY, ApplicationState.OBJECTION)
    return seen and application.notice_until is not None and at < application.notice_until
