"""Bugs to plant in the core: each is one that some ledger had, and the property has to catch it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from app.core import (
    charges,
    claw_backs,
    commands,
    confirmations,
    corrections,
    limits,
    orders,
    redemptions,
    refunds,
    service_records,
    vouchers,
)
from app.core.accounts import CHART, AccountKey, AccountKind, Side
from app.core.accruals import Accrual
from app.core.book import Accepted, Book, Decision
from app.core.lot_life import ExpireLots, decide_expire_lots
from app.core.merchants import Merchant
from app.core.quantities import BrokenInvariant, Fen, Instant, Points
from app.core.rows import (
    LotPart,
    Order,
    PayCode,
    Redemption,
    RedemptionState,
    Row,
    ServiceRecord,
    Stock,
    Tally,
    Tombstone,
)
from app.core.transactions import Transfer

Caught = type[Exception] | tuple[type[Exception], ...]
Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug: what goes wrong, how it is planted, and what the property then raises."""

    name: str
    plant: Plant
    caught_as: Caught = AssertionError


def _refund_one_too_many(patch: pytest.MonkeyPatch) -> None:
    right = refunds.returning_lots

    def wrong(redemption: Redemption, points: Points) -> tuple[LotPart, ...]:
        left = redemption.points - redemption.refunded_points
        return right(redemption, Points(min(points + 1, left)))

    patch.setattr(refunds, "returning_lots", wrong)


def _refund_forgets_former_refunds(patch: pytest.MonkeyPatch) -> None:
    right = refunds.returning_lots
    patch.setattr(
        refunds, "returning_lots", lambda paid, points: right(replace(paid, refunded_points=Points(0)), points)
    )


def _refund_rounds_each_part(patch: pytest.MonkeyPatch) -> None:
    right = refunds._give_back

    def wrong(paid: Redemption, points: Points, book: Book, at: Instant) -> tuple[Fen, tuple[Transfer, ...]]:
        _, transfers = right(paid, points, book, at)
        fen = Fen(paid.settlement_fen * points // paid.points)
        money = [each for each in transfers if each.debit.kind is AccountKind.PAYABLE]
        rest = tuple(each for each in transfers if each not in money)
        return fen, (*rest, *(each._replace(amount=fen) for each in money if fen))

    patch.setattr(refunds, "_give_back", wrong)


def _spend_without_balance(patch: pytest.MonkeyPatch) -> None:
    def wrong(parts: Iterable[LotPart], points: Points) -> tuple[LotPart, ...]:
        return (LotPart(next(iter(parts)).expires_on, points),)

    patch.setattr(redemptions, "take", wrong)


def _spend_below_the_floor(patch: pytest.MonkeyPatch) -> None:
    def wrong(book: Book, key: AccountKey, amount: int, side: Side) -> int:
        owned = book.accounts[key.owner]
        owned[key] = owned.get(key, 0) + (amount if side is CHART[key.kind].side else -amount)
        return owned[key]

    _spend_without_balance(patch)
    patch.setattr(Book, "_move", wrong)


def _post_one_side_only(patch: pytest.MonkeyPatch) -> None:
    right = Book._move

    def wrong(book: Book, key: AccountKey, amount: int, side: Side) -> int:
        return book.balance(key) if key.kind is AccountKind.BREAKAGE else right(book, key, amount, side)

    patch.setattr(Book, "_move", wrong)


def _expire_forgets_pending(patch: pytest.MonkeyPatch) -> None:
    def wrong(command: ExpireLots, book: Book, at: Instant) -> Decision:
        decision = decide_expire_lots(command, book, at)
        if not isinstance(decision, Accepted) or decision.transaction is None:
            return decision
        kept = [each for each in decision.transaction.transfers if each.debit.kind is not AccountKind.PENDING]
        return replace(decision, transaction=replace(decision.transaction, transfers=tuple(kept))) if kept else decision

    patch.setattr(commands, "decide_expire_lots", wrong)


def _expire_a_day_early(patch: pytest.MonkeyPatch) -> None:
    right = decide_expire_lots
    patch.setattr(
        commands, "decide_expire_lots", lambda command, book, at: right(command, book, at + timedelta(days=300))
    )


def _spend_expired_lots(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Book, "spendable", lambda book, person, today: book.lots(AccountKind.WALLET, person))


def _spend_the_last_lot_first(patch: pytest.MonkeyPatch) -> None:
    right = Book.spendable
    patch.setattr(Book, "spendable", lambda book, person, today: right(book, person, today)[::-1])


def _void_keeps_the_money(patch: pytest.MonkeyPatch) -> None:
    right = charges._money

    def wrong(charge: charges.Charge, source: AccountKind, target: AccountKind) -> tuple[Transfer, ...]:
        return () if target is AccountKind.FUND else right(charge, source, target)

    patch.setattr(charges, "_money", wrong)


def _used_voucher_can_be_used_again(patch: pytest.MonkeyPatch) -> None:
    right = orders.refuse_voucher
    patch.setattr(vouchers, "refuse_voucher", lambda order, at: None if order.used_at else right(order, at))


def _closed_redemption_can_be_confirmed(patch: pytest.MonkeyPatch) -> None:
    def wrong(paid: Redemption, _at: Instant) -> RedemptionState:
        return RedemptionState.AWAITING_CONFIRMATION if paid.closes_at else paid.state

    patch.setattr(Redemption, "state_at", wrong)


def _end_forgets_the_stock(patch: pytest.MonkeyPatch) -> None:
    for module in (confirmations, orders, refunds):
        patch.setattr(module, "uncount_units", lambda _row, _since, _book: ())


def _count_forgets_the_quota(patch: pytest.MonkeyPatch) -> None:
    right = limits.count

    def wrong(row: Redemption | Order, merchant: Merchant, book: Book, at: Instant) -> Iterable[Stock | Tally]:
        return list(right(row, replace(merchant, monthly_points=None), book, at))

    patch.setattr(redemptions, "count", wrong)
    patch.setattr(orders, "count", wrong)


def _quota_counts_up_only(patch: pytest.MonkeyPatch) -> None:
    for module in (confirmations, orders, refunds):
        patch.setattr(module, "uncount_points", lambda _row, _points, _since, _book: ())


def _claw_back_forgets_the_debt(patch: pytest.MonkeyPatch) -> None:
    right = claw_backs.take_points

    def wrong(record: ServiceRecord, book: Book, at: Instant) -> tuple[Transfer, ...]:
        return tuple(each for each in right(record, book, at) if each.debit.kind is not AccountKind.DEBT)

    patch.setattr(claw_backs, "take_points", wrong)


def _accrual_forgets_the_debt(patch: pytest.MonkeyPatch) -> None:
    right = service_records._credit
    patch.setattr(service_records, "_credit", lambda record, repaid: right(record, 0 * repaid))


def _claw_back_keeps_the_budget(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(claw_backs, "uncount_overlay", lambda _record, _book: ())


def _correction_keeps_the_budget(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(corrections, "uncount_overlay", lambda _record, _book: ())


def _correction_keeps_the_old_hours(patch: pytest.MonkeyPatch) -> None:
    right = corrections._exchange_hours
    patch.setattr(corrections, "_exchange_hours", lambda old, new: right(old, new)[:1])


def _accrual_forgets_the_budget(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service_records, "count_overlay", lambda _accrual, _book: ())


def _withdrawn_still_counts(patch: pytest.MonkeyPatch) -> None:
    right = Book._put_record

    def wrong(book: Book, row: ServiceRecord) -> None:
        earned = dict(book.earned.get(row.volunteer, {}))
        right(book, row)
        if row.volunteer in book.earned:
            book.earned[row.volunteer].update(earned)

    patch.setattr(Book, "_put_record", wrong)


def _batch_forgets(kind: type[Row]) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        right = Book._put

        def wrong(book: Book, row: Row) -> None:
            known = isinstance(row, kind) and not (isinstance(row, PayCode) and row.used_by is None)
            if not known:
                right(book, row)

        patch.setattr(Book, "_put", wrong)

    return plant


BUGS = (
    Bug("a refund returns one point too many", _refund_one_too_many, BrokenInvariant),
    Bug("a refund forgets former refunds", _refund_forgets_former_refunds),
    Bug("each part of a refund is rounded for itself", _refund_rounds_each_part),
    Bug("spending does not look at the balance", _spend_without_balance, BrokenInvariant),
    Bug("spending goes below the floor", _spend_below_the_floor),
    Bug("one side of a transfer is not posted", _post_one_side_only),
    Bug("expiry forgets what is pending", _expire_forgets_pending),
    Bug("expiry comes too early", _expire_a_day_early),
    Bug("expired lots can be spent", _spend_expired_lots),
    Bug("the lot that expires last is spent first", _spend_the_last_lot_first),
    Bug("a void keeps the fund's money", _void_keeps_the_money),
    Bug("a claw-back forgets the debt", _claw_back_forgets_the_debt),
    Bug("an accrual forgets the debt", _accrual_forgets_the_debt),
    Bug("a batch forgets that a code was used", _batch_forgets(PayCode)),
    Bug("a batch forgets what was refunded", _batch_forgets(Redemption), (AssertionError, BrokenInvariant)),
    Bug(
        "a batch forgets that an order was placed or used",
        _batch_forgets(Order),
        (AssertionError, KeyError, BrokenInvariant),
    ),
    Bug("a batch forgets what is in stock", _batch_forgets(Stock)),
    Bug("a batch forgets what was counted", _batch_forgets(Tally)),
    Bug("a batch forgets what a record counted for", _batch_forgets(Accrual)),
    Bug("a withdrawn record still counts in its batch", _withdrawn_still_counts),
    Bug("a claw-back keeps the town's budget", _claw_back_keeps_the_budget),
    Bug("a correction keeps the town's budget", _correction_keeps_the_budget),
    Bug("a correction keeps the old hours", _correction_keeps_the_old_hours),
    Bug("an accrual does not count the town's budget", _accrual_forgets_the_budget),
    Bug("a batch forgets that a number was reversed", _batch_forgets(Tombstone)),
    Bug("a used voucher can be used again", _used_voucher_can_be_used_again, BrokenInvariant),
    Bug("a closed redemption can be confirmed", _closed_redemption_can_be_confirmed, BrokenInvariant),
    Bug("what is given back is not in stock again", _end_forgets_the_stock),
    Bug("a quota is not counted", _count_forgets_the_quota),
    Bug("a quota only counts up", _quota_counts_up_only),
)
