"""From an approved application to the ledger's command, and from its answer back to the application.

The one place that knows what a grant is asked with: facts frozen at submission, quota and window of the version.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from uuid_utils.compat import uuid7

from app.actions.application_times import note_grant, note_late_grant, note_settled
from app.core.applications.model import Application, Given
from app.core.applications.settling import GrantStand, Outcome, Settling, approvals_of, outcome_of
from app.core.applications.states import ApplicationEvent, ApplicationState
from app.core.benefit_grants import GrantQuota
from app.core.benefits.facts import Facts
from app.core.benefits.model import Benefit
from app.core.business_days import business_day, end_of_day
from app.core.codes import Code
from app.core.grants import ApproveGrant, Consumption
from app.core.ids import ApplicationId, BenefitGrantId, PlaceId, ProgrammeId, TransactionId, UserId, format_id
from app.core.quantities import BrokenInvariant, Minutes
from app.core.revocations import RevokeGrant
from app.security.tickets import hash_ticket_of
from app.store.application_grants import count_registered, fetch_grant_stand, is_event
from app.store.applications import ApplicationView, fetch_application
from app.store.benefits import fetch_apart, fetch_version
from app.store.database import Reader, Tx
from app.store.programmes import fetch_zone


async def fetch_settling(
    reader: Reader | Tx, programme: ProgrammeId, application: ApplicationId, ticket_key: bytes
) -> Settling | None:
    """What is left to do in the ledger for an application; None when nothing is. An event's place gets its ticket."""
    view = await fetch_application(reader, programme, application)
    if view is None or view.settled:
        return None
    published = await fetch_version(reader, programme, view.application.benefit, view.application.version)
    if published is None or view.facts is None:
        return None
    stand = await fetch_grant_stand(reader, programme, application)
    outcome = outcome_of(view.application, stand)
    settling = Settling(
        application=application,
        key=f"application:{application.hex}:{view.application.state.value}:{approvals_of(view.application)}",
        outcome=outcome,
        reason=Code.ROUND_NOT_OPEN.value if outcome is Outcome.REFUSED else "",
        valid_until=_valid_until(published.benefit, view.application, await fetch_zone(reader, programme)),
    )
    if outcome is not Outcome.OPEN:
        return settling
    if stand is GrantStand.NONE:
        held = await _fetch_held(reader, programme, published.benefit)
        command = _approve(view, view.facts, published.benefit, settling.valid_until, held)
        command = replace(command, apart=await fetch_apart(reader, programme, published.benefit))
        if view.round and await is_event(reader, programme, view.round):
            command = replace(command, code=hash_ticket_of(ticket_key, programme, PlaceId(application)))
        return replace(settling, command=command)
    if view.application.state is ApplicationState.WAITING:
        return settling
    return replace(settling, command=_revoke(view.application))


async def _fetch_held(reader: Reader | Tx, programme: ProgrammeId, benefit: Benefit) -> int | None:
    """How many may hold a benefit at a time: a share of the registered volunteers, rounded down."""
    if benefit.quota.share_bp is None:
        return None
    return await count_registered(reader, programme) * benefit.quota.share_bp // 10_000


def _valid_until(benefit: Benefit, application: Application, zone: str) -> datetime | None:
    """24:00 of the last day on which a grant can be used; the day of approval is not counted."""
    if benefit.validity_days is None:
        return None
    return end_of_day(business_day(application.since, zone) + timedelta(days=benefit.validity_days), zone)


def _approve(
    view: ApplicationView, facts: Facts, benefit: Benefit, valid_until: datetime | None, held: int | None
) -> ApproveGrant:
    application = view.application
    if application.facts_hash is None or application.submitted_at is None:
        raise BrokenInvariant(f"application {application.id} was approved without frozen facts")
    consumes = None
    if benefit.consumes_minutes and facts.window_from:
        consumes = Consumption(minutes=Minutes(benefit.consumes_minutes), since=facts.window_from, until=facts.as_of)
    return ApproveGrant(
        application=application.id,
        transaction=TransactionId(uuid7()),
        volunteer=application.volunteer,
        benefit=application.benefit,
        version=application.version,
        facts_hash=application.facts_hash,
        approved_by=_last(application, ApplicationEvent.APPROVE),
        submitted_at=application.submitted_at,
        valid_until=valid_until,
        quota=GrantQuota(per_person=benefit.quota.per_person, per_year=benefit.quota.per_year, held=held),
        consumes=consumes,
        round=view.round,
        stars=facts.stars,
        served=Minutes(facts.minutes),
    )


def _revoke(application: Application) -> RevokeGrant:
    ended = (ApplicationEvent.REVOKE, ApplicationEvent.ANNUL)
    users = [acted.user for acted in application.acted if acted.event in ended]
    return RevokeGrant(
        grant=BenefitGrantId(application.id),
        transaction=TransactionId(uuid7()),
        by=format_id("usr", users[-1]) if users else format_id("vol", application.volunteer),
        for_error=application.state is ApplicationState.ANNULLED,
    )


def _last(application: Application, event: ApplicationEvent) -> UserId:
    users = [acted.user for acted in application.acted if acted.event is event]
    if not users:
        raise BrokenInvariant(f"nobody did {event.value} to application {application.id}")
    return users[-1]


async def note_settling(tx: Tx, programme: ProgrammeId, settling: Settling, at: datetime) -> bool:
    """Write down what came of it; False when there is nothing to write, or it was written before."""
    if isinstance(settling.command, ApproveGrant) and await note_late_grant(tx, programme, settling.application, at):
        return False
    match settling.outcome:
        case Outcome.GRANTED:
            given = Given(valid_until=settling.valid_until)
            return await note_grant(tx, programme, settling.application, given, ApplicationEvent.GRANT, at)
        case Outcome.REFUSED:
            given = Given(reason=settling.reason)
            return await note_grant(tx, programme, settling.application, given, ApplicationEvent.REFUSE_GRANT, at)
        case Outcome.CLOSED:
            return await note_settled(tx, programme, settling.application, at)
        case Outcome.OPEN:
            return False
