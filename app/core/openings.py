"""Opening balances (期初余额): what somebody had in an older system: brought over once, dated, with a last day."""

from dataclasses import dataclass
from datetime import date

from app.core.accounts import NEVER
from app.core.ids import OpeningId, TransactionId, UserId, VolunteerId
from app.core.quantities import Minutes, Points
from app.core.record_numbers import RecordNumber

_HOUR_MIN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Points and minutes of one volunteer under the number that the older system gave them; either may be zero."""

    id: OpeningId
    number: RecordNumber
    volunteer: VolunteerId
    dated_on: date
    """The day that the balance dates from in the older system."""
    points: Points
    minutes: Minutes
    expires_on: date | None
    """The last day of the points (`NEVER`: they do not expire); None without points."""
    drafted_by: UserId
    approved_by: UserId
    transaction: TransactionId

    def says_the_same(self, other: "Opening") -> bool:
        """Whether another balance under this number is this one again, whoever brings it."""
        return self.told == other.told

    @property
    def told(self) -> tuple[VolunteerId, date, Points, Minutes, date | None]:
        """What the number stands for."""
        return self.volunteer, self.dated_on, self.points, self.minutes, self.expires_on


def tell_opening(opening: Opening, *, english: bool) -> str:
    """An opening balance as one sentence: 自旧系统 old 转入期初余额（截至 2025-12-31）：+ 300 分，+ 20 小时."""
    hours, minutes = divmod(opening.minutes, _HOUR_MIN)
    if english:
        time = [f"+ {hours} h"] if hours and not minutes else [f"+ {hours} h {minutes} min"] if opening.minutes else []
        points = [f"+ {opening.points} points{_until(opening, english=True)}"] if opening.points else []
        told = ", ".join(points + time)
        return f"opening balance of {opening.dated_on} from the older system {opening.number.source}: {told}"
    time = (
        [f"+ {hours} 小时"] if hours and not minutes else [f"+ {hours} 小时 {minutes} 分钟"] if opening.minutes else []
    )
    points = [f"+ {opening.points} 分{_until(opening, english=False)}"] if opening.points else []
    told = "，".join(points + time)
    return f"自旧系统 {opening.number.source} 转入期初余额（截至 {opening.dated_on}）：{told}"


def _until(opening: Opening, *, english: bool) -> str:
    if opening.expires_on is None or opening.expires_on == NEVER:
        return ""
    return f" until {opening.expires_on}" if english else f"（{opening.expires_on} 到期）"
