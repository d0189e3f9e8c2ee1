"""What must be true of any ledger, worked out again from its journal and documents without the core's decisions."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from app.core.accounts import CHART, AccountKey, AccountKind, Asset, Side, lot
from app.core.accruals import Accrual
from app.core.ids import NOBODY
from app.core.programmes import LapsePolicy
from app.core.quantities import Instant
from app.core.rows import Order, OrderState, RecordState, Redemption, RedemptionState
from app.core.transactions import TransactionKind
from tests.core.ledger import MemoryLedger, Posted
from tests.core.ledger_gifts import check_gifts, count_family
from tests.core.ledger_rewards import (
    GIVING,
    TAKING,
    check_bonuses,
    check_reward,
    count_referrals,
    issued_beside_hours,
    owner_of,
)
from tests.core.ledger_seats import check_seats, consumed_by

Balances = Counter[AccountKey]

SPENDING = {TransactionKind.REDEEM, TransactionKind.HOLD, TransactionKind.DONATE}
RETURNING = {TransactionKind.REFUND, TransactionKind.REVERSE}
PAID = (RedemptionState.SUCCESS, RedemptionState.PARTIALLY_REFUNDED, RedemptionState.REFUNDED)
HAD = (OrderState.EFFECTIVE, OrderState.USED)


def check_ledger(ledger: MemoryLedger) -> None:
    """Every promise of this module; an AssertionError names the one that is broken."""
    balances = replay(ledger)
    assert +balances == +Counter(ledger.balances), "replay from zero equals the stored balances"
    for asset in Asset:
        assert sum(_credits(balances, asset)) == 0, f"all {asset} sum to zero"
    check_documents(ledger, balances)
    check_redemptions(ledger)
    check_limits(ledger)
    check_accruals(ledger)
    [policy] = ledger.policies
    check_bonuses(ledger.bonuses.values(), policy.bonuses.referrals_a_year, day_in_shanghai(ledger.now))


def replay(ledger: MemoryLedger) -> Balances:
    """Replay the journal from zero: no floor is ever broken, each transaction keeps the rule of its kind."""
    balances: Balances = Counter()
    for posted in ledger.journal:
        before = balances.copy()
        for transfer, debit_balance, credit_balance in posted.transfers:
            for key, side, stored in (
                (transfer.debit, Side.DEBIT, debit_balance),
                (transfer.credit, Side.CREDIT, credit_balance),
            ):
                rule = CHART[key.kind]
                balances[key] += transfer.amount if side is rule.side else -transfer.amount
                assert balances[key] == stored, f"the balance after of {key.path}"
                assert balances[key] >= 0 or not rule.floored, f"the floor of {key.path}"
        _check_kind(posted, before, balances)
        _check_return(posted, ledger.programme.lapse_policy, balances - before, before - balances)
    return balances


def _credits(balances: Balances, asset: Asset) -> Iterator[int]:
    for key, balance in balances.items():
        rule = CHART[key.kind]
        if rule.asset is asset:
            yield balance if rule.side is Side.CREDIT else -balance


def _check_kind(posted: Posted, before: Balances, after: Balances) -> None:
    today = day_in_shanghai(posted.recorded_at)
    kind = posted.transaction.kind
    debited = {transfer.debit for transfer in posted.transaction.transfers}
    spent = sorted(date.fromisoformat(key.part) for key in debited if key.kind is AccountKind.WALLET)
    if kind in SPENDING:
        owner = next(key.owner for key in debited if key.kind is AccountKind.WALLET)
        assert spent[0] >= today, "only points within their day are spent"
        assert not any(day < spent[-1] for day in live_lots(after, owner, today)), "what expires first is spent first"
    if kind in TAKING | GIVING:
        owner = owner_of(posted.transaction)
        check_reward(posted.transaction, before, after, live=bool(live_lots(after, owner, today)))
    if kind is TransactionKind.EXPIRE:
        assert all(day < today for day in spent), "nothing expires before its day is over"
        owner = next(key.owner for key in debited)
        left = {key for key in _lots(after, owner) if date.fromisoformat(key.part) < today}
        assert not left, "expiry leaves nothing behind, pending or not"
    if kind in {TransactionKind.ACCRUE, TransactionKind.OPEN}:
        credited = {transfer.credit for transfer in posted.transaction.transfers}
        debts = [after[AccountKey(AccountKind.DEBT, key.owner)] for key in credited if key.part]
        assert not any(debts), "a debt is repaid before points are credited"
    if kind is TransactionKind.CLAW_BACK:
        owner = next(key.owner for key in debited if key.kind is AccountKind.HOURS)
        debt = AccountKey(AccountKind.DEBT, owner)
        assert after[debt] == before[debt] or not live_lots(after, owner, today), "a debt is what cannot be taken"


def _check_return(posted: Posted, policy: LapsePolicy, more: Balances, less: Balances) -> None:
    if posted.transaction.kind not in RETURNING:
        return
    today = day_in_shanghai(posted.recorded_at)
    changed = [date.fromisoformat(key.part) for key in (more | less) if key.kind is AccountKind.WALLET]
    assert all(day >= today for day in changed), "what is given back past its day cannot be spent"
    if policy is LapsePolicy.GRACE:
        assert more[AccountKey(AccountKind.BREAKAGE)] == 0, "grace gives every point back"


def day_in_shanghai(at: Instant) -> date:
    """The calendar day of a moment, eight hours east of Greenwich."""
    return (at + timedelta(hours=8)).date()


def _lots(balances: Balances, owner: object) -> list[AccountKey]:
    kinds = (AccountKind.WALLET, AccountKind.PENDING)
    return [key for key, held in balances.items() if key.owner == owner and key.kind in kinds and held]


def live_lots(balances: Balances, owner: object, today: date) -> list[date]:
    """The expiry days of the lots that an owner may spend."""
    days = [date.fromisoformat(key.part) for key in _lots(balances, owner) if key.kind is AccountKind.WALLET]
    return [day for day in days if day >= today]


def check_documents(ledger: MemoryLedger, balances: Balances) -> None:
    """The accounts say what the documents say: hours, points issued, held, taken; fen promised and owed."""
    expected: Balances = Counter()
    for paid in ledger.redemptions.values():
        if paid.state in PAID:
            expected[AccountKey(AccountKind.REDEEMED, paid.merchant)] += paid.points - paid.refunded_points
            expected[AccountKey(AccountKind.PAYABLE, paid.merchant)] += paid.settlement_fen - paid.refunded_fen
    for order in ledger.orders.values():
        if order.state is OrderState.USED:
            expected[AccountKey(AccountKind.REDEEMED, order.merchant)] += order.points
            expected[AccountKey(AccountKind.PAYABLE, order.merchant)] += order.settlement_fen
    for hold in open_holds(ledger):
        expected[AccountKey(AccountKind.COMMITTED, hold.fund or NOBODY)] += hold.settlement_fen
        for part in hold.lots:
            expected[lot(AccountKind.HELD, hold.volunteer, part.expires_on)] += part.points
    for record in ledger.records.values():
        if record.state is RecordState.VERIFIED:
            expected[AccountKey(AccountKind.HOURS, record.volunteer)] += record.minutes
            expected[AccountKey(AccountKind.SERVICE)] += record.minutes
            expected[AccountKey(AccountKind.ISSUANCE)] += record.points
    expected[AccountKey(AccountKind.ISSUANCE)] += issued_beside_hours(
        ledger.bonuses.values(), ledger.penalties.values()
    )
    for opening in ledger.openings.values():
        expected[AccountKey(AccountKind.HOURS, opening.volunteer)] += opening.minutes
        expected[AccountKey(AccountKind.SERVICE)] += opening.minutes
        expected[AccountKey(AccountKind.ISSUANCE)] += opening.points
    for key, minutes in consumed_by(ledger.seats.grants.values()).items():
        expected[key] += minutes
        expected[AccountKey(AccountKind.HOURS, key.owner)] -= minutes
    kinds = {*(key.kind for key in expected), AccountKind.CONSUMED}
    found = Counter({key: held for key, held in balances.items() if key.kind in kinds})
    assert +found == +expected, "the accounts say what the documents say"


def open_holds(ledger: MemoryLedger) -> list[Redemption | Order]:
    """What has points set aside: redemptions that wait, orders whose voucher was not used."""
    waiting = RedemptionState.AWAITING_CONFIRMATION
    return [
        *(row for row in ledger.redemptions.values() if row.state is waiting),
        *(row for row in ledger.orders.values() if row.state is OrderState.EFFECTIVE),
    ]


def check_limits(ledger: MemoryLedger) -> None:
    """Stock, units a person had and points a merchant took are what redemptions and orders say."""
    units: Counter[object] = Counter()
    counts: Counter[object] = Counter()
    kept: list[tuple[Redemption | Order, Instant]] = [
        (row, row.occurred_at)
        for row in ledger.redemptions.values()
        if row.state in PAID or row.state is RedemptionState.AWAITING_CONFIRMATION
    ]
    kept += [(row, row.ordered_at) for row in ledger.orders.values() if row.state in HAD]
    for row, since in kept:
        day = day_in_shanghai(since).isoformat()
        points = row.points - (row.refunded_points if isinstance(row, Redemption) else 0)
        counts[row.merchant, "points", day[:7]] += points
        if row.offer and points:
            units[row.offer] += row.quantity
            counts[row.volunteer, f"offer:{row.offer.hex}", day] += row.quantity
    counts += count_referrals(ledger.bonuses.values()) + check_gifts(ledger) + check_seats(ledger)
    counts += count_family([row for row, _ in kept], ledger)
    for accrual in counting(ledger):
        if accrual.overlay_points:
            year = str(accrual.service.day.year)
            counts[NOBODY, f"overlay:{accrual.overlay_region}", year] += accrual.overlay_points
    assert {key: stock.taken for key, stock in ledger.stocks.items() if stock.taken} == +units, "the stock"
    for key, amount in ledger.tallies.items():
        assert counts[key] == amount, f"the count of {key}"
        del counts[key]
    unlimited = {till.merchant for till in ledger.tills.values() if till.monthly_points is None}
    left = [key for key, amount in counts.items() if amount and key[0] not in unlimited]  # type: ignore[index]  # as made
    assert not left, "everything that is limited is counted"


def counting(ledger: MemoryLedger) -> list[Accrual]:
    """The accruals of records that are verified and not withdrawn."""
    verified = RecordState.VERIFIED
    return [each for each in ledger.accruals.values() if ledger.records[each.record].state is verified]


def check_accruals(ledger: MemoryLedger) -> None:
    """Minutes counted on a day, and what towns add in a year, stay within the policy; its price is the record's."""
    days: Counter[object] = Counter()
    for accrual in counting(ledger):
        record = ledger.records[accrual.record]
        assert (accrual.points, accrual.policy) == (record.points, record.policy)
        days[accrual.volunteer, accrual.service.day] += accrual.counted
    [policy] = ledger.policies
    most = policy.caps.day_minutes
    assert most is None or all(minutes <= most for minutes in days.values()), "the cap of a day"
    budgets = {f"overlay:{overlay.region_code}": overlay.year_budget for overlay in policy.overlays}
    for key, amount in ledger.tallies.items():
        assert amount <= budgets.get(key.scope, amount), "the budget of a town"


def check_redemptions(ledger: MemoryLedger) -> None:
    """Each redemption gave back what its journal says, never more than was paid; the price of what is kept stays."""
    returned: Counter[object] = Counter()
    to_lots: Counter[tuple[object, AccountKey]] = Counter()
    for posted in ledger.journal:
        for transfer in posted.transaction.transfers:
            if transfer.debit.kind is AccountKind.REDEEMED:
                returned[posted.transaction.reverses] += transfer.amount
                to_lots[posted.transaction.reverses, transfer.credit] += transfer.amount
    refunded: Counter[object] = Counter()
    for refund in ledger.refunds:
        refunded[refund.redemption] += refund.points
    for paid in ledger.redemptions.values():
        kept = paid.points - paid.refunded_points
        assert returned[paid.transaction] == paid.refunded_points <= paid.points
        if paid.state not in (*PAID, RedemptionState.REVERSED):
            assert paid.refunded_points == 0, "what was never paid is not refunded"
            continue
        if paid.state is RedemptionState.REVERSED and not paid.refunded_points:
            continue
        for part in paid.lots:
            home = lot(AccountKind.WALLET, paid.volunteer, part.expires_on)
            assert to_lots[paid.transaction, home] <= part.points, "a lot gets back what it gave"
        assert paid.settlement_fen - paid.refunded_fen == paid.settlement_fen * kept // paid.points
        if paid.state is not RedemptionState.REVERSED:
            assert refunded[paid.id] == paid.refunded_points
