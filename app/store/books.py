"""Fetching a book: what a batch of commands needs, with one array statement per kind."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

from app.core.accounts import AccountKey, AccountKind
from app.core.book import Book, Needs
from app.core.codes import Code
from app.core.consumed import windows_to_lay
from app.core.family_links import FamilyKey
from app.core.idempotency import sold, till_key
from app.core.ids import NOBODY, OrderId, RedemptionId, VolunteerId
from app.core.lapses import find_lapsing
from app.core.owners import owners_of
from app.core.programmes import Programme
from app.core.quantities import Instant
from app.core.rows import Order, Redemption, Sale
from app.core.seating import seated
from app.core.standings import whose_standing
from app.store.accounts import fetch_owned
from app.store.answers import fetch_answers
from app.store.batch_accruals import fetch_earned, fetch_overlaid
from app.store.batch_bonuses import fetch_bonuses, fetch_penalties
from app.store.batch_gifts import fetch_family, fetch_pool_grants
from app.store.batch_imports import fetch_arrivals
from app.store.batch_offers import (
    fetch_lapsed_orders,
    fetch_offers,
    fetch_orders,
    fetch_partners,
    fetch_stocks,
    fetch_tallies,
)
from app.store.batch_openings import fetch_openings
from app.store.batch_rows import (
    fetch_lapsed_redemptions,
    fetch_pay_codes,
    fetch_policies,
    fetch_records,
    fetch_redemptions,
    fetch_served,
    fetch_spent,
    fetch_tills,
    fetch_volunteers,
)
from app.store.batch_seats import fetch_laid, fetch_seating
from app.store.database import BatchConnection
from app.store.evaluations import fetch_qualities

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class FetchedBook:
    """A book, and the numbers of the accounts that it holds."""

    book: Book
    account_nos: dict[AccountKey, int]


def merge_needs(all_needs: Iterable[Needs]) -> Needs:
    """What several commands need together."""
    listed = list(all_needs)
    if len(listed) == 1:
        return listed[0]
    merged = {
        name: frozenset().union(*map(attrgetter(name), listed))
        for name in (field.name for field in fields(Needs))
        if name != "policies"
    }
    return Needs(**merged, policies=any(needs.policies for needs in listed))


def _with_gaps(keys: Iterable[Key], found: dict[Key, Value]) -> dict[Key, Value | None]:
    """What was asked for, None where nothing was found: a decision can tell it from what nobody asked for."""
    return {key: found.get(key) for key in keys}


async def fetch_book(connection: BatchConnection, programme: Programme, needs: Needs, at: Instant) -> FetchedBook:
    """Fetch all that commands need at a moment. A batch calls it under the head's lock; to explain, none is needed."""
    name = programme.id
    today = programme.business_day(at)
    codes = await fetch_pay_codes(connection, name, needs.pay_codes) if needs.pay_codes else {}
    tills = await fetch_tills(connection, name, needs.terminals, today) if needs.terminals else {}
    sales = await _fetch_sales(connection, programme, needs.sales) if needs.sales else {}
    named = {*needs.redemptions, *(found for found in sales.values() if found and not isinstance(found, Code))}
    redemptions = await fetch_redemptions(connection, name, named) if named else {}
    offers, stocks = await fetch_offers(connection, name, needs.offers) if needs.offers else ({}, {})
    orders: dict[OrderId, Order] = {}
    if needs.orders or needs.vouchers:
        orders = await fetch_orders(connection, name, needs.orders, needs.vouchers)
    records = await fetch_records(connection, name, needs.records) if needs.records else {}
    penalties = await fetch_penalties(connection, name, needs.penalties) if needs.penalties else {}
    bonuses = await fetch_bonuses(connection, name, needs.bonuses) if needs.bonuses else {}
    payers = {code.volunteer for code in codes.values()}
    if needs.terminals:  # a command in the same batch may just have made the code
        payers |= needs.volunteers
    people = needs.volunteers | payers | {code.member for code in codes.values() if code.member}
    book = Book(
        programme=programme,
        policies=await fetch_policies(connection, name) if needs.policies else (),
        volunteers=_with_gaps(people, await fetch_volunteers(connection, name, people) if people else {}),
        pay_codes=_with_gaps(needs.pay_codes, codes),
        tills=_with_gaps(needs.terminals, tills),
        redemptions=_with_gaps(named, redemptions),
        sales=_with_gaps(needs.sales, sales),
        spent=await fetch_spent(connection, name, payers, _since(programme, at), at) if payers else {},
        offers=_with_gaps(needs.offers, offers),
        stocks=stocks,
        orders={**dict.fromkeys(needs.orders), **orders},
        vouchers={**dict.fromkeys(needs.vouchers), **{order.code: order.id for order in orders.values()}},
        records=_with_gaps(needs.records, records),
        bonuses=_with_gaps(needs.bonuses, bonuses),
        penalties=_with_gaps(needs.penalties, penalties),
    )
    owners: set[UUID] = {NOBODY, *needs.owners, *people}
    if programme.settlement_fund:
        owners.add(programme.settlement_fund)
    for rows in (codes, tills, redemptions, offers, orders, records, penalties):
        for row in rows.values():
            owners.update(owners_of(row))
    if needs.seating:
        book.seating = await fetch_seating(connection, programme, needs.seating, at)
        owners |= seated(needs.seating, book.seating)
    fetched = FetchedBook(book, {})
    if needs.arrivals:
        book.arriving = await fetch_arrivals(connection, name, needs.arrivals)
    await _add_gifts(connection, book, needs)
    await _add_accruals(connection, fetched, needs)
    await _add_qualities(connection, book)
    if days := [record for record in needs.days if record in records]:
        book.served.update(await fetch_served(connection, programme, [records[record] for record in days]))
    await _add_accounts(connection, fetched, owners)
    if needs.takes and (windows := windows_to_lay(book, needs)):
        book.seating.zone = programme.zone
        book.seating.laid = await fetch_laid(connection, programme, windows)
    await _add_lapsing(connection, fetched, at)
    await _add_limits(connection, fetched, needs, today)
    return fetched


async def _add_gifts(connection: BatchConnection, book: Book, needs: Needs) -> None:
    """Grants from the pool, opening balances, and the links by which members of a family pay."""
    name = book.programme.id
    if needs.openings:
        book.openings = _with_gaps(needs.openings, await fetch_openings(connection, name, needs.openings))
    if needs.pool_grants:
        book.pool_grants = _with_gaps(needs.pool_grants, await fetch_pool_grants(connection, name, needs.pool_grants))
    codes = book.pay_codes.values()
    keys = needs.family | {FamilyKey(code.volunteer, code.member) for code in codes if code and code.member}
    if keys:
        book.family = _with_gaps(keys, await fetch_family(connection, name, keys))


def _since(programme: Programme, at: Instant) -> Instant:
    """From when on the rules of frequency look: the last seconds, and all of today where a day's are counted."""
    if programme.confirm_count is None and programme.redemptions_a_day is None:
        return at - timedelta(seconds=programme.same_amount_s)
    midnight = datetime.combine(programme.business_day(at), time(), programme.zone)
    return min(midnight, at - timedelta(seconds=programme.same_amount_s))


async def _fetch_sales(
    connection: BatchConnection, programme: Programme, sales: Iterable[Sale]
) -> dict[Sale, RedemptionId | Code | None]:
    keys = {till_key(sale): sale for sale in sales}
    kept = await fetch_answers(connection, programme.id, keys)
    return {keys[key]: sold(answer) for key, answer in kept.items()}


async def _add_accounts(connection: BatchConnection, fetched: FetchedBook, owners: Iterable[UUID]) -> None:
    accounts = fetched.book.accounts
    new = [owner for owner in owners if owner not in accounts]
    accounts.update((owner, {}) for owner in new)
    for number, key, balance in await fetch_owned(connection, fetched.book.programme.id, new):
        accounts[key.owner][key] = balance
        fetched.account_nos[key] = number


async def _add_lapsing(connection: BatchConnection, fetched: FetchedBook, at: Instant) -> None:
    """Holds that are over, of whoever holds anything and of the offers named: nearly always there are none."""
    book = fetched.book
    holders = {
        VolunteerId(owner)
        for owner, accounts in book.accounts.items()
        if any(balance and key.kind is AccountKind.HELD for key, balance in accounts.items())
    }
    if not holders and not book.offers:
        return
    programme = book.programme.id
    redemptions = await fetch_lapsed_redemptions(connection, programme, holders, book.offers, at)
    orders = await fetch_lapsed_orders(connection, programme, holders, book.offers, at)
    if not redemptions and not orders:
        return
    book.redemptions.update(redemptions)
    book.orders.update(orders)
    book.vouchers.update((order.code, order.id) for order in orders.values())
    book.lapsing.update(find_lapsing(redemptions.values(), orders.values(), at))
    rows: tuple[Redemption | Order, ...] = (*redemptions.values(), *orders.values())
    await _add_accounts(connection, fetched, {owner for row in rows for owner in owners_of(row)})


async def _add_accruals(connection: BatchConnection, fetched: FetchedBook, needs: Needs) -> None:
    """What records counted for, of those volunteers for whom the policy asks; and what records took of budgets."""
    book = fetched.book
    if asking := whose_standing(book, needs):
        book.earned.update(await fetch_earned(connection, book.programme.id, asking))
    if needs.accruals:
        book.overlaid.update(await fetch_overlaid(connection, book.programme.id, needs.accruals))


async def _add_qualities(connection: BatchConnection, book: Book) -> None:
    """The quality of service of whoever asks for an offer, where the programme's stars depend on it."""
    if book.programme.stars.quality_min is None or not book.offers:
        return
    people = {key: volunteer for key, volunteer in book.volunteers.items() if volunteer}
    for key, quality in (await fetch_qualities(connection, book.programme.id, people)).items():
        book.volunteers[key] = replace(people[key], quality=quality)


async def _add_limits(connection: BatchConnection, fetched: FetchedBook, needs: Needs, today: date) -> None:
    """Stock and counts of what the rows and offers in the book touch. Bare points without quotas touch none."""
    book = fetched.book
    programme = book.programme.id
    rows: list[Redemption | Order] = [row for row in book.redemptions.values() if row]
    rows += [row for row in book.orders.values() if row]
    if offers := {row.offer for row in rows if row.offer} - book.stocks.keys():
        book.stocks.update(await fetch_stocks(connection, programme, offers))
    if partners := {offer.merchant for offer in book.offers.values() if offer}:
        book.merchants.update(await fetch_partners(connection, programme, partners, today))
    subjects: set[UUID] = {till.merchant for till in book.tills.values() if till and till.monthly_points is not None}
    if needs.sales or needs.redemptions:  # of this very batch, perhaps: made and taken back in one
        subjects.update(till.merchant for till in book.tills.values() if till)
    subjects.update(merchant.id for merchant in book.merchants.values())
    subjects.update(subject for row in rows for subject in (row.merchant, row.volunteer))
    subjects.update(key.owner for key in book.family)
    if book.offers or needs.bonuses or needs.pool_grants:
        subjects.update(book.volunteers)
    if needs.seating:
        subjects.update((NOBODY, *book.volunteers, *seated(needs.seating, book.seating)))
    if any(policy.overlays for policy in book.policies) or any(book.overlaid.values()):
        subjects.add(NOBODY)
    if subjects:
        book.tallies.update(await fetch_tallies(connection, programme, subjects))
