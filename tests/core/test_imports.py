"""Records that arrive: priced as a verification prices them, refused in an order, known by number (case 16)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.accounts import AccountKey, AccountKind
from app.core.arrivals import Arrivals
from app.core.book import Accepted, Book, Decision
from app.core.check_ins import CheckIn
from app.core.codes import Code, Rejected
from app.core.ids import RecordId, TransactionId, VolunteerId, format_id
from app.core.imports import ImportRecord, decide_import_record
from app.core.quantities import Minutes
from app.core.record_numbers import ImportItems, RecordNumber
from app.core.rows import Evidence, ImportedRecord, ServiceRecord
from app.core.standings import whose_standing
from tests.core.builders import NOW, VERIFIER, VOLUNTEER, a_book, a_policy, a_record, named
from tests.core.deciding import verify

NUMBER = RecordNumber("old", "R1")
HOURS = AccountKey(AccountKind.HOURS, VOLUNTEER)
DEBT = AccountKey(AccountKind.DEBT, VOLUNTEER)


def a_command(record: ServiceRecord, number: str = "R1", stays: tuple[CheckIn, ...] = ()) -> ImportRecord:
    """The arrival of a record."""
    told = ImportedRecord(record, RecordNumber("old", number), ImportItems("清洁家园", check_ins=stays))
    return ImportRecord(
        told=told, transaction=TransactionId(named("arrival", record.id)), verifier=VERIFIER, verifier_is=None
    )


def expecting(book: Book, *commands: ImportRecord) -> Book:
    """The book with what these commands look at: nobody busy, every team there."""
    for command in commands:
        record = command.told.record
        book.arriving.numbers[command.told.number] = None
        book.arriving.busy.setdefault(record.volunteer, {})
        book.arriving.teams[record.team] = True
        book.accounts.setdefault(record.volunteer, {})
    return book


def arrive(book: Book, *commands: ImportRecord) -> list[Decision]:
    """Decide commands one after the other, each on what those before left."""
    decisions = []
    for command in commands:
        decision = decide_import_record(command, book, NOW)
        if isinstance(decision, Accepted):
            book.post(decision)
        decisions.append(decision)
    return decisions


def code_of(decision: Decision) -> Code:
    """The code of what must be a refusal."""
    assert isinstance(decision, Rejected), decision
    return decision.code


@pytest.mark.parametrize("evidence", Evidence)
def test_an_arrival_is_priced_like_a_verification(evidence: Evidence) -> None:
    """The same transaction but for its id, the same accrual, the same balances; attested hours earn nothing."""
    record = a_record(minutes=200, evidence=evidence)
    verified, arrived = a_book(records=[record]), expecting(a_book(), a_command(record))
    one = verify(verified, record)
    [other] = arrive(arrived, a_command(record))
    assert isinstance(one, Accepted)
    assert isinstance(other, Accepted)
    assert one.transaction is not None
    assert other.transaction == replace(one.transaction, id=TransactionId(named("arrival", record.id)))
    assert other.rows[1:] == one.rows[1:]
    assert bool(other.rows[1:]) is (evidence is not Evidence.ATTESTED)
    assert arrived.accounts == verified.accounts


def test_a_debt_is_repaid_first() -> None:
    """Of what an arrival earns the debt takes its part; only the rest can be spent (case 17)."""
    record = a_record(minutes=90)
    book = expecting(a_book(), a_command(record))
    book.accounts[VOLUNTEER][DEBT] = 10
    [decision] = arrive(book, a_command(record))
    assert isinstance(decision, Accepted)
    assert book.balance(DEBT) == 0
    assert sum(part.points for part in book.lots(AccountKind.WALLET, VOLUNTEER)) == 5


def test_a_number_is_one_record() -> None:
    """The same number with the same content is known and adds nothing; with other content it is refused (case 6)."""
    record = a_record(minutes=90)
    again = replace(record, id=RecordId(named("again")))
    other = replace(again, minutes=Minutes(80))
    book = expecting(a_book(), a_command(record))
    first, second, third = arrive(book, a_command(record), a_command(again), a_command(other))
    assert isinstance(first, Accepted)
    assert second == Accepted(answer={"record": f"rec_{record.id.hex}", "known": True})
    assert code_of(third) is Code.EXTERNAL_NO_USED
    assert book.balance(HOURS) == 90


def test_time_is_given_once() -> None:
    """Two arrivals that share a minute are one too many; ones that touch, or lie between stays, are not."""
    record = a_record(minutes=60)
    after = replace(
        record,
        id=RecordId(named("after")),
        started_at=record.ended_at,
        ended_at=record.ended_at + timedelta(minutes=60),
    )
    shared = replace(after, id=RecordId(named("shared")), started_at=after.started_at - timedelta(minutes=1))
    commands = a_command(record), a_command(shared, "R2"), a_command(after, "R3")
    first, second, third = arrive(expecting(a_book(), *commands), *commands)
    assert isinstance(first, Accepted)
    assert code_of(second) is Code.OVERLAP
    assert isinstance(third, Accepted)
    gap = (CheckIn(record.started_at, record.started_at + timedelta(minutes=20)),)
    inside = replace(
        record,
        id=RecordId(named("inside")),
        started_at=record.started_at + timedelta(minutes=30),
        minutes=Minutes(10),
    )
    apart = a_command(record, "R4", gap), a_command(inside, "R5")
    assert all(isinstance(each, Accepted) for each in arrive(expecting(a_book(), *apart), *apart))


def test_what_cannot_have_been_is_refused() -> None:
    """Service that is not over, that ends before it begins, that has no time or more than its period."""
    record = a_record(minutes=60)
    minute = timedelta(minutes=1)
    for wrong, field in (
        (replace(record, ended_at=NOW + minute, started_at=NOW - timedelta(hours=2)), "ended_at"),
        (replace(record, ended_at=record.started_at), "ended_at"),
        (replace(record, minutes=Minutes(0)), "minutes"),
        (replace(record, minutes=Minutes(1441), started_at=record.started_at - timedelta(days=3)), "minutes"),
        (replace(record, started_at=record.ended_at - 59 * minute), "minutes"),
    ):
        [decision] = arrive(expecting(a_book(), a_command(wrong)), a_command(wrong))
        assert code_of(decision) is Code.PARAM_ERROR
        assert isinstance(decision, Rejected)
        assert decision.detail["field"] == field


def test_nobody_stands_for_their_own_hours() -> None:
    """Not who entered them, not who served, not a relative (case 16)."""
    record = a_record(minutes=60)
    plain = a_command(record)
    for own in (
        replace(plain, verifier=record.recorder),
        replace(plain, verifier_is=VOLUNTEER),
        replace(plain, relatives=frozenset((VOLUNTEER,))),
    ):
        [decision] = arrive(expecting(a_book(), own), own)
        assert code_of(decision) is Code.SELF_REVIEW


def test_who_and_what_must_be_there() -> None:
    """An unknown volunteer is told before an unknown team, both before the rest; a day without a policy last."""
    record = a_record(minutes=60)
    command = a_command(record)
    book = expecting(a_book(), command)
    book.arriving.teams[record.team] = False
    assert arrive(book, command)[0] == Rejected(Code.NOT_FOUND, {"field": "team"})
    book.arriving.busy[VOLUNTEER] = None
    assert arrive(book, command)[0] == Rejected(Code.NOT_FOUND, {"field": "volunteer"})
    late = expecting(a_book(policies=(a_policy(effective_from=NOW.date() + timedelta(days=1)),)), command)
    assert code_of(arrive(late, command)[0]) is Code.NO_POLICY


def test_an_arrival_asks_for_what_it_looks_at() -> None:
    """Owner, number, time and team; and what was earned before, where a policy looks at it."""
    command = a_command(a_record(minutes=60))
    needs = command.needs()
    assert (set(needs.owners), needs.policies, len(needs.arrivals)) == ({VOLUNTEER}, True, 1)
    plain = a_book()
    assert whose_standing(plain, needs) == set()


def test_an_overlap_names_the_record_that_began_first() -> None:
    """Two records stand in the way: whichever came first, the same one is told."""
    first = a_record(1, minutes=60, ended_at=NOW - timedelta(hours=2))
    second = a_record(2, minutes=60, ended_at=NOW)
    over_both = a_command(a_record(3, minutes=300, ended_at=NOW), "R3")
    for before in ((first, second), (second, first)):
        commands = [a_command(record, f"R{number}") for number, record in enumerate(before)]
        *_, decision = arrive(expecting(a_book(), *commands, over_both), *commands, over_both)
        assert decision == Rejected(Code.OVERLAP, {"record": format_id("rec", first.id)})


def test_what_is_looked_up_later_takes_nothing_away() -> None:
    """A look-up that began before a record arrived does not know it: what has arrived stays, what is new comes in."""
    stranger, elder = VolunteerId(named("stranger")), RecordId(named("elder"))
    early, late = (CheckIn(NOW - timedelta(hours=9), NOW),), (CheckIn(NOW - timedelta(hours=1), NOW),)
    command = a_command(a_record(minutes=60))
    record = command.told.record
    book = expecting(a_book(), command)
    arrive(book, command)
    known = book.arriving.numbers[NUMBER]
    looked_up = Arrivals({NUMBER: None}, {VOLUNTEER: {elder: early}, stranger: None}, {record.team: True})
    book.arriving.take_in(looked_up)
    assert book.arriving.numbers == {NUMBER: known}
    assert known is not None
    assert set(book.arriving.busy[VOLUNTEER] or ()) == {record.id, elder}
    assert book.arriving.busy[stranger] is None
    book.arriving.take_in(Arrivals({}, {stranger: {elder: late}}))
    assert book.arriving.busy[stranger] == {elder: late}


def test_what_was_rehearsed_is_remembered() -> None:
    """A dry run's next chunk sees the numbers and the times of the last; who is not there stays so."""
    stranger = VolunteerId(named("stranger"))
    stay = (CheckIn(NOW - timedelta(hours=1), NOW),)
    kept, looked_up = Arrivals(), Arrivals({NUMBER: None}, {VOLUNTEER: {}, stranger: None})
    record = a_record(minutes=60)
    kept.numbers[NUMBER] = None
    kept.busy[VOLUNTEER] = {record.id: stay}
    looked_up.recall(kept)
    assert looked_up.busy == {VOLUNTEER: {record.id: stay}, stranger: None}
    assert looked_up.numbers == {NUMBER: None}
