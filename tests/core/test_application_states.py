"""Applications: every event from every state on every route, against a table that a person can read."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from app.core.applications.model import Acted, Moved
from app.core.applications.states import (
    MOVES,
    OPEN,
    ApplicationEvent,
    ApplicationState,
    Level,
    Need,
    Party,
    Route,
    level_asked,
)
from app.core.codes import Code, Rejected
from app.core.ids import UserId
from tests.core.applying import BEGIN, an_application, hand_for, step
from tests.core.builders import named

S = ApplicationState
E = ApplicationEvent

EXPECTED = {
    "draft": "submit:submitted withdraw:withdrawn",
    "submitted": "request-material:material-requested take-in:FIRST withdraw:withdrawn",
    "material-requested": "supply:submitted withdraw:withdrawn",
    "village-review": "endorse:NEXT oppose:NEXT withdraw:withdrawn",
    "town-review": "endorse:NEXT oppose:NEXT reject:rejected withdraw:withdrawn",
    "publicity": "object:objection withdraw:withdrawn",
    "objection": "object:objection reinvestigate:AGAIN withdraw:withdrawn",
    "city-review": "approve:waiting reject:rejected withdraw:withdrawn",
    "waiting": "grant:approved refuse-grant:city-review withdraw:withdrawn revoke:revoked ANNULLABLE",
    "approved": "refer:referred fulfil:fulfilled revoke:revoked ANNULLABLE",
    "referred": "authority-accepts:accepted-by-authority authority-declines:declined-by-authority revoke:revoked "
    "ANNULLABLE",
    "accepted-by-authority": "fulfil:fulfilled revoke:revoked ANNULLABLE",
    "declined-by-authority": "ANNULLABLE",
    "fulfilled": "revoke:revoked ANNULLABLE",
    "rejected": "appeal:appealed",
    "withdrawn": "",
    "revoked": "ANNULLABLE",
    "expired": "ANNULLABLE",
    "annulled": "",
    "appealed": "uphold-appeal:BACK dismiss-appeal:rejected withdraw:withdrawn",
}
"""What people and the ledger can do. FIRST, NEXT, AGAIN and BACK depend on the route, below.

ANNULLABLE: an annulment can be proposed; and one that is proposed can be dismissed, or agreed to.
"""

PROPOSER = UserId(named("proposer"))

ROUTES = {
    "VTPC": Route(frozenset(Level), 7),
    "VTC": Route(frozenset(Level), 0),
    "VPC": Route(frozenset((Level.VILLAGE, Level.CITY)), 7),
    "VC": Route(frozenset((Level.VILLAGE,)), 0),
    "TPC": Route(frozenset((Level.TOWN, Level.CITY)), 10),
    "TC": Route(frozenset((Level.TOWN,)), 0),
    "PC": Route(frozenset(), 7),
    "C": Route(frozenset((Level.CITY,)), 0),
}
STAGES = {"V": "village-review", "T": "town-review", "P": "publicity", "C": "city-review"}
LETTERS = {stage: letter for letter, stage in STAGES.items()}


def _expected_end(name: str, state: ApplicationState, written: str) -> str:
    match written:
        case "FIRST":
            return STAGES[name[0]]
        case "NEXT":
            return STAGES[name[name.index(LETTERS[state.value]) + 1]]
        case "AGAIN":
            return STAGES[(name.split("P", maxsplit=1)[0] or "P")[-1]]
        case "BACK":
            return "town-review"
        case _:
            return written


def _is_on(name: str, state: ApplicationState) -> bool:
    needed = {"objection": "P", **LETTERS}.get(state.value)
    return needed is None or needed in name


CASES = [
    (name, state, event)
    for name, state, event in product(ROUTES, ApplicationState, ApplicationEvent)
    if _is_on(name, state)
]


def _annullable(state: ApplicationState) -> str:
    return f"propose-annulment:{state.value} dismiss-annulment:{state.value} annul:annulled"


def _acted(needs: frozenset[Need]) -> tuple[Acted, ...]:
    """What somebody has to have done before a step that needs this."""
    done = {Need.APPROVED_BEFORE: E.APPROVE, Need.PROPOSED: E.PROPOSE_ANNULMENT}
    return tuple(Acted(PROPOSER, Level.CITY, event) for need, event in done.items() if need in needs)


@pytest.mark.parametrize("name, state, event", CASES, ids=[f"{n}-{s.value}-{e.value}" for n, s, e in CASES])
def test_every_event_in_every_state(name: str, state: ApplicationState, event: ApplicationEvent) -> None:
    """With all it needs a step leads where the table says; what the table lacks is a conflict that names the state."""
    steps = EXPECTED[state.value].replace("ANNULLABLE", _annullable(state))
    written = dict(pair.split(":") for pair in steps.split()).get(event.value)
    needs = MOVES[state, event].needs if (state, event) in MOVES else frozenset()
    external = Need.EXTERNAL in needs
    application = an_application(
        replace(ROUTES[name], external=external),
        state=state,
        acted=_acted(needs),
        flagged=Need.FLAGGED in needs,
        rejected_from=S.TOWN_REVIEW,
        notice_until=BEGIN + timedelta(days=9),
    )
    party = MOVES[state, event].by if written else Party.REVIEWER
    answer = step(application, event, hand_for(party))
    if written is None:
        assert answer == Rejected(Code.STATE_CONFLICT, {"state": state.value})
        return
    assert isinstance(answer, Moved), answer
    assert answer.application.state.value == _expected_end(name, state, written)
    assert answer.application.state in MOVES[state, event].ends
    assert [line.after for line in answer.steps] == [answer.application.state]


@pytest.mark.parametrize(
    "state, event, party",
    [(state, event, party) for (state, event), party in product(MOVES, Party)],
    ids=lambda value: value.value,
)
def test_nobody_else_takes_a_step(state: ApplicationState, event: ApplicationEvent, party: Party) -> None:
    """Each step is its party's; for all others the case is not there. What time does nobody does by hand."""
    move = MOVES[state, event]
    application = an_application(
        Route(frozenset(Level), 7, Need.EXTERNAL in move.needs),
        state=state,
        acted=_acted(move.needs),
        flagged=Need.FLAGGED in move.needs,
        rejected_from=S.TOWN_REVIEW,
        notice_until=BEGIN + timedelta(days=9),
    )
    answer = step(application, event, hand_for(party))
    if move.by is Party.TIME:
        assert answer == Rejected(Code.STATE_CONFLICT, {"state": state.value})
    elif party is not move.by:
        assert answer == Rejected(Code.NOT_FOUND)
    else:
        assert isinstance(answer, Moved)


def test_every_state_is_reached_and_every_event_is_used() -> None:
    """The table leaves no state that nothing leads to, and no event that nothing answers."""
    reached = {end for move in MOVES.values() for end in move.ends}
    assert reached | {S.DRAFT} == set(ApplicationState)
    assert {event for _, event in MOVES} == set(ApplicationEvent)


def test_what_is_over_stays_over() -> None:
    """Nothing leads out of the ends, and an open application is one to which something can still happen."""
    ends = set(ApplicationState) - {state for state, _ in MOVES}
    assert ends == {S.WITHDRAWN, S.ANNULLED}
    assert not OPEN & {*ends, S.REJECTED, S.FULFILLED, S.REVOKED, S.EXPIRED, S.DECLINED_BY_AUTHORITY}


def test_the_level_of_each_state() -> None:
    """Village and town act on their own stages; what comes first asks for the first level, all else for the city."""
    full, city = ROUTES["VTPC"], ROUTES["PC"]
    assert level_asked(S.SUBMITTED, full) is Level.VILLAGE
    assert level_asked(S.TOWN_REVIEW, full) is Level.TOWN
    assert level_asked(S.OBJECTION, full) is Level.TOWN
    assert {level_asked(state, city) for state in ApplicationState} >= {Level.CITY}
    assert level_asked(S.SUBMITTED, city) is level_asked(S.OBJECTION, city) is Level.CITY
