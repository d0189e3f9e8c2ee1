"""What must be true of the pool, of grants and of family use, worked out from journal and rows."""

from collections import Counter

from app.core.accounts import AccountKind
from app.core.family_links import FamilyKey
from app.core.pool_grants import PoolGrantState
from app.core.rows import Redemption
from app.core.transactions import TransactionKind
from tests.core.ledger import MemoryLedger, Posted


def check_gifts(ledger: MemoryLedger) -> Counter[object]:
    """Each grant is in the journal once, out of the pool and into its volunteer's lot, within the programme's limits.

    Nothing else leaves the pool, and nothing but gifts comes to it. The counts of grants come back, as tallies are
    named.
    """
    granted = {row.id: row for row in ledger.pool_grants.values() if row.state is PoolGrantState.GRANTED}
    counts: Counter[object] = Counter()
    seen = []
    for posted in ledger.journal:
        for transfer in posted.transaction.transfers:
            assert transfer.credit.kind is not AccountKind.POOL or posted.transaction.kind is TransactionKind.DONATE
            if transfer.debit.kind is AccountKind.POOL:
                seen.append(_checked(posted))
    assert sorted(seen) == sorted((row.volunteer.hex, row.points, str(row.expires_on)) for row in granted.values())
    programme = ledger.programme
    for row in granted.values():
        assert row.decided_at is not None
        assert row.decided_by != row.proposed_by, "two persons"
        assert row.points <= programme.pool_grant_points, "the limit of a grant"
        year = str(programme.business_day(row.decided_at).year)
        counts[row.volunteer, "pool-grants", year] += row.points
    assert all(points <= programme.pool_year_points for points in counts.values()), "the limit of a year"
    return counts


def _checked(posted: Posted) -> tuple[str, int, str]:
    [transfer] = posted.transaction.transfers
    assert posted.transaction.kind is TransactionKind.GRANT
    assert transfer.credit.kind is AccountKind.WALLET, "what is granted can be spent"
    return transfer.credit.owner.hex, transfer.amount, transfer.credit.part


def count_family(rows: list[Redemption], ledger: MemoryLedger) -> Counter[object]:
    """What members have spent of whose points in which month, within the owner's limit."""
    counts: Counter[object] = Counter()
    for row in rows:
        if row.member:
            month = f"{ledger.programme.business_day(row.occurred_at):%Y-%m}"
            counts[row.volunteer, f"family:{row.member.hex}", month] += row.points - row.refunded_points
            most = ledger.family[FamilyKey(row.volunteer, row.member)].monthly_points
            assert most is None or counts[row.volunteer, f"family:{row.member.hex}", month] <= most, "a month's limit"
    return counts
