"""The city's benefits (DOMAIN.md 6): drafted by one administrator, published by another, as in production."""

import secrets
from datetime import datetime
from pathlib import Path

from uuid_utils.compat import uuid7

from app.actions.benefits import BenefitStep, draft_benefit, move_benefit
from app.actions.users import NewUser, create_user
from app.api.benefit_files import read_benefits
from app.core.benefits.model import Benefit
from app.core.codes import Rejected
from app.core.ids import UserId
from app.demo.loaded import LoadedCity
from app.security.actors import ActorKind
from app.store.database import Tx

_FILE = Path(__file__).with_name("data") / "benefits_cixi.json"
REVIEWER = "reviewer"
"""The name of the administrator who reviews and publishes."""


class BenefitsNotLoaded(Exception):
    """A benefit was refused; the message says which, and why."""


def city_benefits() -> tuple[Benefit, ...]:
    """The benefits of the seed: enrolment, hardship, four supports for founders, flowers, concert, film festival."""
    return tuple(read_benefits(_FILE.read_bytes()))


async def load_benefits(tx: Tx, city: LoadedCity, at: datetime) -> UserId:
    """Publish the city's benefits; the second administrator, whose password joins those of the city."""
    reviewer = UserId(uuid7())
    city.passwords[REVIEWER] = secrets.token_urlsafe(12)
    new = NewUser(id=reviewer, kind=ActorKind.ADMIN, username=REVIEWER, password=city.passwords[REVIEWER])
    _must(await create_user(tx, city.programme, new, at), REVIEWER)
    for benefit in city_benefits():
        _must(await draft_benefit(tx, city.programme, benefit, city.admin, at), benefit.code)
        named = (benefit.code, benefit.version)
        for revision, step in enumerate((BenefitStep.REVIEW, BenefitStep.PUBLISH), start=1):
            moved = await move_benefit(tx, city.programme, named, revision, step, reviewer, at)
            _must(moved, f"{step} {benefit.code}")
    return reviewer


def _must(result: object, what: str) -> None:
    if isinstance(result, Rejected):
        raise BenefitsNotLoaded(f"{what}: {result.code} {dict(result.detail)}")
