"""Rounds (批次、场次): drafted, edited, published. What is given of them afterwards is decided by commands."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from app.core.audit_trail import Edited
from app.core.benefits.model import Benefit, Decides
from app.core.business_days import business_day, end_of_day
from app.core.codes import Code, Rejected
from app.core.draws import hash_seed
from app.core.ids import ProgrammeId, RoundId, UserId, format_id
from app.core.rounds import Round, RoundMode
from app.store.application_grants import count_registered
from app.store.benefits import fetch_open_benefit
from app.store.database import Tx
from app.store.programmes import fetch_zone
from app.store.reaches import fetch_line
from app.store.rounds import RoundView, fetch_round, insert_round, lock_rounds_of_year, publish_round, update_round

_DAY = timedelta(days=1)
_WHOLE_BP = 10_000


async def _fit(tx: Tx, programme: ProgrammeId, view: RoundView, at: datetime) -> RoundView | Rejected:
    """The round under the benefit's version of today, where that allows such a round and the team is known."""
    terms = view.terms
    day = business_day(at, await fetch_zone(tx, programme))
    benefit = await fetch_open_benefit(tx, programme, terms.benefit, day)
    if benefit is None:
        return Rejected(Code.NOT_FOUND, {"benefit_code": terms.benefit})
    if terms.team and await fetch_line(tx, programme, terms.team) is None:
        return Rejected(Code.NOT_FOUND, {"team_id": format_id("tea", terms.team)})
    if terms.mode is not RoundMode.REVIEWED and benefit.decides is not Decides.AUTOMATIC:
        return Rejected(Code.PERSON_MUST_DECIDE, {"mode": terms.mode.value})
    if benefit.quota.per_batch is not None and terms.capacity > benefit.quota.per_batch:
        return Rejected(Code.QUOTA_EXCEEDED, {"limit": "batch", "max": benefit.quota.per_batch})
    return replace(view, terms=replace(terms, benefit_version=benefit.version))


async def draft_round(tx: Tx, programme: ProgrammeId, view: RoundView) -> RoundView | Rejected:
    """Add a round that nobody sees yet."""
    fitted = await _fit(tx, programme, view, view.created_at)
    if isinstance(fitted, RoundView):
        await insert_round(tx, programme, fitted)
    return fitted


async def revise_round(
    tx: Tx, programme: ProgrammeId, view: RoundView, revision: int, at: datetime
) -> Edited[RoundView] | Rejected:
    """Write a draft anew, if nobody has changed it since `revision`. What is published stays as it was announced."""
    found = await fetch_round(tx, programme, view.terms.id)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.terms.published_at is not None:
        return Rejected(Code.STATE_CONFLICT, {"state": "published"})
    fitted = await _fit(tx, programme, view, at)
    if isinstance(fitted, Rejected):
        return fitted
    if found.revision != revision or not await update_round(tx, programme, fitted, revision):
        return Rejected(Code.EDIT_CONFLICT)
    revised = replace(
        fitted, revision=revision + 1, created_by=found.created_by, created_at=found.created_at, stand=found.stand
    )
    return Edited(found, revised)


async def announce_round(
    tx: Tx, programme: ProgrammeId, round_id: RoundId, revision: int, by: UserId, at: datetime, seed: bytes
) -> Edited[RoundView] | Rejected:
    """Publish a draft as it was looked at: from now on its terms stand, and of a lottery the hash of its seed.

    Its places are what the draft says, and no more than the share of the registered volunteers that it may be.
    """
    found = await fetch_round(tx, programme, round_id)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if found.terms.published_at is not None:
        return Rejected(Code.STATE_CONFLICT, {"state": "published"})
    if at >= found.terms.closes_at:
        return Rejected(Code.ROUND_NOT_OPEN)
    fitted = await _fit(tx, programme, found, at)
    if isinstance(fitted, Rejected):
        return fitted
    terms = await _limited(tx, programme, fitted, at)
    if isinstance(terms, Rejected):
        return terms
    seed_hash = hash_seed(seed) if terms.mode is RoundMode.LOTTERY else None
    published = replace(fitted, terms=replace(terms, published_at=at, seed_hash=seed_hash), published_by=by)
    if found.revision != revision or not await publish_round(tx, programme, published, revision):
        return Rejected(Code.EDIT_CONFLICT)
    return Edited(found, replace(published, revision=revision + 1))


async def _limited(tx: Tx, programme: ProgrammeId, view: RoundView, at: datetime) -> Round | Rejected:
    """The terms within the benefit's quota of a year and the round's share of the registered volunteers."""
    terms, zone = view.terms, await fetch_zone(tx, programme)
    benefit = await fetch_open_benefit(tx, programme, terms.benefit, business_day(at, zone))
    if benefit is None:
        return Rejected(Code.NOT_FOUND, {"benefit_code": terms.benefit})
    if refusal := await _refuse_year(tx, programme, terms, benefit, zone):
        return refusal
    limits = [each for each in (terms.year_max, benefit.quota.per_person) if each is not None]
    terms = replace(terms, year_max=min(limits, default=None))
    if view.share_bp is None:
        return terms
    share = await count_registered(tx, programme) * view.share_bp // _WHOLE_BP
    if share < 1:
        return Rejected(Code.QUOTA_EXCEEDED, {"limit": "share", "max": share})
    return replace(terms, capacity=min(terms.capacity, share))


async def _refuse_year(tx: Tx, programme: ProgrammeId, terms: Round, benefit: Benefit, zone: str) -> Rejected | None:
    """So many rounds a year; and where nobody reviews, so many places. Grants that people approve count themselves."""
    year = business_day(terms.opens_at, zone).year
    since, before = (end_of_day(date(each, 1, 1) - _DAY, zone) for each in (year, year + 1))
    had = await lock_rounds_of_year(tx, programme, terms.benefit, since, before)
    quota = benefit.quota
    if quota.batches_per_year is not None and had.rounds >= quota.batches_per_year:
        return Rejected(Code.QUOTA_EXCEEDED, {"limit": "batches", "had": had.rounds, "max": quota.batches_per_year})
    if terms.mode is RoundMode.REVIEWED or quota.per_year is None:
        return None
    if had.places + terms.capacity > quota.per_year:
        return Rejected(Code.QUOTA_EXCEEDED, {"limit": "year", "had": had.places, "max": quota.per_year})
    return None
