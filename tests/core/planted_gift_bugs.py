"""Bugs to plant where the pool and families are decided: the property of case 20 has to catch each."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from app.core import family, limits, orders, pool
from app.core.accounts import AccountKey, AccountKind, lot
from app.core.book import Book
from app.core.codes import Rejected
from app.core.ids import VolunteerId
from app.core.pool import GrantFromPool
from app.core.pool_grants import PoolGrant
from app.core.quantities import BrokenInvariant, Points
from app.core.rows import Order, PayCode, Redemption, Tally
from app.core.transactions import Transfer
from tests.core.planted_bugs import Bug


def _the_pool_is_never_asked(patch: pytest.MonkeyPatch) -> None:
    right = pool._refuse

    def wrong(grant: PoolGrant, command: GrantFromPool, book: Book, today: date) -> Rejected | None:
        refused = right(grant, command, book, today)
        return None if refused and refused.detail.keys() == {"available"} else refused

    patch.setattr(pool, "_refuse", wrong)


def _who_proposed_approves(patch: pytest.MonkeyPatch) -> None:
    right = pool._refuse

    def wrong(grant: PoolGrant, command: GrantFromPool, book: Book, today: date) -> Rejected | None:
        stranger = grant.id  # anybody else's id will do
        return right(replace(grant, proposed_by=stranger), command, book, today)  # type: ignore[arg-type]  # a bug

    patch.setattr(pool, "_refuse", wrong)


def _a_year_has_no_limit(patch: pytest.MonkeyPatch) -> None:
    right = pool._refuse

    def wrong(grant: PoolGrant, command: GrantFromPool, book: Book, today: date) -> Rejected | None:
        refused = right(grant, command, book, today)
        return None if refused and refused.detail.get("period") == "year" else refused

    patch.setattr(pool, "_refuse", wrong)


def _a_refund_stays_counted(patch: pytest.MonkeyPatch) -> None:
    right = family.count_member

    def wrong(row: Redemption | Order, points: int, book: Book) -> Iterator[Tally]:
        return right(row, max(0, points), book)

    patch.setattr(limits, "count_member", wrong)


def _a_members_order_has_no_limit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(orders, "refuse_month", lambda *_: None)


def _a_members_order_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    right = family.count_member

    def wrong(row: Redemption | Order, points: int, book: Book) -> Iterator[Tally]:
        return right(row, points if isinstance(row, Redemption) else 0, book)

    patch.setattr(limits, "count_member", wrong)


def _a_batch_forgets_who_shows_the_code(patch: pytest.MonkeyPatch) -> None:
    right = Book._put
    patch.setattr(
        Book, "_put", lambda book, row: right(book, replace(row, member=None) if isinstance(row, PayCode) else row)
    )


def _a_batch_forgets_that_a_grant_was_decided(patch: pytest.MonkeyPatch) -> None:
    right = Book._put
    patch.setattr(Book, "_put", lambda book, row: None if isinstance(row, PoolGrant) else right(book, row))


def _a_grant_forgets_the_debt(patch: pytest.MonkeyPatch) -> None:
    def wrong(
        volunteer: VolunteerId, points: Points, expires_on: date, _book: Book, *, out_of: AccountKind
    ) -> tuple[Transfer, ...]:
        return (Transfer(AccountKey(out_of), lot(AccountKind.WALLET, volunteer, expires_on), points),)

    patch.setattr(pool, "credit_points", wrong)


GIFT_BUGS = (
    Bug("a grant forgets the debt", _a_grant_forgets_the_debt),
    Bug("the pool is never asked", _the_pool_is_never_asked, BrokenInvariant),
    Bug("who proposed a grant approves it", _who_proposed_approves),
    Bug("a year of grants has no limit", _a_year_has_no_limit),
    Bug("a member's refund stays counted", _a_refund_stays_counted),
    Bug("a member's order has no limit", _a_members_order_has_no_limit),
    Bug("a member's order is not counted", _a_members_order_is_not_counted),
    Bug("a batch forgets who shows the code", _a_batch_forgets_who_shows_the_code),
    Bug(
        "a batch forgets that a grant was decided",
        _a_batch_forgets_that_a_grant_was_decided,
        (AssertionError, BrokenInvariant),
    ),
)
