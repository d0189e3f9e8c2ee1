"""Penalties: imposing, confirming or dropping them; appeals and their answers. Commands post and lift them."""

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from app.actions.reaches import fetch_reach, level_over
from app.core.audit_trail import Edited
from app.core.bonuses import policy_of_day
from app.core.codes import Code, Rejected
from app.core.ids import PenaltyId, ProgrammeId, UserId, format_id
from app.core.penalties import (
    Penalty,
    PenaltyStanding,
    PenaltyState,
    PenaltyStep,
    move,
    points_of,
    refuse_answer,
    refuse_appeal,
    refuse_confirmation,
    rule_named,
    standing,
)
from app.core.working_days import WorkingCalendar, deadline
from app.security.actors import Actor, ActorKind
from app.security.words import Place
from app.store.accrual_policies import fetch_policies
from app.store.audit_rows import insert_audit_row
from app.store.database import Reader, Tx
from app.store.penalties import PenaltyView, count_in_year, fetch_penalty, insert_penalty, lock_penalty, update_penalty
from app.store.programmes import fetch_appeal_days, fetch_zone
from app.store.reaches import fetch_line
from app.store.relatives import fetch_relatives
from app.store.same_person import fetch_own_accounts
from app.store.service_records import fetch_record
from app.store.volunteers import fetch_volunteer, lock_volunteer
from app.store.words import seal_words
from app.store.working_days import fetch_calendar


@dataclass(frozen=True, slots=True)
class PenaltyTold:
    """A penalty and where it stands."""

    view: PenaltyView
    stands: PenaltyStanding


@dataclass(frozen=True, slots=True)
class PenaltyClerk:
    """What the terms of a programme are counted with."""

    calendar: WorkingCalendar
    zone: tzinfo

    def tell(self, view: PenaltyView, at: datetime) -> PenaltyTold:
        """A penalty as it stands at a moment."""
        return PenaltyTold(view, standing(view.penalty, self.calendar, self.zone, at))


async def fetch_penalty_clerk(reader: Reader | Tx, programme: ProgrammeId) -> PenaltyClerk:
    """The programme's calendar and zone."""
    return PenaltyClerk(await fetch_calendar(reader, programme), ZoneInfo(await fetch_zone(reader, programme)))


async def impose_penalty(tx: Tx, actor: Actor, view: PenaltyView, at: datetime) -> PenaltyTold | Rejected:
    """Impose a penalty by a rule of the policy of its day, for a team within reach."""
    penalty = view.penalty
    programme = actor.programme
    line = await fetch_line(tx, programme, penalty.team)
    volunteer = await fetch_volunteer(tx, programme, penalty.volunteer)
    if line is None or level_over(actor, line) is None or volunteer is None:
        return Rejected(Code.NOT_FOUND)
    if penalty.record:
        found = await fetch_record(tx, programme, penalty.record)
        if found is None or (found.record.volunteer, found.record.team) != (penalty.volunteer, penalty.team):
            return Rejected(Code.NOT_FOUND)
    clerk = await fetch_penalty_clerk(tx, programme)
    if penalty.happened_on > at.astimezone(clerk.zone).date():
        return Rejected(Code.PARAM_ERROR, {"happened_on": "future"})
    policy = policy_of_day(await fetch_policies(tx, programme), penalty.happened_on)
    rule = rule_named(policy, penalty.code) if policy else None
    if policy is None or rule is None:
        return Rejected(Code.NO_POLICY, {"day": penalty.happened_on.isoformat(), "penalty": penalty.code})
    imposed = replace(
        view,
        penalty=replace(penalty, policy=policy.version),
        name=rule.name,
        name_en=rule.name_en,
        evidence=await _seal(tx, programme, penalty, Place.PENALTY_EVIDENCE, view.evidence, at),
        reason=await _seal(tx, programme, penalty, Place.PENALTY_REASON, view.reason, at),
    )
    await insert_penalty(tx, programme, imposed)
    return clerk.tell(imposed, at)


async def _seal(tx: Tx, programme: ProgrammeId, penalty: Penalty, place: Place, words: str, at: datetime) -> str:
    return await seal_words(tx, programme, penalty.volunteer, place, penalty.id.hex, words, at)


async def find_penalty(reader: Reader | Tx, actor: Actor, penalty: PenaltyId) -> PenaltyView | None:
    """A penalty that the actor may know of."""
    view = await fetch_penalty(reader, actor.programme, penalty)
    reach = await fetch_reach(reader, actor)
    return view if view and (reach is None or view.penalty.team in reach) else None


async def confirm_penalty(tx: Tx, actor: Actor, penalty: PenaltyId, at: datetime) -> Edited[PenaltyTold] | Rejected:
    """Confirm a penalty: from now on the volunteer knows of it, and the term to appeal runs.

    Which one of the year it is, and so what it costs, is counted now; the volunteer is locked meanwhile.
    """
    found = await find_penalty(tx, actor, penalty)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    programme = actor.programme
    await lock_volunteer(tx, programme, found.penalty.volunteer)
    view = await lock_penalty(tx, programme, penalty) or found
    after = move(view.penalty.state, PenaltyStep.CONFIRM)
    if isinstance(after, Rejected):
        return after
    by = UserId(actor.subject)
    if refusal := refuse_confirmation(view.penalty, by, actor.volunteer, await fetch_relatives(tx, programme, by)):
        return refusal
    if view.penalty.imposed_by in await fetch_own_accounts(tx, programme, by):
        return Rejected(Code.SELF_REVIEW)
    policies = {policy.version: policy for policy in await fetch_policies(tx, programme)}
    rule = rule_named(policies[view.penalty.policy], view.penalty.code)
    if rule is None:
        return Rejected(Code.NO_POLICY, {"penalty": view.penalty.code})
    count = await count_in_year(tx, programme, view.penalty) + 1
    clerk = await fetch_penalty_clerk(tx, programme)
    confirmed = replace(
        view.penalty,
        state=after,
        confirmed_by=by,
        count=count,
        points=points_of(rule, count),
        appeal_until=deadline(at, await fetch_appeal_days(tx, programme), clerk.calendar, clerk.zone),
    )
    return await _write(tx, programme, clerk, view, replace(view, penalty=confirmed, confirmed_at=at), at)


async def drop_penalty(
    tx: Tx, actor: Actor, penalty: PenaltyId, reason: str, at: datetime
) -> Edited[PenaltyTold] | Rejected:
    """Give up a penalty that nobody has confirmed. The volunteer never hears of it."""
    view = await _lock(tx, actor, penalty)
    after = move(view.penalty.state, PenaltyStep.DROP) if view else Rejected(Code.NOT_FOUND)
    if view is None or isinstance(after, Rejected):
        return after if isinstance(after, Rejected) else Rejected(Code.NOT_FOUND)
    answer = await _seal(tx, actor.programme, view.penalty, Place.PENALTY_ANSWER, reason, at)
    dropped = replace(view, penalty=replace(view.penalty, state=after), answer=answer)
    return await _write(tx, actor.programme, await fetch_penalty_clerk(tx, actor.programme), view, dropped, at)


async def appeal_penalty(
    tx: Tx, actor: Actor, penalty: PenaltyId, reason: str, at: datetime
) -> Edited[PenaltyTold] | Rejected:
    """Appeal, as the volunteer whose penalty it is, once and within the term. Nothing is taken until it is answered."""
    view = await lock_penalty(tx, actor.programme, penalty)
    if view is None or view.penalty.volunteer != actor.volunteer or view.penalty.state in _UNTOLD:
        return Rejected(Code.NOT_FOUND)
    if refusal := refuse_appeal(view.penalty, at):
        return refusal
    appealed = replace(view.penalty, state=PenaltyState.APPEALED, appealed_at=at)
    clerk = await fetch_penalty_clerk(tx, actor.programme)
    appeal = await _seal(tx, actor.programme, view.penalty, Place.PENALTY_APPEAL, reason, at)
    return await _write(tx, actor.programme, clerk, view, replace(view, penalty=appealed, appeal=appeal), at)


async def answer_appeal(
    tx: Tx, actor: Actor, penalty: PenaltyId, step: PenaltyStep, reason: str, at: datetime
) -> Edited[PenaltyTold] | Rejected:
    """Overturn or uphold: by somebody who neither imposed nor confirmed it; past its term, by an administrator."""
    view = await _lock(tx, actor, penalty)
    if view is None:
        return Rejected(Code.NOT_FOUND)
    after = move(view.penalty.state, step)
    if isinstance(after, Rejected):
        return after
    by = UserId(actor.subject)
    relatives = await fetch_relatives(tx, actor.programme, by)
    if refusal := refuse_answer(view.penalty, by, actor.volunteer, relatives):
        return refusal
    accounts = await fetch_own_accounts(tx, actor.programme, by)
    if not accounts.isdisjoint({view.penalty.imposed_by, view.penalty.confirmed_by}):
        return Rejected(Code.SELF_REVIEW)
    clerk = await fetch_penalty_clerk(tx, actor.programme)
    if clerk.tell(view, at).stands.overdue and actor.kind is not ActorKind.ADMIN:
        return Rejected(Code.ESCALATED)
    answered = replace(view.penalty, state=after, answered_by=by)
    answer = await _seal(tx, actor.programme, view.penalty, Place.PENALTY_ANSWER, reason, at)
    return await _write(
        tx, actor.programme, clerk, view, replace(view, penalty=answered, answer=answer, answered_at=at), at
    )


_UNTOLD = frozenset((PenaltyState.IMPOSED, PenaltyState.DROPPED))


async def _lock(tx: Tx, actor: Actor, penalty: PenaltyId) -> PenaltyView | None:
    if await find_penalty(tx, actor, penalty) is None:
        return None
    return await lock_penalty(tx, actor.programme, penalty)


async def _write(
    tx: Tx, programme: ProgrammeId, clerk: PenaltyClerk, found: PenaltyView, view: PenaltyView, at: datetime
) -> Edited[PenaltyTold]:
    await update_penalty(tx, programme, view)
    return Edited(clerk.tell(found, at), clerk.tell(view, at))


async def note_lifting(tx: Tx, actor: Actor, penalty: Penalty, reason: str, at: datetime) -> None:
    """Write down who has given a penalty back, and why. The journal has it already."""
    sealed = await _seal(tx, actor.programme, penalty, Place.AUDIT_CHANGES, reason, at)
    await insert_audit_row(
        tx,
        actor.programme,
        uuid7(),
        actor=actor.reference,
        action="penalty.lift",
        subject=format_id("pen", penalty.id),
        changes={"reason": sealed},
        at=at,
    )
