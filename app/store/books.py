"""Fetching a book: what a batch of commands needs, with one array statement per kind."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TypeVar
from uuid import UUID

from app.core.accounts import AccountKey
from app.core.book import Book, Needs, owners_of
from app.core.ids import NOBODY
from app.core.programmes import Programme
from app.store.accounts import fetch_owned
from app.store.batch_rows import (
    fetch_holds,
    fetch_pay_codes,
    fetch_policies,
    fetch_records,
    fetch_redemptions,
    fetch_tills,
    fetch_volunteers,
)
from app.store.database import BatchConnection

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
        name: frozenset().union(*(getattr(needs, name) for needs in listed))
        for name in (field.name for field in fields(Needs))
        if name != "policies"
    }
    return Needs(**merged, policies=any(needs.policies for needs in listed))


def _with_gaps(keys: Iterable[Key], found: dict[Key, Value]) -> dict[Key, Value | None]:
    """What was asked for, None where nothing was found: a decision can tell it from what nobody asked for."""
    return {key: found.get(key) for key in keys}


async def fetch_book(connection: BatchConnection, programme: Programme, needs: Needs) -> FetchedBook:
    """Fetch all that the commands need. Call it under the head's lock."""
    name = programme.id
    codes = await fetch_pay_codes(connection, name, needs.pay_codes) if needs.pay_codes else {}
    tills = await fetch_tills(connection, name, needs.terminals) if needs.terminals else {}
    redemptions = await fetch_redemptions(connection, name, needs.redemptions) if needs.redemptions else {}
    holds = await fetch_holds(connection, name, needs.holds) if needs.holds else {}
    records = await fetch_records(connection, name, needs.records) if needs.records else {}
    owners: set[UUID] = {NOBODY, *needs.owners, *needs.volunteers}
    if programme.settlement_fund:
        owners.add(programme.settlement_fund)
    for rows in (codes, tills, redemptions, holds, records):
        for row in rows.values():
            owners.update(owners_of(row))
    people = {*needs.volunteers, *(code.volunteer for code in codes.values())}
    accounts: dict[UUID, dict[AccountKey, int]] = {owner: {} for owner in owners}
    account_nos: dict[AccountKey, int] = {}
    for number, key, balance in await fetch_owned(connection, name, owners):
        accounts[key.owner][key] = balance
        account_nos[key] = number
    book = Book(
        programme=programme,
        policies=await fetch_policies(connection, name) if needs.policies else (),
        accounts=accounts,
        volunteers=_with_gaps(people, await fetch_volunteers(connection, name, people) if people else {}),
        pay_codes=_with_gaps(needs.pay_codes, codes),
        tills=_with_gaps(needs.terminals, tills),
        redemptions=_with_gaps(needs.redemptions, redemptions),
        holds=_with_gaps(needs.holds, holds),
        records=_with_gaps(needs.records, records),
    )
    return FetchedBook(book, account_nos)
