"""What must be true of the pool, of grants and of family use, worked out from journal and rows."""

from collections import Counter
from datetime import date

from app.core.accounts import AccountKind
from app.core.family_links import FamilyKey
from app.core.pool_grants import PoolGrant, PoolGrantState
from app.core.rows import Order, Redemption
from app.core.transactions import TransactionKind
from tests.core.ledger import MemoryLedger, Posted


def check_gifts(ledger: MemoryLedger) -> Counter[object]:
    """Each grant is in the journal once, out of the pool and into its volunteer's lot, within the programme's limits.

    Nothing else leaves the pool, and nothing but gifts comes to it. The counts of grants come back, as tallies are
    named.
    """
    granted = {row.transaction: row for row in ledger.pool_grants.values() if row.state is PoolGrantState.GRANTED}
    counts: Counter[object] = Counter()
    seen = []
    for posted in ledger.journal:
        transfers = posted.transaction.transfers
        for transfer in transfers:
            assert transfer.credit.kind is not AccountKind.POOL or posted.transaction.kind is TransactionKind.DONATE
        if any(transfer.debit.kind is AccountKind.POOL for transfer in transfers):
            seen.append(_checked(posted, granted[posted.transaction.id]))
    assert sorted(seen) == sorted((row.volunteer.hex, row.points, row.expires_on) for row in granted.values())
    programme = ledger.programme
    for row in granted.values():
        assert row.decided_at is not None
        assert row.decided_by != row.proposed_by, "two persons"
        assert row.points <= programme.pool_grant_points, "the limit of a grant"
        year = str(programme.business_day(row.decided_at).year)
        counts[row.volunteer, "pool-grants", year] += row.points
    assert all(points <= programme.pool_year_points for points in counts.values()), "the limit of a year"
    return counts


def _checked(posted: Posted, row: PoolGrant) -> tuple[str, int, date | None]:
    transfers = posted.transaction.transfers
    assert posted.transaction.kind is TransactionKind.GRANT
    credited = {transfer.credit.kind for transfer in transfers}
    assert credited <= {AccountKind.WALLET, AccountKind.DEBT}, "what is granted repays a debt, or can be spent"
    [owner] = {transfer.credit.owner.hex for transfer in transfers}
    parts = {transfer.credit.part for transfer in transfers if transfer.credit.part}
    assert parts <= {str(row.expires_on)}, "in one lot, of the day that the grant names"
    return owner, sum(transfer.amount for transfer in transfers), row.expires_on


def count_family(rows: list[Redemption | Order], ledger: MemoryLedger) -> Counter[object]:
    """What members have spent of whose points in which month, within the owner's limit."""
    counts: Counter[object] = Counter()
    for row in rows:
        if row.member:
            since = row.occurred_at if isinstance(row, Redemption) else row.ordered_at
            month = f"{ledger.programme.business_day(since):%Y-%m}"
            kept = row.points - (row.refunded_points if isinstance(row, Redemption) else 0)
            counts[row.volunteer, f"family:{row.member.hex}", month] += kept
            most = ledger.family[FamilyKey(row.volunteer, row.member)].monthly_points
            assert most is None or counts[row.volunteer, f"family:{row.member.hex}", month] <= most, "a month's limit"
    for order in ledger.orders.values():
        most = ledger.family[FamilyKey(order.volunteer, order.member)].monthly_points if order.member else None
        assert most is None or order.points <= most, "a month's limit, of what was given back since too"
    return counts
