"""Correction orders: what is foreseen is what happens, four eyes, and when a set of records has changed."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from app.core.accounts import AccountKey, AccountKind
from app.core.codes import Code, Rejected
from app.core.commands import decide
from app.core.correction_impacts import foresee
from app.core.correction_orders import (
    CorrectionOrder,
    CorrectionScope,
    CorrectionState,
    Target,
    command_of,
    difference,
    hash_targets,
    refuse_approval,
)
from app.core.corrections import Amendment
from app.core.ids import CorrectionId, RecordId, TransactionId, UserId, VolunteerId
from app.core.quantities import Minutes
from app.core.rows import ServiceRecord
from app.core.stars import StarScale
from tests.core.builders import (
    NOW,
    RECORDER,
    VERIFIER,
    VOLUNTEER,
    a_book,
    a_pay_code,
    a_programme,
    a_record,
    named,
    wallet_of,
)
from tests.core.deciding import a_redeem, post, redeem, verify

AUTHOR, APPROVER = UserId(named("author")), UserId(named("approver"))


def an_order(amendment: Amendment | None = None) -> CorrectionOrder:
    """An order of `AUTHOR` about the records of a verifier."""
    return CorrectionOrder(
        id=CorrectionId(named("order")),
        state=CorrectionState.PREVIEWED,
        revision=2,
        scope=CorrectionScope(verifier=VERIFIER),
        amendment=amendment,
        reason="补记错误",
        evidence="",
        author=AUTHOR,
        created_at=NOW,
        changed_at=NOW,
    )


def a_target(record: ServiceRecord, **changed: object) -> Target:
    """A record as an order keeps it."""
    target = Target(
        record=record.id,
        volunteer=record.volunteer,
        recorder=RECORDER,
        verifier=VERIFIER,
        minutes=record.minutes,
        level=record.level,
        category=record.category,
        points=10,
    )
    return replace(target, **changed)  # type: ignore[arg-type]  # as the test names them


def new_id() -> TransactionId:
    """Any id."""
    return TransactionId(uuid4())


@pytest.mark.parametrize("amendment", [None, Amendment(minutes=Minutes(30)), Amendment(percent=50)])
def test_what_is_foreseen_happens(amendment: Amendment | None) -> None:
    """Hours, stars, lots and debts of the preview are those of the execution; the month is told when it is over."""
    programme = replace(a_programme(), stars=StarScale((60, 120)))
    records = [a_record(name, minutes=60, ended_at=NOW - timedelta(days=9)) for name in ("one", "two")]
    book = a_book(programme, records=records, pay_codes=[a_pay_code()])
    for each in records:
        verify(book, each)
    redeem(book, a_redeem(15))
    commands = [
        command_of(an_order(amendment), each.id, APPROVER, RecordId(named("right", each.id)), new_id())
        for each in records
    ]
    before = wallet_of(book)
    impact = foresee(commands, deepcopy(book), NOW, new_id)
    assert wallet_of(book) == before
    for command in commands:
        post(book, decide(command, book, NOW))
    [person] = impact.people
    assert (impact.records, impact.refused, impact.months) == (2, (), ("2026-02",))
    assert impact.minutes_taken == 120
    assert person.minutes_after == book.balance(AccountKey(AccountKind.HOURS, VOLUNTEER))
    assert person.debt_made == book.balance(AccountKey(AccountKind.DEBT, VOLUNTEER)) == (5 if amendment else 15)
    assert sum(points for _, points in person.lots) == sum(before.values())
    assert (person.stars_before, person.stars_after) == (2, 1 if amendment else 0)


def test_what_cannot_be_done_is_foreseen() -> None:
    """A benefit holds the hours of one of two records: it is listed, and nothing of it is counted."""
    records = [a_record("one"), a_record("two")]
    book = a_book(records=records)
    for each in records:
        verify(book, each)
    book.accounts[VOLUNTEER][AccountKey(AccountKind.HOURS, VOLUNTEER)] = 60
    commands = [command_of(an_order(), each.id, APPROVER, RecordId(uuid4()), new_id()) for each in records]
    impact = foresee(commands, book, NOW, new_id)
    assert impact.refused == ((records[1].id, Code.HOURS_CONSUMED),)
    assert (impact.minutes_taken, len(impact.people)) == (60, 1)


@pytest.mark.parametrize("who", [AUTHOR, RECORDER, VERIFIER])
def test_nobody_approves_what_they_had_a_part_in(who: UserId) -> None:
    """Neither the author, nor who entered or verified a record; somebody else may."""
    targets = [a_target(a_record("other"), recorder=UserId(named("x")), verifier=None), a_target(a_record())]
    assert refuse_approval(an_order(), targets, {who}, None, frozenset()) == Rejected(Code.SELF_REVIEW)
    assert refuse_approval(an_order(), targets, {APPROVER}, None, frozenset()) is None


def test_nobody_approves_for_themselves_or_their_family() -> None:
    """The volunteer of a record and a relative of theirs are refused, another volunteer is not."""
    targets = [a_target(a_record())]
    other = VolunteerId(named("other"))
    assert refuse_approval(an_order(), targets, {APPROVER}, VOLUNTEER, frozenset()) == Rejected(Code.SELF_REVIEW)
    assert refuse_approval(an_order(), targets, {APPROVER}, None, {VOLUNTEER}) == Rejected(Code.SELF_REVIEW)
    assert refuse_approval(an_order(), targets, {APPROVER}, other, {other}) is None


def test_a_set_of_records_is_the_same_in_any_order() -> None:
    """One more, one less, or another figure of one: another hash, and the difference says which."""
    one, two, three = (a_target(a_record(name)) for name in ("one", "two", "three"))
    changed = replace(two, points=11)
    assert hash_targets([one, two]) == hash_targets([two, one])
    for others in ([one], [one, two, three], [one, changed]):
        assert hash_targets(others) != hash_targets([one, two])
    assert difference([one, two], [changed, three]) == {"added": 1, "gone": 1, "changed": 1}
