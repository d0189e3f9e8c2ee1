"""What an application should do, said a second time: small, slow, in hours since a Monday, without the core's code.

And what must lie behind a grant, read off the log alone: levels, notice, frozen facts, different people.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

VILLAGE, TOWN, CITY = 1, 2, 3
OVER = ("approved", "referred", "fulfilled", "rejected", "withdrawn", "revoked", "annulled", "expired")
OUTSIDE = ("accepted-by-authority", "declined-by-authority")
JUDGEMENTS = ("endorse", "oppose", "reject", "approve", "uphold-appeal", "dismiss-appeal")

PLAIN = {
    "take-in": ("submitted",),
    "endorse": ("village-review", "town-review"),
    "reinvestigate": ("objection",),
    "authority-accepts": ("referred",),
    "authority-declines": ("referred",),
    "revoke": ("waiting", "approved", "referred", "accepted-by-authority", "fulfilled"),
}
"""What a reviewer may do in a state without more ado."""

ANNULLABLE = (*PLAIN["revoke"], "declined-by-authority", "revoked", "expired")
"""Where something was granted, or is about to be: two people may find that it should not have been."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody: what they are, how high, and whether the case is their own affair."""

    name: str
    role: str
    level: int = 0
    own: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `facts`: the number of the facts of that hour; `seen`: of those the reviewer looked at."""

    event: str
    who: Who
    hour: int
    before: str
    facts: int = 0
    seen: int = 0
    eligible: bool = True


@dataclass(slots=True)
class ApplicationModel:
    """One application. `works`: whether a day, counted from the Monday, is a working day."""

    stages: list[str]
    notice_days: int
    external: bool
    flagged: bool
    works: Callable[[int], bool]
    state: str = "draft"
    since: int = 0
    notice_end: int = -1
    asked: bool = False
    appealed: bool = False
    rejected_from: str = ""
    log: list[Entry] = field(default_factory=list)

    def working_end(self, since: int, days: int) -> int:
        """The hour at which a term of working days is over. What ended at midnight ended the day before."""
        day = (since - 1) // 24
        while days:
            day += 1
            days -= self.works(day)
        return (day + 1) * 24

    def calendar_end(self, since: int, days: int) -> int:
        """The hour at which a term of calendar days is over, run on to a working day."""
        day = since // 24 + days
        while not self.works(day):
            day += 1
        return (day + 1) * 24

    def pass_time(self, hour: int) -> None:
        """Let time do what it does by itself."""
        if self.state == "publicity" and hour >= self.notice_end:
            self.state, self.since = "city-review", self.notice_end
        elif self.state == "material-requested" and hour >= self.working_end(self.since, 15):
            self.state = "expired"

    def level_needed(self) -> int:
        """Whose turn it is."""
        place = self.state
        if place == "objection":
            place = self.before_notice()
        if place in ("submitted", "material-requested"):
            place = self.stages[0]
        return {"village-review": VILLAGE, "town-review": TOWN}.get(place, CITY)

    def before_notice(self) -> str:
        """The stage before the notice; the notice itself where there is none."""
        return self.stages[max(0, self.stages.index("publicity") - 1)]

    def allows(self, entry: Entry) -> bool:
        """Whether something may happen now."""
        event, who = entry.event, entry.who
        if event in ("submit", "supply", "withdraw", "appeal"):
            return (who.role == "applicant" or (who.role == "enterer" and event in ("submit", "supply"))) and (
                self.applicant_may(event, entry.hour)
            )
        if event == "object":
            in_time = self.state == "publicity" or (self.state == "objection" and entry.hour < self.notice_end)
            return who.role == "neighbour" and in_time
        if event in ("grant", "refuse-grant"):
            return who.role == "ledger" and self.state == "waiting"
        if who.role not in ("reviewer", "enterer") or who.own or who.level < self.level_needed():
            return False
        return self.reviewer_may(event, entry) and not self.has_judged_before(who, event)

    def applicant_may(self, event: str, hour: int) -> bool:
        """Whether the applicant's turn has come for this."""
        if event == "withdraw":
            return self.state not in (*OVER, *OUTSIDE)
        if event == "appeal":
            return self.state == "rejected" and not self.appealed and hour < self.calendar_end(self.since, 60)
        return (event, self.state) in (("submit", "draft"), ("supply", "material-requested"))

    def reviewer_may(self, event: str, entry: Entry) -> bool:
        """Whether a reviewer's turn has come for this, whoever it is."""
        match event:
            case "request-material":
                return self.state == "submitted" and not self.asked
            case "oppose":
                return self.state == "village-review" or (self.state == "town-review" and self.flagged)
            case "reject":
                return self.state == "city-review" or (self.state == "town-review" and not self.flagged)
            case "approve":
                return self.state == "city-review" and entry.eligible and entry.seen == entry.facts
            case "uphold-appeal" | "dismiss-appeal":
                return self.state == "appealed" and all(past.who.name != entry.who.name for past in self.log)
            case "refer":
                return self.state == "approved" and self.external
            case "fulfil":
                return self.state == "accepted-by-authority" or (self.state == "approved" and not self.external)
        if "annul" in event:
            return self.state in ANNULLABLE and self.may_annul(event, entry.who)
        return self.state in PLAIN.get(event, ())

    def may_annul(self, event: str, who: Who) -> bool:
        """One proposes, another agrees; what was never approved cannot be annulled."""
        said = [past for past in self.log if past.event in ("propose-annulment", "dismiss-annulment")]
        proposed = bool(said) and said[-1].event == "propose-annulment"
        if all(past.event != "approve" for past in self.log):
            return False
        if event == "propose-annulment":
            return not proposed
        return proposed and (event == "dismiss-annulment" or said[-1].who.name != who.name)

    def has_judged_before(self, who: Who, event: str) -> bool:
        """Whether somebody has judged at a level below, or their rejection did not stand."""
        if event not in JUDGEMENTS:
            return False
        levels = {"village-review": VILLAGE, "town-review": TOWN}
        mine = [past for past in self.log if past.who.name == who.name and past.event in JUDGEMENTS]
        below = any(levels.get(past.before, CITY) < self.level_needed() for past in mine)
        return below or any(past.event == "reject" for past in mine)

    def happen(self, entry: Entry) -> None:
        """Let something that is allowed happen."""
        before = self.state
        self.state = self.end_of(entry.event)
        if self.state != before:
            self.since = entry.hour
        if self.state == "publicity":
            self.notice_end = self.calendar_end(entry.hour, self.notice_days)
        self.asked |= entry.event == "request-material"
        self.appealed |= entry.event == "appeal"
        self.rejected_from = before if entry.event == "reject" else self.rejected_from
        self.log.append(entry)

    def end_of(self, event: str) -> str:
        """Where an event leads."""
        if event in ("endorse", "oppose"):
            return self.stages[self.stages.index(self.state) + 1]
        fixed = {
            "submit": "submitted",
            "supply": "submitted",
            "withdraw": "withdrawn",
            "appeal": "appealed",
            "request-material": "material-requested",
            "take-in": self.stages[0],
            "reject": "rejected",
            "object": "objection",
            "approve": "waiting",
            "grant": "approved",
            "refuse-grant": "city-review",
            "refer": "referred",
            "authority-accepts": "accepted-by-authority",
            "authority-declines": "declined-by-authority",
            "fulfil": "fulfilled",
            "revoke": "revoked",
            "propose-annulment": self.state,
            "dismiss-annulment": self.state,
            "annul": "annulled",
            "uphold-appeal": self.rejected_from,
            "dismiss-appeal": "rejected",
        }
        return self.before_notice() if event == "reinvestigate" else fixed[event]


def what_is_missing_behind_a_grant(model: ApplicationModel) -> list[str]:
    """Read off the log of an application that was granted: what should lie behind it and does not."""
    log, missing = model.log, list[str]()
    approvals = [entry for entry in log if entry.event == "approve"]
    if not any(entry.event == "submit" for entry in log) or not approvals:
        return ["submitted and approved"]
    approval = approvals[-1]
    if approval.seen != approval.facts or not approval.eligible:
        missing.append("facts that were looked at and suffice")
    judges = [approval.who.name]
    for stage in (stage for stage in model.stages if stage in ("village-review", "town-review")):
        opinions = [entry for entry in log if entry.before == stage and entry.event in ("endorse", "oppose")]
        if not opinions or any(entry.who.own for entry in opinions):
            missing.append(stage)
        judges += [entry.who.name for entry in opinions[-1:]]
    if len(set(judges)) < len(judges) or approval.who.own:
        missing.append("different people, none of them concerned")
    if "publicity" in model.stages:
        last = max((n for n, entry in enumerate(log) if _publishes(model, entry)), default=None)
        if last is None or not _was_public(model, last, log.index(approval)):
            missing.append("the whole notice")
    return missing


def _publishes(model: ApplicationModel, entry: Entry) -> bool:
    before = model.before_notice()
    if before == "publicity":
        return entry.event in ("take-in", "reinvestigate")
    return entry.before == before and entry.event in ("endorse", "oppose")


def _was_public(model: ApplicationModel, last: int, approval: int) -> bool:
    """Whether so many whole days lie between, and nobody objected in them."""
    log = model.log
    quiet = all(entry.event != "object" for entry in log[last + 1 : approval])
    return quiet and log[approval].hour // 24 > log[last].hour // 24 + model.notice_days
