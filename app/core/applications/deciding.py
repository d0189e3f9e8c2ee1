"""Deciding one step of an application: by the table, by whoever may, with what it needs. The first refusal answers.

People decide; nothing here refuses or approves by itself, except that nobody approves past the published criteria
(PIPL Art. 24; DOMAIN.md 7.8 and 7.9). Nobody decides their own case, that of a relative, one they entered, or one they
have decided at a level below.
"""

from dataclasses import replace

from app.core.applications.deadlines import catch_up, due_at, notice_end
from app.core.applications.model import Acted, Application, Clerk, Given, Hand, Moved, Step
from app.core.applications.states import (
    MOVES,
    ApplicationEvent,
    ApplicationState,
    Level,
    Move,
    Need,
    Party,
    level_asked,
)
from app.core.codes import Code, Rejected
from app.core.ids import format_id
from app.core.quantities import Instant

S = ApplicationState
E = ApplicationEvent
JUDGING = frozenset((E.ENDORSE, E.OPPOSE, E.REJECT, E.APPROVE, E.UPHOLD_APPEAL, E.DISMISS_APPEAL))
"""The steps by which somebody judges a case: two levels of it need two people."""


def decide_step(
    written: Application, event: ApplicationEvent, hand: Hand, given: Given, clerk: Clerk, at: Instant
) -> Moved | Rejected:
    """What an event makes of an application, after time has done its part."""
    caught_up = catch_up(written, clerk, at)
    application = caught_up.application
    move = MOVES.get((application.state, event))
    if move is None or move.by is Party.TIME:
        return Rejected(Code.STATE_CONFLICT, {"state": application.state.value})
    refusal = refuse_hand(application, event, move, hand) or _refuse_needs(
        application, event, move, hand, given, clerk, at
    )
    if refusal:
        return refusal
    after = _end_of(application, event, move)
    step = Step(
        event=event,
        before=application.state,
        after=after,
        actor=hand.reference,
        at=at,
        user=hand.user,
        level=level_asked(application.state, application.route) if hand.user is not None else None,
        reason=given.reason,
        facts_hash=given.facts_hash,
        differences=given.differences,
    )
    return Moved(_changed(application, step, given, clerk), (*caught_up.steps, step))


def refuse_hand(application: Application, event: ApplicationEvent, move: Move, hand: Hand) -> Rejected | None:
    """Why it is not this person's turn: NOT_FOUND for another's case, SELF_REVIEW for one's own, REVIEW_LEVEL."""
    match move.by:
        case Party.APPLICANT:
            is_theirs = hand.party is Party.APPLICANT and hand.volunteer == application.volunteer
            is_theirs = is_theirs or (hand.reference == application.entered_by and event in (E.SUBMIT, E.SUPPLY))
            return None if is_theirs else Rejected(Code.NOT_FOUND)
        case Party.NEIGHBOUR:
            is_other = hand.party is Party.NEIGHBOUR and hand.volunteer != application.volunteer
            return None if is_other else Rejected(Code.NOT_FOUND)
        case Party.REVIEWER:
            return _refuse_reviewer(application, event, hand)
        case Party.TIME | Party.LEDGER:
            return None if hand.party is move.by else Rejected(Code.NOT_FOUND)


def _refuse_reviewer(application: Application, event: ApplicationEvent, hand: Hand) -> Rejected | None:
    if hand.party is not Party.REVIEWER or hand.user is None or hand.level is None:
        return Rejected(Code.NOT_FOUND)
    if is_own(application, hand):
        return Rejected(Code.SELF_REVIEW)
    asked = level_asked(application.state, application.route)
    if hand.level < asked:
        return Rejected(Code.REVIEW_LEVEL, {"needed": asked.name.lower()})
    if event in JUDGING and _judged_below(application, hand, asked):
        return Rejected(Code.SELF_REVIEW, {"why": "same-person"})
    return None


def is_own(application: Application, hand: Hand) -> bool:
    """Whether a case is somebody's own affair: they applied, they entered it, or a relative of theirs applied."""
    applied = hand.volunteer is not None and hand.volunteer == application.volunteer
    entered = application.entered_by in {hand.reference, *(format_id("usr", account) for account in hand.accounts)}
    return applied or entered or application.volunteer in hand.relatives


def _judged_below(application: Application, hand: Hand, asked: Level) -> bool:
    """Whether they have judged this case at a level below, or are the one whose rejection did not stand."""
    return any(
        hand.has_acted(acted.user) and (acted.event is E.REJECT or (acted.event in JUDGING and acted.level < asked))
        for acted in application.acted
    )


def _refuse_needs(
    application: Application, event: ApplicationEvent, move: Move, hand: Hand, given: Given, clerk: Clerk, at: Instant
) -> Rejected | None:
    needs = move.needs
    conflict = Rejected(Code.STATE_CONFLICT, {"state": application.state.value})
    if Need.FIRST_REQUEST in needs and application.asked:
        return Rejected(Code.ALREADY_EXISTS, {"event": event.value})
    if Need.FIRST_APPEAL in needs and application.appealed:
        return Rejected(Code.APPEAL_ENDED)
    if Need.IN_TIME in needs and not _is_in_time(application, clerk, at):
        return Rejected(Code.APPEAL_ENDED if event is E.APPEAL else Code.NOTICE_ENDED)
    if Need.UNTOUCHED in needs and any(hand.has_acted(acted.user) for acted in application.acted):
        return Rejected(Code.SELF_REVIEW, {"why": "same-person"})
    if (Need.EXTERNAL in needs and not application.route.external) or (
        Need.INTERNAL in needs and application.route.external
    ):
        return conflict
    if Need.UNFLAGGED in needs and application.flagged:
        return Rejected(Code.REVIEW_LEVEL, {"needed": Level.CITY.name.lower()})
    if Need.FLAGGED in needs and not application.flagged:
        return conflict
    if refusal := _refuse_annulment(application, needs, hand):
        return refusal
    if Need.REASON in needs and not given.reason.strip():
        return Rejected(Code.PARAM_ERROR, {"reason": "missing"})
    return _refuse_facts(needs, given)


def _refuse_annulment(application: Application, needs: frozenset[Need], hand: Hand) -> Rejected | None:
    """Two people find that the office was wrong: one proposes, another agrees; either may dismiss it."""
    conflict = Rejected(Code.STATE_CONFLICT, {"state": application.state.value})
    if Need.APPROVED_BEFORE in needs and all(acted.event is not E.APPROVE for acted in application.acted):
        return conflict
    proposer = application.annulment_proposed_by
    if (Need.PROPOSED in needs and proposer is None) or (Need.UNPROPOSED in needs and proposer is not None):
        return conflict
    if Need.SECOND_PERSON in needs and hand.has_acted(proposer):
        return Rejected(Code.SELF_REVIEW, {"why": "same-person"})
    return None


def _refuse_facts(needs: frozenset[Need], given: Given) -> Rejected | None:
    if Need.FACTS in needs and given.facts_hash is None:
        return Rejected(Code.PARAM_ERROR, {"facts": "missing"})
    if Need.ELIGIBLE not in needs:
        return None
    if given.seen_hash != given.facts_hash:
        return Rejected(Code.EDIT_CONFLICT)
    return None if given.eligible else Rejected(Code.NOT_ELIGIBLE)


def _is_in_time(application: Application, clerk: Clerk, at: Instant) -> bool:
    if application.state is S.OBJECTION:
        return application.notice_until is not None and at < application.notice_until
    due = due_at(application, clerk)
    return due is not None and at < due


def _end_of(application: Application, event: ApplicationEvent, move: Move) -> ApplicationState:
    """The one of a move's ends that the route leads to."""
    route = application.route
    match event:
        case E.TAKE_IN:
            return route.stages[0]
        case E.ENDORSE | E.OPPOSE:
            return route.after(application.state)
        case E.REINVESTIGATE:
            return route.investigating
        case E.UPHOLD_APPEAL:
            return application.rejected_from or S.CITY_REVIEW
        case _:
            return move.ends[0]


def _changed(application: Application, step: Step, given: Given, clerk: Clerk) -> Application:
    at, stays = step.at, step.before is step.after
    changed = replace(
        application,
        state=step.after,
        since=application.since if stays else at,
        acted=(*application.acted, Acted(step.user, step.level, step.event))
        if step.user is not None and step.level is not None
        else application.acted,
    )
    if step.after is S.PUBLICITY:
        changed = replace(changed, notice_until=notice_end(at, application.route.publicity_days, clerk))
    match step.event:
        case E.SUBMIT:
            return replace(changed, submitted_at=at, facts_hash=given.facts_hash, flagged=given.flagged)
        case E.REQUEST_MATERIAL:
            return replace(changed, asked=True)
        case E.TAKE_IN | E.REINVESTIGATE | E.UPHOLD_APPEAL:
            return replace(changed, term_from=at)
        case E.ENDORSE | E.OPPOSE if given.amount_fen is not None:
            return replace(changed, amount_fen=given.amount_fen)
        case E.REJECT:
            return replace(changed, rejected_from=step.before)
        case E.APPEAL:
            return replace(changed, appealed=True)
        case E.GRANT:
            return replace(changed, valid_until=given.valid_until)
        case _:
            return changed
