"""The walks through the protocol are trusted because they catch bugs: each one planted here, within their number."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.core import charges, commands, confirmations, lapses, orders, redemptions, refunds, vouchers
from app.core.accounts import AccountKey, AccountKind
from app.core.book import Accepted, Book, Decision
from app.core.offers import Offer
from app.core.programmes import Programme
from app.core.quantities import BrokenInvariant, Fen, Instant, Points
from app.core.refunds import RefundRedemption
from app.core.rows import LotPart, Order, Redemption, RedemptionState
from app.core.transactions import Transfer
from tests.core.protocol_machine import ProtocolMachine
from tests.core.test_protocol import WALKS

SEARCH = settings(WALKS, phases=(Phase.generate,), report_multiple_bugs=False)
"""The very walks of the test; when one finds something, no smaller one is sought."""

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug: what goes wrong, and how it is planted."""

    name: str
    plant: Plant


def _put(module: object, name: str, wrong: object) -> Plant:
    return lambda patch: patch.setattr(module, name, wrong)


def _refund_forgets_how_often(patch: pytest.MonkeyPatch) -> None:
    right = refunds.decide_refund

    def wrong(command: RefundRedemption, book: Book, at: Instant) -> Decision:
        decision = right(command, book, at)
        if not isinstance(decision, Accepted):
            return decision
        rows = tuple(replace(row, refund_count=0) if isinstance(row, Redemption) else row for row in decision.rows)
        return replace(decision, rows=rows)

    patch.setattr(commands, "decide_refund", wrong)


def _refund_rounds_each_part(patch: pytest.MonkeyPatch) -> None:
    right = refunds._give_back

    def wrong(paid: Redemption, points: Points, book: Book, at: Instant) -> tuple[Fen, tuple[Transfer, ...]]:
        _, transfers = right(paid, points, book, at)
        fen = Fen(paid.settlement_fen * points // paid.points)
        lots = tuple(each for each in transfers if each.debit.kind is not AccountKind.PAYABLE)
        return fen, (*lots, *charges.return_money(paid, fen))

    patch.setattr(refunds, "_give_back", wrong)


def _refund_begins_with_the_first_lot(patch: pytest.MonkeyPatch) -> None:
    right = refunds.returning_lots
    patch.setattr(refunds, "returning_lots", lambda paid, points: right(replace(paid, lots=paid.lots[::-1]), points))


def _lapsed_lots_always_forfeit(patch: pytest.MonkeyPatch) -> None:
    right = charges.return_redeemed

    def wrong(paid: Redemption, parts: Iterable[LotPart], book: Book, at: Instant) -> tuple[Transfer, ...]:
        today = book.programme.business_day(at)
        breakage = AccountKey(AccountKind.BREAKAGE)
        listed = list(parts)
        live = right(paid, [part for part in listed if part.expires_on >= today], book, at)
        redeemed = AccountKey(AccountKind.REDEEMED, paid.merchant)
        return (*live, *(Transfer(redeemed, breakage, part.points) for part in listed if part.expires_on < today))

    patch.setattr(refunds, "return_redeemed", wrong)


def _nothing_is_given_back_to_limits(name: str) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        for module in (confirmations, orders, refunds):
            patch.setattr(module, name, lambda *_: ())

    return plant


def _confirmation_may_come_late(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lapses, "_concerned", lambda _needs, _book: (set(), set()))
    patch.setattr(Redemption, "state_at", lambda redemption, _at: redemption.state)


def _used_voucher_works_again(patch: pytest.MonkeyPatch) -> None:
    right = orders.refuse_voucher

    def wrong(order: Order, at: Instant) -> object:
        return None if order.used_at else right(order, at)

    patch.setattr(vouchers, "refuse_voucher", wrong)


def _voucher_ends_in_greenwich(offer: Offer, programme: Programme, at: Instant) -> Instant:
    last = programme.business_day(at) + timedelta(days=offer.voucher_days)
    if offer.voucher_until is not None:
        last = min(last, offer.voucher_until)
    return datetime.combine(last + timedelta(days=1), time(), UTC)


def _bury_nothing(*_: object) -> Accepted:
    return Accepted(answer={"state": RedemptionState.REVERSED.value})


BUGS = (
    Bug("a refund forgets how many there were", _refund_forgets_how_often),
    Bug("each part of a refund is rounded for itself", _refund_rounds_each_part),
    Bug("a refund begins with the lot taken first", _refund_begins_with_the_first_lot),
    Bug("a refund forfeits lapsed lots under every policy", _lapsed_lots_always_forfeit),
    Bug("a reversal has no time limit", _put(refunds, "REVERSE_WITHIN", timedelta(days=3650))),
    Bug("a number reversed early leaves no tombstone", _put(refunds, "_bury", _bury_nothing)),
    Bug("a hold past its time is not freed", _put(lapses, "_concerned", lambda _needs, _book: (set(), set()))),
    Bug("a confirmation may come late", _confirmation_may_come_late),
    Bug("the same amount again is not noticed", _put(redemptions, "timedelta", lambda **_: timedelta(0))),
    Bug("a quota is not given back", _nothing_is_given_back_to_limits("uncount_points")),
    Bug("stock is not given back", _nothing_is_given_back_to_limits("uncount_units")),
    Bug("a used voucher works again", _used_voucher_works_again),
    Bug(
        "a voucher ends when the day does in Greenwich", _put(Offer, "voucher_valid_until", _voucher_ends_in_greenwich)
    ),
    Bug("days are Greenwich's", _put(Programme, "business_day", lambda _programme, at: at.date())),
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_walk_catches_a_planted_bug(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug planted in the core is met by one of the walks that find nothing in the core as it is."""
    bug.plant(monkeypatch)
    with pytest.raises((AssertionError, BrokenInvariant)):
        run_state_machine_as_test(ProtocolMachine, settings=SEARCH)
