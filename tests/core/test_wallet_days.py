"""A wallet as of another day: lots of then, and what will be there when nothing else happens (case 10)."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.core.accounts import NEVER, AccountKey, AccountKind, lot
from app.core.business_days import end_of_day
from app.core.policies import Expiry, ExpiryKind
from app.core.quantities import Points
from app.core.wallet_days import Balances, Ripening, foresee, free_lapsed, live_on
from tests.core.builders import VOLUNTEER

SHANGHAI = "Asia/Shanghai"
YEAR_END, NEXT = date(2026, 12, 31), date(2027, 12, 31)
WALLET, PENDING, HELD = AccountKind.WALLET, AccountKind.PENDING, AccountKind.HELD


def balances(*parts: tuple[AccountKind, date, int]) -> dict[AccountKey, int]:
    """Lots of one volunteer, with some hours beside them."""
    lots = {lot(kind, VOLUNTEER, day): points for kind, day, points in parts}
    return {AccountKey(AccountKind.HOURS, VOLUNTEER): 600, **lots}


def points(found: Balances, kind: AccountKind) -> dict[date, int]:
    """What is left by lot, lots that hold nothing left out."""
    return {date.fromisoformat(key.part): held for key, held in found.items() if key.kind is kind and held}


def foreseen(held: Balances, day: date, *ripening: Ripening, lapsed: dict[str, int] | None = None) -> Balances:
    """What there will be at the end of a day in Shanghai."""
    return foresee(held, ripening, lapsed or {}, day, end_of_day(day, SHANGHAI))


@pytest.mark.parametrize("kind", [WALLET, PENDING])
def test_a_lot_is_there_on_its_last_day_and_gone_on_the_next(kind: AccountKind) -> None:
    """A printed day ends at 24:00; hours never expire."""
    held = balances((kind, YEAR_END, 100), (kind, NEXT, 5), (kind, NEVER, 1))
    assert points(live_on(held, YEAR_END), kind) == {YEAR_END: 100, NEXT: 5, NEVER: 1}
    later = live_on(held, date(2027, 1, 1))
    assert points(later, kind) == {NEXT: 5, NEVER: 1}
    assert later[AccountKey(AccountKind.HOURS, VOLUNTEER)] == 600


@pytest.mark.parametrize(
    "earned, last",
    [
        (date(2027, 1, 29), date(2027, 2, 28)),
        (date(2027, 1, 30), date(2027, 2, 28)),
        (date(2027, 1, 31), date(2027, 2, 28)),
        (date(2028, 1, 29), date(2028, 2, 29)),
        (date(2028, 1, 31), date(2028, 2, 29)),
        (date(2027, 3, 31), date(2027, 4, 30)),
        (date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_a_month_from_the_29th_30th_31st(earned: date, last: date) -> None:
    """Case 10: a month ends on the corresponding day or the month's last; until then all is foreseen, then nothing."""
    day = Expiry(kind=ExpiryKind.ROLLING_MONTHS, months=1).last_day(earned)
    held = balances((WALLET, day, 40))
    assert day == last
    assert points(foreseen(held, last), WALLET) == {last: 40}
    assert points(foreseen(held, last + timedelta(days=1)), WALLET) == {}


def test_pending_points_open_when_their_notice_ends() -> None:
    """At the end of the day before they are pending, at the end of the day they are spendable, at midnight exactly."""
    midnight = datetime(2026, 4, 1, tzinfo=ZoneInfo(SHANGHAI))
    held = balances((PENDING, YEAR_END, 30), (WALLET, YEAR_END, 5))
    due = Ripening(midnight, YEAR_END, Points(30))
    before, after = foreseen(held, date(2026, 3, 31), due), foreseen(held, date(2026, 4, 1), due)
    assert (points(before, PENDING), points(before, WALLET)) == ({YEAR_END: 30}, {YEAR_END: 5})
    assert (points(after, PENDING), points(after, WALLET)) == ({}, {YEAR_END: 35})


def test_points_whose_notice_outlives_them_never_come() -> None:
    """Pending of a lot that ends before is gone with it, and two records of one lot open one by one."""
    held = balances((PENDING, YEAR_END, 30))
    first = Ripening(datetime(2026, 12, 30, tzinfo=ZoneInfo(SHANGHAI)), YEAR_END, Points(10))
    late = Ripening(datetime(2027, 1, 2, tzinfo=ZoneInfo(SHANGHAI)), YEAR_END, Points(20))
    on_the_last = foreseen(held, YEAR_END, first, late)
    assert (points(on_the_last, WALLET), points(on_the_last, PENDING)) == ({YEAR_END: 10}, {YEAR_END: 20})
    behind = foreseen(held, date(2027, 1, 2), first, late)
    assert (points(behind, WALLET), points(behind, PENDING)) == ({}, {})


def test_a_hold_that_ends_gives_back_what_still_lives() -> None:
    """A voucher that nobody uses returns its points to their lot; to a lot that is over they return for nothing."""
    held = balances((HELD, YEAR_END, 50), (HELD, NEXT, 7))
    lapsed = {YEAR_END.isoformat(): 50}
    then = foreseen(held, YEAR_END, lapsed=lapsed)
    assert (points(then, WALLET), points(then, HELD)) == ({YEAR_END: 50}, {NEXT: 7})
    assert points(foreseen(held, date(2027, 1, 1), lapsed=lapsed), WALLET) == {}
    assert points(free_lapsed(held, {}), HELD) == {YEAR_END: 50, NEXT: 7}


def test_foreseeing_only_ever_loses_to_time() -> None:
    """Without pending points and holds, the available of later days is never more, day by day over a year end."""
    held = balances((WALLET, YEAR_END, 100), (WALLET, date(2027, 2, 28), 10), (WALLET, NEXT, 1))
    days = [date(2026, 12, 1) + timedelta(days=number) for number in range(400)]
    totals = [sum(points(foreseen(held, day), WALLET).values()) for day in days]
    assert sorted(totals, reverse=True) == totals
    assert sorted(set(totals)) == [0, 1, 11, 111]
