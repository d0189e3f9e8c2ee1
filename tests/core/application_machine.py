"""Walks of applications with random clocks, people and calendars: the core and the independent model must agree."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.core.applications import deciding
from app.core.applications.deadlines import catch_up
from app.core.applications.model import Application, Clerk, Given, Hand, Moved
from app.core.applications.states import ApplicationEvent, ApplicationState, Level, Party, Route
from app.core.ids import UserId, VolunteerId, format_id
from app.core.working_days import WorkingCalendar
from tests.core.application_model import (
    CITY,
    JUDGEMENTS,
    TOWN,
    VILLAGE,
    ApplicationModel,
    Entry,
    Who,
    what_is_missing_behind_a_grant,
)
from tests.core.applying import APPLICANT, SHANGHAI, an_application
from tests.core.builders import named

MONDAY = datetime(2026, 3, 2, tzinfo=SHANGHAI)
DAYS = 200
"""Of the calendar that each walk makes up for itself."""

PEOPLE = (
    Who("village a", "reviewer", VILLAGE),
    Who("village b", "reviewer", VILLAGE),
    Who("town a", "reviewer", TOWN),
    Who("town b", "reviewer", TOWN),
    Who("city a", "reviewer", CITY),
    Who("city b", "reviewer", CITY),
    Who("city c", "reviewer", CITY),
    Who("kin", "reviewer", CITY, own=True),
    Who("herself", "reviewer", CITY, own=True),
    Who("helper", "enterer", TOWN, own=True),
    Who("applicant", "applicant"),
    Who("neighbour", "neighbour"),
    Who("other", "neighbour"),
    Who("ledger", "ledger"),
)
LIKELY = {
    "draft": "submit",
    "submitted": "take-in take-in request-material",
    "material-requested": "supply",
    "village-review": "endorse endorse oppose",
    "town-review": "endorse endorse reject reject oppose",
    "publicity": "object approve",
    "objection": "reinvestigate object",
    "city-review": "approve approve approve reject",
    "waiting": "grant grant refuse-grant",
    "approved": "refer fulfil revoke propose-annulment annul annul",
    "referred": "authority-accepts authority-declines annul",
    "fulfilled": "propose-annulment annul dismiss-annulment",
    "revoked": "propose-annulment annul",
    "expired": "propose-annulment annul",
    "rejected": "appeal",
    "appealed": "uphold-appeal uphold-appeal dismiss-appeal",
}
OVER = ("fulfilled", "withdrawn", "revoked", "annulled", "expired", "declined-by-authority")
EVENTS = tuple(event.value for event in ApplicationEvent if event.value not in ("end-publicity", "lapse"))
HOURS = st.sampled_from((0, 1, 5, 24, 24, 72, 72, 24 * 8, 24 * 8, 24 * 20, 24 * 61))


def hand_of(who: Who) -> Hand:
    """Somebody of the walk as the core knows them."""
    match who.role:
        case "applicant":
            return Hand(party=Party.APPLICANT, reference=format_id("vol", APPLICANT), volunteer=APPLICANT)
        case "neighbour":
            volunteer = VolunteerId(named(who.name))
            return Hand(party=Party.NEIGHBOUR, reference=format_id("vol", volunteer), volunteer=volunteer)
        case "ledger":
            return Hand(party=Party.LEDGER, reference="system")
        case _:
            user = UserId(named(who.name))
            return Hand(
                party=Party.REVIEWER,
                reference=format_id("usr", user),
                user=user,
                level=Level(who.level),
                volunteer=APPLICANT if who.name == "herself" else None,
                relatives=frozenset((APPLICANT,)) if who.name == "kin" else frozenset(),
            )


class ApplicationMachine(RuleBasedStateMachine):
    """One application, and all who may have to do with it."""

    granted = 0

    @initialize(
        levels=st.sampled_from([(), (VILLAGE,), (TOWN,), (VILLAGE, TOWN), (VILLAGE, TOWN), (VILLAGE, TOWN)]),
        notice=st.sampled_from((0, 7, 7, 7, 10)),
        external=st.booleans(),
        flagged=st.sampled_from((False, False, True)),
        by_helper=st.booleans(),
        turned=st.sets(st.integers(0, DAYS), max_size=40),
    )
    def begin(
        self, levels: tuple[int, ...], notice: int, *, external: bool, flagged: bool, by_helper: bool, turned: set[int]
    ) -> None:
        """A calendar whose turned days are the other way round than the weekday says."""

        def works(day: int) -> bool:
            return (day % 7 < 5) is (day not in turned)

        days = {(MONDAY + timedelta(days=day)).date(): works(day) for day in range(DAYS * 20)}
        self.clerk = Clerk(WorkingCalendar(days), zone=SHANGHAI)
        names = {VILLAGE: "village-review", TOWN: "town-review"}
        stages = [*(names[level] for level in levels), *(["publicity"] if notice else []), "city-review"]
        helper = format_id("usr", UserId(named("helper")))
        self.draft: Application = an_application(
            Route(frozenset(Level(level) for level in levels), notice, external),
            **({"entered_by": helper} if by_helper else {}),
        )
        self.untouched = ApplicationModel(stages, notice, external, flagged, works)
        self.people = tuple(who for who in PEOPLE if by_helper or who.name != "helper")
        self.hour, self.facts, self.seen = 9, 1, dict[str, int]()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Another draft of the same applicant, for the same benefit."""
        self.application = replace(self.draft, since=self.now)
        self.model = replace(self.untouched, since=self.hour, log=[])
        self.frozen: bytes | None = None

    @property
    def now(self) -> datetime:
        """The moment, of which the model knows the hour only."""
        return MONDAY + timedelta(hours=self.hour)

    @rule(hours=HOURS)
    def wait(self, hours: int) -> None:
        """Time goes on; nobody writes anything down."""
        self.hour += hours

    @rule()
    def world_changes(self) -> None:
        """The facts are no longer what they were."""
        self.facts += 1

    @rule(pick=st.integers(0, 20))
    def write_down(self, pick: int) -> None:
        """The job runs, or not: it makes no difference."""
        if pick:
            self.application = catch_up(self.application, self.clerk, self.now).application

    @rule(
        event=st.one_of(*[st.none()] * 5, st.sampled_from(EVENTS)),
        pick=st.integers(0, 30),
        who=st.integers(0, len(PEOPLE) - 1),
        able_only=st.booleans(),
        looks=st.sampled_from((True, True, False)),
        eligible=st.sampled_from((True, True, False)),
    )
    def act(self, event: str | None, pick: int, who: int, *, able_only: bool, looks: bool, eligible: bool) -> None:
        """Somebody does something: mostly what is likely, by somebody who may."""
        self.model.pass_time(self.hour)
        likely = LIKELY.get(self.model.state, "withdraw revoke").split()
        chosen = event or likely[pick % len(likely)]
        everybody = [self.entry(chosen, each, looks=looks, eligible=eligible) for each in self.people]
        able = [entry for entry in everybody if self.model.allows(entry)]
        choices = able if able and able_only else everybody
        entry = choices[who % len(choices)]
        if looks:
            self.seen[entry.who.name] = self.facts
        self.take(entry)

    @rule(picks=st.lists(st.integers(0, 30), min_size=3, max_size=5))
    def go_on(self, picks: list[int]) -> None:
        """All goes its likely way for a while."""
        for pick in picks:
            self.act_likely(pick)

    def act_likely(self, pick: int) -> None:
        """One likely step by somebody who may take it, if there is one; a notice is mostly waited for."""
        if self.model.state == "publicity" and pick % 4:
            self.hour = max(self.hour, self.model.notice_end)
        self.model.pass_time(self.hour)
        likely = LIKELY.get(self.model.state, "withdraw").split()
        chosen = likely[pick % len(likely)]
        able = [entry for who in self.people if self.model.allows(entry := self.entry(chosen, who))]
        if able:
            self.take(able[pick % len(able)])

    @precondition(lambda self: self.model.state in OVER)
    @rule()
    def apply_again(self) -> None:
        """What is over is over; the walk goes on with another application."""
        self.begin_anew()

    @precondition(lambda self: self.model.state == "publicity")
    @rule(around=st.sampled_from((-24, -1, 0, 1)), pick=st.integers(0, 30))
    def decide_about_when_the_notice_ends(self, around: int, pick: int) -> None:
        """The city decides an hour before its notice ends, or just then."""
        self.hour = max(self.hour, self.model.notice_end + around)
        self.model.pass_time(self.hour)
        deciders = [who for who in self.people if who.level == CITY]
        self.take(self.entry("approve", deciders[pick % len(deciders)]))

    @precondition(lambda self: self.model.state == "city-review")
    @rule(pick=st.integers(0, 30), late=st.booleans(), eligible=st.booleans())
    def decide_on_facts_of_before(self, pick: int, *, late: bool, eligible: bool) -> None:
        """The city looks, the world changes or does not, and only then the city decides."""
        deciders = [who for who in self.people if who.level == CITY]
        who = deciders[pick % len(deciders)]
        self.seen[who.name] = self.facts
        self.facts += late
        self.take(self.entry("approve", who, looks=False, eligible=eligible))

    @rule(pick=st.integers(0, 30))
    def same_again(self, pick: int) -> None:
        """Whoever has judged tries to take the next step as well."""
        judges = [past.who for past in self.model.log if past.event in JUDGEMENTS]
        self.model.pass_time(self.hour)
        likely = LIKELY.get(self.model.state, "withdraw").split()
        if judges:
            self.take(self.entry(likely[pick % len(likely)], judges[pick % len(judges)]))

    def entry(self, event: str, who: Who, *, looks: bool = True, eligible: bool = True) -> Entry:
        """What would be in the log if they did it."""
        seen = self.facts if looks else self.seen.get(who.name, 0)
        return Entry(event, who, self.hour, self.model.state, self.facts, seen, eligible)

    def take(self, entry: Entry) -> None:
        """Do it in both, and compare."""
        facts, seen = bytes([entry.facts % 256]), bytes([entry.seen % 256])
        given = Given(
            reason="理由", facts_hash=facts, seen_hash=seen, eligible=entry.eligible, flagged=self.untouched.flagged
        )
        event = ApplicationEvent(entry.event)
        answer = deciding.decide_step(self.application, event, hand_of(entry.who), given, self.clerk, self.now)
        allowed = self.model.allows(entry)
        assert isinstance(answer, Moved) is allowed, (entry, self.model.state, answer)
        if isinstance(answer, Moved):
            self.application = answer.application
            self.model.happen(entry)
            if entry.event == "submit":
                self.frozen = facts

    @invariant()
    def agree(self) -> None:
        """The same state, whatever has been written down; frozen facts stay; nothing is granted without all of it."""
        if not hasattr(self, "model"):
            return
        self.model.pass_time(self.hour)
        stands = catch_up(self.application, self.clerk, self.now).application
        assert stands.state.value == self.model.state
        assert stands.facts_hash == self.frozen
        if stands.state in (ApplicationState.APPROVED, ApplicationState.WAITING):
            type(self).granted += 1
            assert self.frozen is not None
            assert what_is_missing_behind_a_grant(self.model) == []
