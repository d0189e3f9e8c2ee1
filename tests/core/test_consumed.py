"""Hours that benefits have used up are not taken: told apart from the core by laying them onto records, day by day."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.accounts import AccountKey, AccountKind
from app.core.benefit_grants import Window
from app.core.book import Accepted
from app.core.claw_backs import ClawBack
from app.core.codes import Code, Rejected
from app.core.corrections import Amendment, CorrectRecord
from app.core.ids import CorrectionId, RecordId, TransactionId
from app.core.imports import ImportRecord
from app.core.quantities import Minutes
from app.core.record_numbers import ImportItems, RecordNumber
from app.core.rows import Evidence, ImportedRecord, RecordState
from tests.core.builders import NOW, RECORDER, VERIFIER, VOLUNTEER, a_policy, a_programme, a_record, a_volunteer, named
from tests.core.ledger import MemoryLedger

TODAY = NOW.date()
HOURS = AccountKey(AccountKind.HOURS, VOLUNTEER)


def a_ledger(served: dict[int, int], used: list[tuple[int, int, int]], spare: int = 0) -> MemoryLedger:
    """One volunteer: minutes served by how many days ago, and (from, until, minutes) used up, in days ago.

    `spare`: hours that no record tells of, as an opening balance brings them.
    """
    ledger = MemoryLedger(
        programme=a_programme(), policies=(a_policy(rate=60),), volunteers={VOLUNTEER: a_volunteer(VOLUNTEER)}
    )
    for days, minutes in served.items():
        record = a_record(days, minutes=minutes, ended_at=NOW - timedelta(days=days))
        ledger.records[record.id] = replace(record, state=RecordState.VERIFIED)
    for begun, ended, minutes in used:
        window = Window(VOLUNTEER, _ago(begun), _ago(ended))
        ledger.balances[window.account] = ledger.balances.get(window.account, 0) + minutes
    ledger.balances[HOURS] = sum(served.values()) - sum(minutes for _, _, minutes in used) + spare
    ledger.balances[AccountKey(AccountKind.SERVICE)] = sum(served.values()) + spare
    return ledger


def _ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def _served(days: int) -> RecordId:
    return a_record(days).id


def withdraw(days: int) -> ClawBack:
    """The record of so many days ago is withdrawn."""
    return ClawBack(record=_served(days), transaction=TransactionId(named("taken", days)), by=VERIFIER)


def shorten(days: int, minutes: int) -> CorrectRecord:
    """The record of so many days ago had fewer minutes, or more."""
    return CorrectRecord(
        record=_served(days),
        replacement=RecordId(named("corrected", days)),
        transaction=TransactionId(named("corrected", days)),
        order=CorrectionId(named("order")),
        author=RECORDER,
        by=VERIFIER,
        amendment=Amendment(minutes=minutes),  # type: ignore[arg-type]  # minutes
    )


def test_what_a_window_holds_cannot_be_taken_from_it() -> None:
    """The volunteer has hours enough elsewhere; those of the window are used up all the same (D6)."""
    ledger = a_ledger({40: 60, 2: 60}, [(45, 35, 60)])
    assert ledger.run([withdraw(40)]) == [Rejected(Code.HOURS_CONSUMED, {"minutes": 0})]
    assert ledger.run([shorten(40, 59)]) == [Rejected(Code.HOURS_CONSUMED, {"minutes": 0})]
    ledger.do(withdraw(2))


def test_what_is_left_of_a_window_can_be_taken() -> None:
    """Twenty of sixty minutes are unused: as many go, and no more."""
    ledger = a_ledger({40: 60, 2: 60}, [(45, 35, 40)])
    assert ledger.run([shorten(40, 39)]) == [Rejected(Code.HOURS_CONSUMED, {"minutes": 20})]
    ledger.do(shorten(40, 40))
    assert ledger.run([shorten(2, 60)]) == [Rejected(Code.STATE_CONFLICT, {"state": "unchanged"})]


def test_a_record_that_arrives_in_the_same_batch_is_looked_at_too() -> None:
    """It lies in a window that is used up, and is taken by the command right behind its arrival: as if alone."""
    decided = []
    for sizes in ((1,), (2,)):
        ledger = a_ledger({40: 60, 2: 60}, [(45, 35, 60)])
        told = ImportedRecord(
            a_record(38, minutes=30, evidence=Evidence.IMPORTED, ended_at=NOW - timedelta(days=38)),
            RecordNumber("old", "R1"),
            ImportItems("清洁家园"),
        )
        arrival = ImportRecord(
            told=told, transaction=TransactionId(named("arrival")), verifier=VERIFIER, verifier_is=None
        )
        arrived, taken = ledger.run([arrival, withdraw(38)], sizes)
        assert isinstance(arrived, Accepted), arrived
        assert isinstance(taken, Accepted), taken
        assert ledger.run([withdraw(40)]) == [Rejected(Code.HOURS_CONSUMED, {"minutes": 0})]
        decided.append((arrived, taken))
    assert decided[0] == decided[1]


def test_more_minutes_are_never_refused() -> None:
    """A record that gets more hours takes nothing from anybody."""
    ledger = a_ledger({40: 30}, [(45, 35, 30)])
    short = ledger.records[_served(40)]
    ledger.records[short.id] = replace(short, started_at=short.ended_at - timedelta(hours=2))
    ledger.do(shorten(40, 60))


def test_another_record_of_the_window_makes_up_for_it() -> None:
    """Windows do not say which records they took: as long as enough is left in them, each may go, but not both."""
    ledger = a_ledger({40: 60, 39: 60}, [(45, 35, 60)])
    first, second = ledger.run([withdraw(40), withdraw(39)], (2,))
    assert isinstance(first, Accepted)
    assert second == Rejected(Code.HOURS_CONSUMED, {"minutes": 0})


def test_consumed_hours_are_served_hours() -> None:
    """Stars look at all that was served: what a benefit uses up makes it no less (D6)."""
    ledger = a_ledger({40: 1200, 2: 1000}, [(45, 35, 1200)])
    book = ledger.book_for(withdraw(40))
    assert book.served_minutes(VOLUNTEER) == 2200
    scale = ledger.programme.stars
    assert replace(scale, thresholds=(Minutes(2000), Minutes(3000))).stars(book.served_minutes(VOLUNTEER)) == 1


MINUTES = st.integers(1, 6).map(lambda ten: ten * 10)
SERVED = st.dictionaries(st.integers(0, 11), MINUTES, min_size=1, max_size=8)
USED = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 11), MINUTES).map(
        lambda drawn: (max(drawn[:2]), min(drawn[:2]), drawn[2])
    ),
    max_size=4,
)


def fits(served: dict[int, int], used: list[tuple[int, int, int]]) -> bool:
    """Whether used hours can be laid onto served ones, each once: day by day to the window that ends first."""
    left = Counter({number: minutes for number, (_, _, minutes) in enumerate(used)})
    for day in sorted(served, reverse=True):
        free = served[day]
        running = [number for number, (begun, ended, _) in enumerate(used) if begun >= day >= ended]
        for number in sorted(running, key=lambda number: -used[number][1]):
            taken = min(free, left[number])
            left[number] -= taken
            free -= taken
    return not +left


@given(served=SERVED, used=USED, data=st.data())
def test_taking_is_refused_exactly_when_it_no_longer_fits(
    served: dict[int, int], used: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    """Whatever lies how: an independent laying of the hours says the same, for a withdrawal and for a correction."""
    if not fits(served, used):
        return
    day = data.draw(st.sampled_from(sorted(served)))
    rest = data.draw(st.integers(0, served[day] // 10 - 1)) * 10
    ledger = a_ledger(served, used, spare=1000)
    command = shorten(day, rest) if rest else withdraw(day)
    [decision] = ledger.run([command])
    assert isinstance(decision, Accepted) is fits({**served, day: rest}, used), decision
