"""Who may decide an application and by what: nobody their own, nobody twice, nobody past criteria or unseen facts."""

from datetime import date, timedelta

import pytest

from app.core.applications.model import Acted, Hand, Moved
from app.core.applications.publicity import Notice, notice_of
from app.core.applications.states import ApplicationEvent, ApplicationState, Level, Party, Route
from app.core.codes import Code, Rejected
from app.core.ids import UserId, VolunteerId, format_id
from app.core.quantities import Fen
from app.core.volunteers import Volunteer, VolunteerStatus
from tests.core.applying import (
    APPLICANT,
    BEGIN,
    HASH,
    a_neighbour,
    an_application,
    reviewer,
    step,
    stepped,
    the_applicant,
)
from tests.core.builders import named

S = ApplicationState
E = ApplicationEvent
OWN = Rejected(Code.SELF_REVIEW)
SAME = Rejected(Code.SELF_REVIEW, {"why": "same-person"})
CITY = reviewer(Level.CITY)
RELATIVE = reviewer(Level.CITY, "relative", relatives=frozenset((APPLICANT,)))
HERSELF = reviewer(Level.CITY, "herself", volunteer=APPLICANT)
JUDGED = [
    (S.SUBMITTED, E.TAKE_IN),
    (S.SUBMITTED, E.REQUEST_MATERIAL),
    (S.TOWN_REVIEW, E.ENDORSE),
    (S.TOWN_REVIEW, E.REJECT),
    (S.CITY_REVIEW, E.APPROVE),
    (S.CITY_REVIEW, E.REJECT),
    (S.APPEALED, E.UPHOLD_APPEAL),
    (S.APPROVED, E.FULFIL),
    (S.APPROVED, E.REVOKE),
]


@pytest.mark.parametrize("state, event", JUDGED)
@pytest.mark.parametrize("hand", [HERSELF, RELATIVE], ids=["the applicant", "a relative"])
def test_nobody_decides_their_own(state: ApplicationState, event: ApplicationEvent, hand: Hand) -> None:
    """Neither the applicant who is also staff, nor a relative, at no step."""
    assert step(an_application(state=state), event, hand) == OWN


def test_whoever_entered_it_does_not_decide() -> None:
    """An official who filled it in on behalf may submit and supply, and nothing else."""
    helper = reviewer(Level.TOWN, "helper")
    draft = an_application(entered_by=helper.reference)
    submitted = stepped(draft, E.SUBMIT, helper)
    assert step(submitted, E.TAKE_IN, helper) == OWN
    assert step(submitted, E.WITHDRAW, helper) == Rejected(Code.NOT_FOUND)
    assert stepped(submitted, E.WITHDRAW, the_applicant()).state is S.WITHDRAWN


def test_two_levels_need_two_people() -> None:
    """An administrator who has given the town's opinion does not decide for the city, and two villages do not help."""
    town = an_application(state=S.TOWN_REVIEW)
    public = stepped(town, E.ENDORSE, CITY)
    assert public.acted == (Acted(UserId(named("reviewer", Level.CITY, "")), Level.TOWN, E.ENDORSE),)
    later = BEGIN + timedelta(days=30)
    assert step(public, E.APPROVE, CITY, later) == SAME
    assert step(public, E.REJECT, CITY, later) == SAME
    assert stepped(public, E.APPROVE, reviewer(Level.CITY, "other"), later).state is S.WAITING


def test_a_level_below_is_not_enough() -> None:
    """The refusal names the level that it takes; a level above will do."""
    town = an_application(state=S.TOWN_REVIEW)
    assert step(town, E.ENDORSE, reviewer(Level.VILLAGE)) == Rejected(Code.REVIEW_LEVEL, {"needed": "town"})
    assert stepped(town, E.ENDORSE, CITY).state is S.PUBLICITY
    granted = an_application(state=S.APPROVED)
    assert step(granted, E.REVOKE, reviewer(Level.TOWN)) == Rejected(Code.REVIEW_LEVEL, {"needed": "city"})


def test_relatives_of_staff_are_decided_by_the_city() -> None:
    """The town may give its opinion, for or against; it does not end the case. For others it has no such way out."""
    flagged = stepped(an_application(), E.SUBMIT, the_applicant(), flagged=True)
    assert flagged.flagged
    town = an_application(state=S.TOWN_REVIEW, flagged=True)
    assert step(town, E.REJECT, reviewer(Level.TOWN)) == Rejected(Code.REVIEW_LEVEL, {"needed": "city"})
    assert stepped(town, E.OPPOSE, reviewer(Level.TOWN)).state is S.PUBLICITY
    plain = an_application(state=S.TOWN_REVIEW)
    assert step(plain, E.OPPOSE, reviewer(Level.TOWN)) == Rejected(Code.STATE_CONFLICT, {"state": "town-review"})


def test_missing_material_is_asked_for_once() -> None:
    """Completely: a second request is refused, after the first was answered too."""
    asked = stepped(an_application(state=S.SUBMITTED), E.REQUEST_MATERIAL, reviewer(Level.VILLAGE))
    supplied = stepped(asked, E.SUPPLY, the_applicant())
    assert step(supplied, E.REQUEST_MATERIAL, reviewer(Level.VILLAGE)) == Rejected(
        Code.ALREADY_EXISTS, {"event": "request-material"}
    )
    assert stepped(supplied, E.TAKE_IN, reviewer(Level.VILLAGE)).state is S.VILLAGE_REVIEW


NEEDING_A_REASON = [
    (S.SUBMITTED, E.REQUEST_MATERIAL, CITY),
    (S.VILLAGE_REVIEW, E.OPPOSE, CITY),
    (S.CITY_REVIEW, E.REJECT, CITY),
    (S.PUBLICITY, E.OBJECT, a_neighbour()),
    (S.APPROVED, E.REVOKE, CITY),
    (S.REJECTED, E.APPEAL, the_applicant()),
    (S.APPEALED, E.DISMISS_APPEAL, CITY),
]


@pytest.mark.parametrize("state, event, hand", NEEDING_A_REASON, ids=[e.value for _, e, _ in NEEDING_A_REASON])
def test_a_refusal_has_its_reasons_in_writing(state: ApplicationState, event: ApplicationEvent, hand: Hand) -> None:
    """Blank is no reason."""
    application = an_application(state=state, notice_until=BEGIN + timedelta(days=9))
    assert step(application, event, hand, reason=" \n") == Rejected(Code.PARAM_ERROR, {"reason": "missing"})


def test_an_approval_rests_on_facts_that_were_seen() -> None:
    """Facts other than those looked at: look again. Criteria not met by the facts of today: nobody approves."""
    city = an_application(state=S.CITY_REVIEW)
    assert step(city, E.APPROVE, CITY, seen_hash=b"older") == Rejected(Code.EDIT_CONFLICT)
    assert step(city, E.APPROVE, CITY, eligible=False) == Rejected(Code.NOT_ELIGIBLE)
    assert step(city, E.APPROVE, CITY, facts_hash=None, seen_hash=None) == Rejected(
        Code.PARAM_ERROR, {"facts": "missing"}
    )
    approved = step(city, E.APPROVE, CITY)
    assert isinstance(approved, Moved)
    assert approved.steps[-1].facts_hash == HASH


def test_facts_are_frozen_at_submission_whether_eligible_or_not() -> None:
    """No machine refuses: an application that does not meet the criteria is submitted, and people answer it."""
    submitted = stepped(an_application(), E.SUBMIT, the_applicant(), eligible=False)
    assert (submitted.facts_hash, submitted.submitted_at) == (HASH, BEGIN)
    again = stepped(
        an_application(state=S.CITY_REVIEW, facts_hash=HASH), E.APPROVE, CITY, facts_hash=b"new", seen_hash=b"new"
    )
    assert again.facts_hash == HASH


def test_an_appeal_is_decided_by_another_person() -> None:
    """Nobody who has had a hand in the case answers it; upheld, it goes back to where it was rejected, to others."""
    town_person = reviewer(Level.CITY, "strict")
    rejected = stepped(an_application(state=S.TOWN_REVIEW), E.REJECT, town_person)
    appealed = stepped(rejected, E.APPEAL, the_applicant())
    assert step(appealed, E.UPHOLD_APPEAL, town_person) == SAME
    assert step(appealed, E.DISMISS_APPEAL, town_person) == SAME
    back = stepped(appealed, E.UPHOLD_APPEAL, CITY)
    assert back.state is S.TOWN_REVIEW
    assert step(back, E.REJECT, town_person) == step(back, E.ENDORSE, town_person) == SAME
    assert stepped(back, E.ENDORSE, reviewer(Level.TOWN)).state is S.PUBLICITY


def test_objections_come_from_others_and_in_time() -> None:
    """Not from the applicant; while one waits others may still come until the notice ends, and not after."""
    public = stepped(an_application(state=S.TOWN_REVIEW), E.ENDORSE, reviewer(Level.TOWN))
    assert step(public, E.OBJECT, a_neighbour(APPLICANT)) == Rejected(Code.NOT_FOUND)
    disputed = stepped(public, E.OBJECT, a_neighbour(), BEGIN + timedelta(days=1))
    second = stepped(disputed, E.OBJECT, a_neighbour(VolunteerId(named("second"))), BEGIN + timedelta(days=2))
    assert (second.state, second.since) == (S.OBJECTION, disputed.since)
    assert step(second, E.OBJECT, a_neighbour(), BEGIN + timedelta(days=9)) == Rejected(Code.NOTICE_ENDED)
    again = stepped(second, E.REINVESTIGATE, reviewer(Level.TOWN), BEGIN + timedelta(days=9))
    renewed = stepped(again, E.ENDORSE, reviewer(Level.TOWN), BEGIN + timedelta(days=10))
    assert renewed.notice_until is not None
    assert public.notice_until is not None
    assert renewed.notice_until > public.notice_until


def test_the_investigation_sets_the_amount_that_is_published() -> None:
    """The applicant asks, village and town find; the city approves what the notice showed."""
    town = an_application(state=S.TOWN_REVIEW, requested_fen=Fen(500_000))
    public = stepped(town, E.ENDORSE, reviewer(Level.TOWN), amount_fen=Fen(300_000))
    assert public.amount_fen == 300_000
    city = stepped(public, E.APPROVE, CITY, BEGIN + timedelta(days=30), amount_fen=Fen(900_000))
    assert city.amount_fen == 300_000


def test_the_ledger_has_the_last_word() -> None:
    """A place makes it approved with its last day; a refusal brings it back to people, who answer in writing."""
    waiting = an_application(state=S.WAITING)
    ledger = Hand(party=Party.LEDGER, reference="system")
    until = BEGIN + timedelta(days=365)
    granted = stepped(waiting, E.GRANT, ledger, valid_until=until)
    assert (granted.state, granted.valid_until) == (S.APPROVED, until)
    assert stepped(waiting, E.REFUSE_GRANT, ledger, reason="QUOTA_EXCEEDED").state is S.CITY_REVIEW


def test_what_an_authority_decides_is_only_referred() -> None:
    """Never fulfilled by us; what we decide ourselves is never referred."""
    outside = an_application(Route(frozenset(), 0, external=True), state=S.APPROVED)
    conflict = Rejected(Code.STATE_CONFLICT, {"state": "approved"})
    assert step(outside, E.FULFIL, CITY) == conflict
    assert stepped(outside, E.REFER, CITY).state is S.REFERRED
    assert step(an_application(state=S.APPROVED), E.REFER, CITY) == conflict


def _person(name: str, born_on: date | None) -> Volunteer:
    return Volunteer(APPLICANT, VolunteerStatus.ACTIVE, name, born_on=born_on)


def test_the_notice_shows_the_masked_surname_and_little_else() -> None:
    """One asterisk however long the name; a minor, and whose age nobody knows, without name, village and amount."""
    day, village, amount = date(2026, 3, 2), "彭桥村", Fen(300_000)
    grown = _person("张**", date(1980, 1, 1))
    assert notice_of(grown, village, amount, day) == Notice("张*", village, amount)
    nothing = Notice(None, None, None)
    for born_on in (date(2008, 3, 3), date(2016, 1, 1), None):
        assert notice_of(_person("张**", born_on), village, amount, day) == nothing
    assert notice_of(_person("张*", date(2008, 3, 2)), village, None, day).name == "张*"
    assert notice_of(_person("欧阳**", date(1980, 1, 1)), village, None, day).name == "欧阳*"
    assert notice_of(_person("*", date(1980, 1, 1)), village, None, day).name == "*"


def test_references_are_opaque() -> None:
    """A step names its actor by id."""
    moved = step(an_application(), E.SUBMIT, the_applicant())
    assert isinstance(moved, Moved)
    assert moved.steps[0].actor == format_id("vol", APPLICANT)
