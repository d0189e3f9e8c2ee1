"""Opening balances of an older system: dated, with their own last day, twice without doubling (ACCEPTANCE 18)."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.core.accounts import NEVER, AccountKey, AccountKind, lot
from app.core.book import Accepted
from app.core.codes import Code, Rejected
from app.core.ids import OpeningId, TransactionId, VolunteerId
from app.core.opening_balances import OpenBalance
from app.core.openings import Opening, tell_opening
from app.core.programmes import Programme
from app.core.quantities import Minutes, Points
from app.core.record_numbers import RecordNumber
from app.core.transactions import TransactionKind
from app.core.volunteers import VolunteerStatus
from tests.core.builders import RECORDER, VERIFIER, VOLUNTEER, a_policy, a_programme, a_volunteer, named
from tests.core.ledger import MemoryLedger
from tests.core.ledger_checks import check_ledger

DATED, LAST = date(2025, 12, 31), date(2027, 6, 30)
HOURS = AccountKey(AccountKind.HOURS, VOLUNTEER)
WALLET = lot(AccountKind.WALLET, VOLUNTEER, LAST)
DEBT = AccountKey(AccountKind.DEBT, VOLUNTEER)
OPENING = Opening(
    id=OpeningId(named("opening")),
    number=RecordNumber("old", "B-1"),
    volunteer=VOLUNTEER,
    dated_on=DATED,
    points=Points(300),
    minutes=Minutes(1_230),
    expires_on=LAST,
    drafted_by=RECORDER,
    approved_by=VERIFIER,
    transaction=TransactionId(named("open")),
)


def a_ledger(status: VolunteerStatus = VolunteerStatus.ACTIVE) -> MemoryLedger:
    """One volunteer who has nothing yet."""
    programme: Programme = a_programme()
    return MemoryLedger(programme=programme, policies=(a_policy(),), volunteers={VOLUNTEER: a_volunteer(status=status)})


def bring(opening: Opening, approver_is: VolunteerId | None = None) -> OpenBalance:
    """The command that brings a balance over."""
    return OpenBalance(opening=opening, approver_is=approver_is)


def test_a_balance_is_dated_and_keeps_its_own_last_day() -> None:
    """Minutes count as hours, points go into the lot of their own day, and the journal dates both from the old day."""
    ledger = a_ledger()
    ledger.do(bring(OPENING))
    assert (ledger.balances[HOURS], ledger.balances[WALLET]) == (1_230, 300)
    [posted] = ledger.journal
    assert posted.transaction.kind is TransactionKind.OPEN
    assert posted.transaction.occurred_at.astimezone(UTC) == datetime(2025, 12, 30, 16, tzinfo=UTC)
    check_ledger(ledger)


@pytest.mark.parametrize("sizes", [(1,), (2,)])
def test_the_same_number_twice_adds_nothing(sizes: tuple[int, ...]) -> None:
    """In one batch or two, whoever brings it: known, under the id of the first, and one transaction."""
    ledger = a_ledger()
    again = replace(
        OPENING,
        id=OpeningId(named("another")),
        transaction=TransactionId(named("another")),
        drafted_by=VERIFIER,
        approved_by=RECORDER,
    )
    first, second = ledger.run([bring(OPENING), bring(again)], sizes)
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.answer["opening_balance"] == second.answer["opening_balance"]
    assert (first.answer["known"], second.answer["known"]) == (False, True)
    assert (len(ledger.journal), ledger.balances[WALLET], ledger.balances[HOURS]) == (1, 300, 1_230)
    check_ledger(ledger)


@pytest.mark.parametrize(
    "change",
    [
        {"points": Points(301)},
        {"minutes": Minutes(1_229)},
        {"expires_on": date(2027, 7, 1)},
        {"dated_on": date(2025, 12, 30)},
        {"volunteer": VolunteerId(named("somebody else"))},
    ],
)
def test_the_same_number_with_other_content_is_refused(change: dict[str, object]) -> None:
    """Each figure, day and person is part of what the number stands for."""
    ledger = a_ledger()
    ledger.do(bring(OPENING))
    [refused] = ledger.run([bring(replace(OPENING, **change))])  # type: ignore[arg-type]  # as the table has them
    assert isinstance(refused, Rejected)
    assert refused.code is Code.EXTERNAL_NO_USED
    assert len(ledger.journal) == 1


def test_a_known_number_is_known_after_its_lot_expired() -> None:
    """A file that is imported again years later still adds nothing and is not refused."""
    ledger = a_ledger()
    ledger.do(bring(OPENING))
    ledger.now = datetime(2029, 1, 1, tzinfo=UTC)
    assert ledger.do(bring(OPENING)).answer["known"] is True


@pytest.mark.parametrize(
    "change, code",
    [
        ({"approved_by": RECORDER}, Code.SELF_REVIEW),
        ({"expires_on": date(2026, 1, 1)}, Code.LOT_EXPIRED),
        ({"expires_on": date(2025, 12, 30), "dated_on": DATED}, Code.LOT_EXPIRED),
        ({"dated_on": date(2040, 1, 1)}, Code.PARAM_ERROR),
        ({"points": Points(0), "minutes": Minutes(0), "expires_on": None}, Code.PARAM_ERROR),
        ({"points": Points(-1)}, Code.PARAM_ERROR),
        ({"minutes": Minutes(-1)}, Code.PARAM_ERROR),
        ({"expires_on": None}, Code.PARAM_ERROR),
        ({"points": Points(0)}, Code.PARAM_ERROR),
        ({"volunteer": VolunteerId(named("nobody"))}, Code.NOT_FOUND),
    ],
)
def test_what_is_no_balance_is_refused(change: dict[str, object], code: Code) -> None:
    """Four eyes, days, figures, people: refused, and nothing is written."""
    ledger = a_ledger()
    [refused] = ledger.run([bring(replace(OPENING, **change))])  # type: ignore[arg-type]  # as the table has them
    assert isinstance(refused, Rejected)
    assert refused.code is code
    assert not ledger.journal
    assert not ledger.openings


def test_nobody_approves_their_own_or_a_relatives_balance() -> None:
    """The volunteer that the approver is, and those they are related to."""
    for command in (
        bring(OPENING, approver_is=VOLUNTEER),
        OpenBalance(opening=OPENING, approver_is=None, relatives=frozenset((VOLUNTEER,))),
    ):
        assert a_ledger().run([command]) == [Rejected(Code.SELF_REVIEW)]


def test_whoever_has_left_gets_nothing() -> None:
    """A frozen account keeps what it had elsewhere; one that is closed does not."""
    assert a_ledger(VolunteerStatus.FROZEN).do(bring(OPENING)).transaction
    [refused] = a_ledger(VolunteerStatus.LEFT).run([bring(OPENING)])
    assert refused == Rejected(Code.STATE_CONFLICT, {"state": "left"})


def test_a_debt_is_repaid_first() -> None:
    """Points owed here are paid from what comes over; the rest goes into the lot."""
    ledger = a_ledger()
    ledger.balances[DEBT] = 120
    ledger.do(bring(OPENING))
    assert (ledger.balances[DEBT], ledger.balances[WALLET]) == (0, 180)


@pytest.mark.parametrize(
    "change, zh, en",
    [
        (
            {},
            "自旧系统 old 转入期初余额（截至 2025-12-31）：+ 300 分（2027-06-30 到期），+ 20 小时 30 分钟",
            "opening balance of 2025-12-31 from the older system old: + 300 points until 2027-06-30, + 20 h 30 min",
        ),
        (
            {"points": Points(0), "expires_on": None, "minutes": Minutes(1_200)},
            "自旧系统 old 转入期初余额（截至 2025-12-31）：+ 20 小时",
            "opening balance of 2025-12-31 from the older system old: + 20 h",
        ),
        (
            {"minutes": Minutes(0), "expires_on": NEVER},
            "自旧系统 old 转入期初余额（截至 2025-12-31）：+ 300 分",
            "opening balance of 2025-12-31 from the older system old: + 300 points",
        ),
    ],
)
def test_it_is_told_as_one_sentence(change: dict[str, object], zh: str, en: str) -> None:
    """What came, from where, as of when, and until when it lasts."""
    opening = replace(OPENING, **change)  # type: ignore[arg-type]  # as the table has them
    assert (tell_opening(opening, english=False), tell_opening(opening, english=True)) == (zh, en)
