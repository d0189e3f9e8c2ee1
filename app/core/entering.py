"""Entering a service record (录入): what is told becomes time that counts, or is refused.

The first refusal, in this order, is the answer: a minor's guardian, check-ins that cannot be, time given twice. One
record or ten thousand, the rule is this one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta, tzinfo

from app.core.check_ins import Attendance, CheckIn, attend, share_time
from app.core.codes import Code, Rejected
from app.core.minors import Circumstances, refuse_minor
from app.core.quantities import Instant, Minutes
from app.core.record_items import Filing, Served
from app.core.volunteers import Volunteer, VolunteerStatus

RECORD_MINUTES_MAX = 24 * 60
NEAR = timedelta(days=1)
"""Records of the same volunteer are looked at so far before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A record as it was told: its period is the activity's, its minutes may be left to the check-ins."""

    filing: Filing
    minutes: int | None
    own_labour: bool = False

    @property
    def begins(self) -> Instant:
        """From when on other records of the volunteer matter."""
        return self.filing.record.started_at - NEAR

    @property
    def ends(self) -> Instant:
        """Until when they matter."""
        return self.filing.record.ended_at + NEAR


def count_time(telling: Telling, zone: tzinfo, near: Sequence[Served] = ()) -> Filing | Rejected:
    """The record with the time that counts: that of its check-ins, where there are any."""
    filing = telling.filing
    record, items = filing.record, filing.items
    if not items.check_ins:
        return filing
    activity = CheckIn(record.started_at, record.ended_at)
    found = attend(items.check_ins, activity, zone, _earlier(record.activity_id, near))
    if not isinstance(found, Attendance):
        return Rejected(Code.PARAM_ERROR, {"check_ins": found.value})
    if not (telling.minutes or 1) <= found.minutes <= RECORD_MINUTES_MAX:
        return Rejected(Code.PARAM_ERROR, {"minutes": found.minutes})
    counted = replace(
        record,
        minutes=Minutes(telling.minutes or found.minutes),
        started_at=found.stays[0].begin,
        ended_at=found.stays[-1].end,
    )
    return replace(filing, record=counted, items=replace(items, check_ins=found.stays))


def _earlier(activity_id: str, near: Sequence[Served]) -> Iterator[CheckIn]:
    for other in near:
        if activity_id and other.activity_id == activity_id:
            yield from other.check_ins


def decide_entry(telling: Telling, born_on: date | None, near: Sequence[Served], zone: tzinfo) -> Filing | Rejected:
    """Decide one record beside those of its volunteer that touch the days around it, in the order they began."""
    items = telling.filing.items
    given = Circumstances(guardian=items.guardian, hazardous=items.hazardous, own_labour=telling.own_labour)
    day = telling.filing.record.started_at.astimezone(zone).date()
    person = Volunteer(telling.filing.record.volunteer, VolunteerStatus.ACTIVE, born_on=born_on)
    if refused := refuse_minor(person.age_on(day), given):
        return refused
    counted = count_time(telling, zone, near)
    if isinstance(counted, Rejected):
        return counted
    stays = counted.served.stays
    for other in near:
        if share_time(stays, other.stays):
            return Rejected(Code.OVERLAP, {"record": other.id.hex})
    return counted
