"""One application with its history, the facts of now beside those frozen, and what its reader may see of either."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.actions.application_hands import ApplicationTold, fetch_application_clerk, find_application, tell
from app.actions.application_reviews import Look, look_again
from app.api.application_fields import ApplicationAnswer, application_content, application_named
from app.api.bodies import Answer
from app.api.problems import Problem
from app.api.services import Services
from app.core.applications.material import missing_material
from app.core.applications.model import Step
from app.core.applications.states import ApplicationEvent, ApplicationState, Level
from app.core.benefits.facts import hash_facts
from app.core.codes import Code
from app.core.ids import format_id
from app.security.actors import Actor, ActorKind
from app.store.application_steps import PublicObjection, fetch_public_objections, fetch_steps
from app.store.applications import ApplicationView
from app.store.database import Reader

FactValue = int | str | bool | None


class FactDifference(Answer):
    """A fact that is no longer what was frozen; null: not known."""

    fact: Annotated[str, Field(examples=["stars"])]
    before: FactValue
    after: FactValue


class ApplicationStep(Answer):
    """One line of the history. Its volunteer reads the level that acted, not the person."""

    event: ApplicationEvent
    before: ApplicationState
    after: ApplicationState
    level: str | None
    actor: Annotated[
        str | None, Field(description="A child reads it of what its guardian did: the guardian stands before the child")
    ]
    reason: str | None
    at: datetime
    facts_hash: str | None
    differences: list[FactDifference]


class ApplicationCriterion(Answer):
    """One criterion by the facts of now: met or not, and in words what is missing."""

    code: str
    name: str
    name_en: str
    met: bool
    actual: dict[str, FactValue]
    missing: str
    missing_en: str
    sources: Annotated[list[str], Field(description="The records behind it, the newest first, 50 at most")]
    source_count: int


class RaisedObjection(Answer):
    """What the public said against it. Who said it only officials read."""

    raised_by: str | None
    reason: str
    raised_at: datetime
    answer: str | None
    answered_at: datetime | None


class MissingMaterial(Answer):
    """What the applicant still has to bring."""

    code: str
    name: str
    name_en: str


class ApplicationDetail(ApplicationAnswer):
    """An application with all that it is decided by. `facts_hash` goes into an approval: what the reviewer has seen."""

    flagged: Annotated[
        bool | None, Field(description="Staff or a relative of staff (亲属备案); null for the volunteer")
    ]
    entered_by: str
    frozen_hash: Annotated[str | None, Field(description="Of the facts frozen at submission")]
    facts_hash: Annotated[str | None, Field(description="Of the facts of now")]
    eligible: bool | None
    criteria: list[ApplicationCriterion]
    attested: Annotated[list[str], Field(description="The exclusions that an approval must attest")]
    differences: list[FactDifference]
    missing_material: list[MissingMaterial]
    objections: list[RaisedObjection]
    steps: list[ApplicationStep]


async def find_told(services: Services, reader: Reader, actor: Actor, reference: str) -> ApplicationTold:
    """An application that the actor may know of, as it stands; 404 otherwise."""
    view = await find_application(reader, actor, application_named(reference))
    if view is None:
        raise Problem(Code.NOT_FOUND)
    return tell(view, await fetch_application_clerk(reader, actor.programme), services.clock())


async def fetch_detail(services: Services, reader: Reader, actor: Actor, reference: str) -> ApplicationDetail:
    """All of one application, for this reader."""
    told = await find_told(services, reader, actor, reference)
    look = await look_again(reader, actor, told.view, services.clock())
    steps = await fetch_steps(reader, actor.programme, told.application.id)
    objections = await fetch_public_objections(reader, actor.programme, told.application.id)
    is_official = actor.kind is not ActorKind.VOLUNTEER
    frozen = told.application.facts_hash
    return ApplicationDetail.model_validate(
        {
            **application_content(told),
            "flagged": told.application.flagged if is_official else None,
            "entered_by": told.application.entered_by,
            "frozen_hash": frozen.hex() if frozen else None,
            **_judged(look, told),
            "objections": [_render_objection(each, is_official=is_official) for each in objections],
            "steps": [_render_step(step, is_official=is_official, own=actor.reference) for step in steps],
        }
    )


def brought_to(view: ApplicationView) -> frozenset[str]:
    """The papers that came with an application, as files or lying elsewhere."""
    return frozenset((*(piece.code for piece in view.material), *(file.code for file in view.files)))


def _judged(look: Look | None, told: ApplicationTold) -> dict[str, object]:
    results = look.results if look else ()
    return {
        "facts_hash": hash_facts(look.facts).hex() if look else None,
        "eligible": all(result.met for result in results) if look else None,
        "criteria": [
            ApplicationCriterion(
                code=result.code,
                name=result.name,
                name_en=result.name_en,
                met=result.met,
                actual=dict(result.actual),
                missing=result.missing_zh,
                missing_en=result.missing_en,
                sources=list(result.sources.ids),
                source_count=result.sources.count,
            )
            for result in results
        ],
        "attested": [each.code for each in look.benefit.exclusions if each.benefit is None] if look else [],
        "differences": [FactDifference(**change._asdict()) for change in look.differences] if look else [],
        "missing_material": [
            MissingMaterial(code=each.code, name=each.name, name_en=each.name_en)
            for each in (missing_material(look.benefit, brought_to(told.view)) if look else ())
        ],
    }


def _render_step(step: Step, *, is_official: bool, own: str) -> ApplicationStep:
    """A child is told which steps its guardian took for it."""
    return ApplicationStep(
        event=step.event,
        before=step.before,
        after=step.after,
        level=Level(step.level).name.lower() if step.level else None,
        actor=step.actor if is_official or step.actor.endswith(f"/{own}") else None,
        reason=step.reason or None,
        at=step.at,
        facts_hash=step.facts_hash.hex() if step.facts_hash else None,
        differences=[FactDifference(**change._asdict()) for change in step.differences],
    )


def _render_objection(objection: PublicObjection, *, is_official: bool) -> RaisedObjection:
    return RaisedObjection(
        raised_by=format_id("vol", objection.raised_by) if is_official else None,
        reason=objection.reason,
        raised_at=objection.raised_at,
        answer=objection.answer,
        answered_at=objection.answered_at,
    )
