"""Applications over HTTP: villages with their people, benefits to apply for, and the way through all levels."""

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.benefits.model import (
    Benefit,
    BenefitKind,
    BenefitLevel,
    Department,
    Evidence,
    EvidenceSource,
    Exclusion,
    Operator,
)
from app.core.ids import UserId
from app.security.actors import ActorKind
from app.store.benefits import PublishedBenefit, insert_benefit
from tests.support.benefits import a_benefit, a_criterion, requires
from tests.support.calls import Json
from tests.support.clocks import START
from tests.support.service_calls import Person, a_volunteer, person
from tests.support.sites import Site

TOWNS = ("330282101", "330282102")
VILLAGES = ("330282101001", "330282102001")
MINE = "/v1/me/applications"
ALL = "/v1/applications"
NOTICE = "/v1/publicity"

HARDSHIP = a_benefit(
    code="hardship",
    kind=BenefitKind.HARDSHIP_AID,
    owner=Department(code="civil-affairs", name="民政局", name_en="Civil Affairs Bureau"),
    name="困难救助",
    name_en="Hardship aid",
    criteria=(a_criterion(requires("minutes", Operator.AT_LEAST, 300), code="minutes"),),
    levels=tuple(BenefitLevel),
    publicity_days=7,
    validity_days=90,
    evidence=(
        Evidence(code="illness", name="病情证明", name_en="Medical proof", sensitive=True),
        Evidence(code="income", name="收入核对", name_en="Income check", source=EvidenceSource.SHARED),
    ),
    exclusions=(Exclusion(code="crime", name="违法犯罪", name_en="Crime"),),
)
ENROLMENT = a_benefit(
    code="enrolment",
    kind=BenefitKind.ENROLMENT_REFERENCE,
    owner=Department(code="education", name="教育局", name_en="Education Bureau"),
    name="子女入学佐证函",
    name_en="Enrolment reference letter",
    criteria=(a_criterion(requires("minutes", Operator.AT_LEAST, 300), code="minutes"),),
    levels=(BenefitLevel.TOWN, BenefitLevel.CITY),
    publicity_days=0,
    external_decision=True,
)

_REGION = text("""
INSERT INTO regions (programme_id, code, name, level, parent_code, kind)
VALUES (:programme, :code, :name, :level, :parent, 'synthetic')
""")
_LIVES = text("""
UPDATE volunteers SET region_code = :region, born_on = :born_on, masked_name = :name
WHERE programme_id = :programme AND id = :id
""")
_USER = text("""
INSERT INTO users (programme_id, id, kind, username, password_hash, created_at)
VALUES (:programme, :id, 'admin', :name, '', now()) ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hamlet:
    """A city whose first two volunteers live in two villages of two towns, and the officials of the first."""

    site: Site
    village: Person
    town: Person
    city: Person
    second: Person
    """Another administrator."""
    elsewhere: Person
    """The town official of the other town."""
    applicant: Person
    neighbour: Person


async def a_hamlet(site: Site, *benefits: Benefit, born_on: date | None = date(1980, 5, 1)) -> Hamlet:
    """The regions, where people live, published benefits, and a consent of the first volunteer."""
    programme = site.city.programme
    async with site.database.begin() as tx:
        for town, village in zip(TOWNS, VILLAGES, strict=True):
            shared = {"programme": programme}
            await tx.execute(
                _REGION, {**shared, "code": town, "name": f"镇{town[-1]}", "level": "town", "parent": "330282"}
            )
            await tx.execute(
                _REGION, {**shared, "code": village, "name": f"村{town[-1]}", "level": "village", "parent": town}
            )
        for number, region in enumerate(VILLAGES):
            volunteer = site.city.volunteers[number]
            values = {"programme": programme, "id": volunteer, "region": region, "born_on": born_on, "name": "张**"}
            await tx.execute(_LIVES, values)
        for benefit in benefits or (HARDSHIP, ENROLMENT):
            assert await insert_benefit(tx, programme, published(site, benefit))
    applicant = a_volunteer(site)
    await consent(applicant)
    return Hamlet(
        site=site,
        village=person(site, "village", region=VILLAGES[0]),
        town=person(site, "town", region=TOWNS[0]),
        city=person(site, "city", ActorKind.ADMIN),
        second=person(site, "second", ActorKind.ADMIN),
        elsewhere=person(site, "elsewhere", region=TOWNS[1]),
        applicant=applicant,
        neighbour=a_volunteer(site, 1),
    )


def published(site: Site, benefit: Benefit) -> PublishedBenefit:
    """A version as two people have published it."""
    return PublishedBenefit(
        benefit=benefit,
        created_by=site.city.recorder,
        reviewed_by=site.city.verifier,
        published_by=site.city.recorder,
        published_at=START,
    )


async def consent(who: Person) -> None:
    """A volunteer's consent to use the data of applications."""
    await who.post("/v1/me/consents", {"purpose": "benefit_application", "version": "2026-1"}, 201)


async def be_user(site: Site, who: Person) -> UserId:
    """Make a person known to the users' table, so that relatives can be registered."""
    async with site.database.begin() as tx:
        values = {"programme": site.city.programme, "id": who.subject, "name": who.subject.hex}
        await tx.execute(_USER, values)
    return UserId(who.subject)


def a_piece(code: str = "illness") -> Json:
    """A piece of material."""
    return {"code": code, "sha256": sha256(code.encode()).hexdigest(), "reference": "档案 2026-117"}


async def begin(hamlet: Hamlet, benefit: str = "hardship", **more: Any) -> Json:  # noqa: ANN401 - JSON
    """A draft of the first volunteer."""
    return await hamlet.applicant.post(MINE, {"benefit": benefit, **more}, 201)


async def submit(hamlet: Hamlet, benefit: str = "hardship", **more: Any) -> Json:  # noqa: ANN401 - JSON
    """A submitted application of the first volunteer."""
    draft = await begin(hamlet, benefit, **more)
    return await hamlet.applicant.post(f"{MINE}/{draft['id']}/submit")


async def decide(who: Person, application: Json, decision: str, status: int = 200, **more: Any) -> Json:  # noqa: ANN401 - JSON
    """A reviewer's step; an approval after looking at the facts, with all attested, unless said otherwise."""
    target = f"{ALL}/{application['id']}"
    if decision == "approve" and "facts_hash" not in more:
        seen = await who.get(target)
        more = {"facts_hash": seen["facts_hash"], "attested": seen["attested"], **more}
    return await who.post(f"{target}/decisions", {"decision": decision, **more}, status)


async def publish_notice(hamlet: Hamlet, **more: Any) -> Json:  # noqa: ANN401 - JSON
    """An application for hardship aid that is under public notice."""
    application = await submit(hamlet, **more)
    await decide(hamlet.village, application, "take-in")
    await decide(hamlet.village, application, "endorse")
    return await decide(hamlet.town, application, "endorse", amount_fen=300_000)


async def reach_city(hamlet: Hamlet) -> Json:
    """An application for hardship aid whose notice has ended, before the city."""
    application = await publish_notice(hamlet)
    hamlet.site.clock.move(timedelta(days=8))
    return await hamlet.city.get(f"{ALL}/{application['id']}")


def someone(site: Site, **more: Any) -> Person:  # noqa: ANN401 - as `Person` takes them
    """An official whom nobody has met."""
    return Person(site=site, kind=ActorKind.ORGANISER, subject=uuid7(), **more)
