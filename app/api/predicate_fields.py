"""Predicates on the wire: questions, permits, and what was asked."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, assert_never

from pydantic import Field, model_validator

from app.api.bodies import Answer, Body
from app.api.client_fields import ClientRef
from app.api.fields import Moment, VolunteerRef
from app.core.honours import HonourLevel
from app.core.ids import ProgrammeId, format_id
from app.core.predicates import PERMIT_DAYS_MAX, PREDICATES_MAX, Predicate, PredicateKind, PredicatePermit
from app.core.quantities import Minutes
from app.security.client_secrets import format_client
from app.store.predicates import AnsweredQuestion

PermitRef = Annotated[str, Field(pattern="^ppm_[0-9a-f]{32}$", examples=["ppm_0190c6f0a1b27c3d8e9f00112233aabb"])]


class StarsAtLeast(Body):
    """At least so many stars (星级)."""

    kind: Literal[PredicateKind.STARS]
    stars: Annotated[int, Field(ge=1, le=10, examples=[3])]


class MinutesAtLeast(Body):
    """At least so many verified minutes, of all time or of the last months."""

    kind: Literal[PredicateKind.MINUTES]
    minutes: Annotated[int, Field(ge=1, le=100_000_000, examples=[6000])]
    months: Annotated[int | None, Field(ge=1, le=120)] = None


class HonourAtLeast(Body):
    """An honour of this level or a higher one."""

    kind: Literal[PredicateKind.HONOUR]
    level: HonourLevel


class HoldsBenefit(Body):
    """A valid grant of a benefit."""

    kind: Literal[PredicateKind.BENEFIT]
    benefit: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$", examples=["startup-rent"])]


class CleanRecord(Body):
    """In good standing without an adverse record in three years (良好记录)."""

    kind: Literal[PredicateKind.CLEAN]


AskedPredicate = Annotated[
    StarsAtLeast | MinutesAtLeast | HonourAtLeast | HoldsBenefit | CleanRecord, Field(discriminator="kind")
]


class ExternalNumber(Body):
    """What another system calls the volunteer."""

    system: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,31}$", examples=["zyh"])]
    number: Annotated[str, Field(min_length=1, max_length=64)]


class PredicateQuestion(Body):
    """Whether all of these hold for a volunteer, named by our id or by another system's, at the end of a day."""

    volunteer_id: VolunteerRef | None = None
    external: ExternalNumber | None = None
    on: Annotated[date, Field(description="Today or a day before", examples=["2026-11-27"])]
    predicates: Annotated[list[AskedPredicate], Field(min_length=1, max_length=PREDICATES_MAX)]
    nonce: Annotated[
        str,
        Field(pattern=r"^[0-9A-Za-z_-]{16,64}$", description="Yours, new for each question: it comes back signed"),
    ]

    @model_validator(mode="after")
    def _name_once(self) -> "PredicateQuestion":
        if (self.volunteer_id is None) == (self.external is None):
            raise ValueError("exactly one of volunteer_id and external")
        return self


class PredicateReply(Answer):
    """The answer and nothing else: a compact JWS (type `liyu-predicate+jws`) with yes or no, good for 15 minutes."""

    jws: Annotated[
        str,
        Field(
            description="Claims: iss, aud, iat, exp, question (SHA-256 of the canonical question), nonce, on, answer"
        ),
    ]


class PermitRequest(Body):
    """Which system may ask what, for how many days."""

    client_id: ClientRef
    kinds: Annotated[list[PredicateKind], Field(min_length=1, max_length=len(PredicateKind))]
    days: Annotated[int, Field(ge=1, le=PERMIT_DAYS_MAX)] = 30


class PermitAnswer(Answer):
    """A permit."""

    id: PermitRef
    client_id: ClientRef
    kinds: list[PredicateKind]
    given_at: datetime
    until: Moment
    revoked_at: datetime | None


class PermitPage(Answer):
    """Permits."""

    permits: list[PermitAnswer]
    next: str | None


class AskedAnswer(Answer):
    """That somebody asked. What was answered only they have."""

    id: Annotated[str, Field(pattern="^pan_[0-9a-f]{32}$", examples=["pan_0190c6f0a1b27c3d8e9f00112233aabb"])]
    client_id: ClientRef
    client_name: str
    permit_id: PermitRef
    predicates: list[dict[str, Any]]
    on: date
    question_hash: str
    answered_at: datetime


class AskedPage(Answer):
    """What was asked."""

    answers: list[AskedAnswer]
    next: str | None


def read_predicate(asked: AskedPredicate) -> Predicate:
    """A predicate as the core knows it."""
    match asked:
        case StarsAtLeast():
            return Predicate(kind=asked.kind, stars=asked.stars)
        case MinutesAtLeast():
            return Predicate(kind=asked.kind, minutes=Minutes(asked.minutes), months=asked.months)
        case HonourAtLeast():
            return Predicate(kind=asked.kind, level=asked.level)
        case HoldsBenefit():
            return Predicate(kind=asked.kind, benefit=asked.benefit)
        case CleanRecord():
            return Predicate(kind=asked.kind)
        case unreachable:
            assert_never(unreachable)


def render_permit(programme: ProgrammeId, permit: PredicatePermit) -> PermitAnswer:
    """A permit as it is told."""
    return PermitAnswer(
        id=format_id("ppm", permit.id),
        client_id=format_client(programme, permit.client),
        kinds=sorted(permit.kinds),
        given_at=permit.given_at,
        until=permit.until,
        revoked_at=permit.revoked_at,
    )


def render_asked(programme: ProgrammeId, asked: AnsweredQuestion) -> AskedAnswer:
    """A question as it is told to whom it was about."""
    return AskedAnswer(
        id=format_id("pan", asked.id),
        client_id=format_client(programme, asked.client),
        client_name=asked.client_name,
        permit_id=format_id("ppm", asked.permit),
        predicates=[dict(predicate) for predicate in asked.predicates],
        on=asked.on,
        question_hash=asked.question_hash.hex(),
        answered_at=asked.answered_at,
    )
