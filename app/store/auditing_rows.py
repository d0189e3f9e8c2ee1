"""Comparing the business rows with the ledger: what redemptions and orders add up to, beside what accounts hold.

Each statement gives only what does not match, so a sound ledger costs no memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.ids import ProgrammeId
from app.core.invariants import Invariant
from app.store.auditing_applications import APPLICATION_CHECKS
from app.store.auditing_gifts import GIFT_CHECKS
from app.store.auditing_openings import OPENINGS
from app.store.auditing_seats import SEAT_CHECKS
from app.store.database import BatchConnection


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something whose rows and accounts differ."""

    invariant: Invariant
    what: str


_MERCHANTS = """
WITH rows AS (
    SELECT merchant_id, points - refunded_points AS points, settlement_fen - refunded_fen AS fen
    FROM redemptions WHERE programme_id = $1 AND state IN ('SUCCESS', 'PARTIALLY_REFUNDED', 'REFUNDED')
    UNION ALL
    SELECT merchant_id, points, settlement_fen FROM orders WHERE programme_id = $1 AND state = 'USED'
), taken AS (
    SELECT merchant_id, sum(points)::bigint AS points, sum(fen)::bigint AS fen FROM rows GROUP BY merchant_id
), owned AS (
    SELECT owner_id, coalesce(max(balance) FILTER (WHERE kind = 'redeemed'), 0) AS points,
           coalesce(max(balance) FILTER (WHERE kind = 'payable'), 0) AS fen
    FROM accounts WHERE programme_id = $1 AND kind IN ('redeemed', 'payable') GROUP BY owner_id
)
SELECT format('mer_%s: redemptions make %s points and %s fen, its accounts hold %s and %s',
              replace(coalesce(o.owner_id, t.merchant_id)::text, '-', ''), coalesce(t.points, 0), coalesce(t.fen, 0),
              coalesce(o.points, 0), coalesce(o.fen, 0))
FROM owned o FULL JOIN taken t ON t.merchant_id = o.owner_id
WHERE (coalesce(t.points, 0), coalesce(t.fen, 0)) <> (coalesce(o.points, 0), coalesce(o.fen, 0))
LIMIT 100
"""

_OPEN = """
    SELECT volunteer_id, points, settlement_fen FROM redemptions
    WHERE programme_id = $1 AND state = 'AWAITING_CONFIRMATION'
    UNION ALL
    SELECT volunteer_id, points, settlement_fen FROM orders WHERE programme_id = $1 AND state = 'EFFECTIVE'
"""

_HELD = f"""
WITH rows AS ({_OPEN}), opened AS (
    SELECT volunteer_id, sum(points)::bigint AS points FROM rows GROUP BY volunteer_id
), owned AS (
    SELECT owner_id, sum(balance)::bigint AS points FROM accounts
    WHERE programme_id = $1 AND kind = 'held' AND balance <> 0 GROUP BY owner_id
)
SELECT format('vol_%s: open orders make %s held points, the accounts hold %s',
              replace(coalesce(a.owner_id, o.volunteer_id)::text, '-', ''), coalesce(o.points, 0),
              coalesce(a.points, 0))
FROM owned a FULL JOIN opened o ON o.volunteer_id = a.owner_id
WHERE coalesce(o.points, 0) <> coalesce(a.points, 0)
LIMIT 100
"""

_COMMITTED = f"""
WITH rows AS ({_OPEN})
SELECT format('open orders make %s promised fen, the accounts hold %s', r.fen, a.fen)
FROM (SELECT coalesce(sum(settlement_fen), 0)::bigint AS fen FROM rows) r,
     (SELECT coalesce(sum(balance), 0)::bigint AS fen FROM accounts WHERE programme_id = $1 AND kind = 'committed') a
WHERE r.fen <> a.fen
"""

_UNITS = """
    SELECT offer_id, volunteer_id, quantity, ordered_at AS since FROM orders
    WHERE programme_id = $1 AND state IN ('EFFECTIVE', 'USED')
    UNION ALL
    SELECT offer_id, volunteer_id, quantity, occurred_at FROM redemptions
    WHERE programme_id = $1 AND offer_id IS NOT NULL
        AND state IN ('AWAITING_CONFIRMATION', 'SUCCESS', 'PARTIALLY_REFUNDED')
"""

_STOCKS = f"""
WITH rows AS ({_UNITS}), had AS (SELECT offer_id, sum(quantity)::bigint AS units FROM rows GROUP BY offer_id)
SELECT format('off_%s: orders make %s units, the stock says %s',
              replace(coalesce(s.offer_id, h.offer_id)::text, '-', ''), coalesce(h.units, 0), coalesce(s.taken, 0))
FROM (SELECT offer_id, taken FROM offer_stocks WHERE programme_id = $1) s
FULL JOIN had h ON h.offer_id = s.offer_id
WHERE coalesce(h.units, 0) <> coalesce(s.taken, 0)
LIMIT 100
"""

_TALLIES = f"""
WITH rows AS ({_UNITS}), had AS (
    SELECT volunteer_id, 'offer:' || replace(offer_id::text, '-', '') AS scope,
           to_char(since AT TIME ZONE p.zone, 'YYYY-MM-DD') AS period, sum(quantity)::bigint AS units
    FROM rows, programmes p WHERE p.id = $1 GROUP BY 1, 2, 3
), counted AS (
    SELECT subject_id, scope, period, amount FROM tallies
    WHERE programme_id = $1 AND scope LIKE 'offer:%' AND amount > 0
)
SELECT format('vol_%s had %s units of %s on %s, counted are %s',
              replace(coalesce(c.subject_id, h.volunteer_id)::text, '-', ''), coalesce(h.units, 0),
              coalesce(c.scope, h.scope), coalesce(c.period, h.period), coalesce(c.amount, 0))
FROM counted c
FULL JOIN had h ON h.volunteer_id = c.subject_id AND h.scope = c.scope AND h.period = c.period
WHERE coalesce(h.units, 0) <> coalesce(c.amount, 0)
LIMIT 100
"""

_ACCRUALS = """
WITH priced AS (
    SELECT id, volunteer_id, points, policy FROM service_records
    WHERE programme_id = $1 AND state IN ('verified', 'withdrawn') AND policy <> ''
), explained AS (SELECT record_id, volunteer_id, points, policy FROM accruals WHERE programme_id = $1)
SELECT format('rec_%s: %s points by version %s, its accrual says %s by %s',
              replace(coalesce(p.id, e.record_id)::text, '-', ''), coalesce(p.points, 0), coalesce(p.policy, 'none'),
              coalesce(e.points, 0), coalesce(e.policy, 'none'))
FROM priced p FULL JOIN explained e ON e.record_id = p.id
WHERE (p.volunteer_id, p.points, p.policy) IS DISTINCT FROM (e.volunteer_id, e.points, e.policy)
LIMIT 100
"""

_BUDGETS = """
WITH given AS (
    SELECT 'overlay:' || a.overlay_region AS scope, to_char(a.day, 'YYYY') AS period,
           sum(a.overlay_points)::bigint AS points
    FROM accruals a
    JOIN service_records r ON r.programme_id = a.programme_id AND r.id = a.record_id AND r.state = 'verified'
    WHERE a.programme_id = $1 AND a.overlay_points > 0 GROUP BY 1, 2
), counted AS (
    SELECT scope, period, amount FROM tallies WHERE programme_id = $1 AND scope LIKE 'overlay:%' AND amount > 0
)
SELECT format('%s gave %s points in %s, counted are %s', coalesce(c.scope, g.scope), coalesce(g.points, 0),
              coalesce(c.period, g.period), coalesce(c.amount, 0))
FROM counted c FULL JOIN given g ON g.scope = c.scope AND g.period = c.period
WHERE coalesce(g.points, 0) <> coalesce(c.amount, 0)
LIMIT 100
"""

_BONUSES = """
WITH settled AS (
    SELECT id, transaction_id, points, volunteer_id, 'bon_' AS prefix, kind AS reason,
           CASE WHEN revokes_id IS NOT NULL THEN 'revoke-bonus.v1' ELSE 'bonus.v1' END AS kind
    FROM bonuses WHERE programme_id = $1 AND points > 0
    UNION ALL
    SELECT id, transaction_id, points, volunteer_id, 'pen_', 'penalty-final', 'penalise.v1'
    FROM penalties WHERE programme_id = $1 AND points > 0 AND state IN ('posted', 'lifted')
), posted AS (
    SELECT x.id, x.kind, x.reason, x.document, sum(t.amount)::bigint AS points,
           bool_and(a.owner_id = s.volunteer_id) AS own
    FROM transactions x
    JOIN transfers t ON t.programme_id = x.programme_id AND t.seq = x.seq
    JOIN accounts a ON a.programme_id = t.programme_id AND a.kind <> 'issuance'
         AND a.account_no IN (t.debit_account_no, t.credit_account_no)
    LEFT JOIN settled s ON s.transaction_id = x.id
    WHERE x.programme_id = $1 AND x.kind IN ('bonus.v1', 'revoke-bonus.v1', 'penalise.v1')
    GROUP BY x.id, x.kind, x.reason, x.document
)
SELECT format('%s: its row says %s points, the journal %s', coalesce(s.prefix || replace(s.id::text, '-', ''),
              p.document), coalesce(s.points, 0), coalesce(p.points, 0))
FROM settled s FULL JOIN posted p ON p.id = s.transaction_id
WHERE p.id IS NULL OR s.id IS NULL OR p.points <> s.points OR p.kind <> s.kind OR p.own IS NOT TRUE
      OR p.reason <> s.reason OR p.document <> s.prefix || replace(s.id::text, '-', '')
LIMIT 100
"""

_LIFTED = """
SELECT format('pen_%s: lifted without its points given back, or given back without being lifted',
              replace(coalesce(p.id::text, substr(x.document, 5)), '-', ''))
FROM (SELECT id FROM penalties WHERE programme_id = $1 AND points > 0 AND state = 'lifted') p
FULL JOIN (SELECT document FROM transactions WHERE programme_id = $1 AND kind = 'lift-penalty.v1') x
     ON x.document = 'pen_' || replace(p.id::text, '-', '')
WHERE p.id IS NULL OR x.document IS NULL
LIMIT 100
"""

_REFERRALS = """
WITH given AS (
    SELECT volunteer_id, to_char(day, 'YYYY') AS period, count(*) AS times FROM bonuses
    WHERE programme_id = $1 AND kind = 'referral-bonus' AND points > 0 GROUP BY 1, 2
), counted AS (
    SELECT subject_id, period, amount FROM tallies WHERE programme_id = $1 AND scope = 'referral' AND amount > 0
)
SELECT format('vol_%s was rewarded for %s referrals in %s, counted are %s',
              replace(coalesce(c.subject_id, g.volunteer_id)::text, '-', ''), coalesce(g.times, 0),
              coalesce(c.period, g.period), coalesce(c.amount, 0))
FROM counted c FULL JOIN given g ON g.volunteer_id = c.subject_id AND g.period = c.period
WHERE coalesce(g.times, 0) <> coalesce(c.amount, 0)
LIMIT 100
"""

_CHECKS = (
    (Invariant.MERCHANTS_MATCH, _MERCHANTS),
    (Invariant.HOLDS_MATCH, _HELD),
    (Invariant.HOLDS_MATCH, _COMMITTED),
    (Invariant.LIMITS_MATCH, _STOCKS),
    (Invariant.LIMITS_MATCH, _TALLIES),
    (Invariant.LIMITS_MATCH, _BUDGETS),
    (Invariant.ACCRUALS_MATCH, _ACCRUALS),
    (Invariant.LIMITS_MATCH, _REFERRALS),
    (Invariant.BONUSES_MATCH, _BONUSES),
    (Invariant.BONUSES_MATCH, _LIFTED),
    *GIFT_CHECKS,
    *SEAT_CHECKS,
    *APPLICATION_CHECKS,
    (Invariant.OPENINGS_MATCH, OPENINGS),
)


async def fetch_mismatches(connection: BatchConnection, programme: ProgrammeId) -> Sequence[Mismatch]:
    """All that does not match, at most a hundred of each kind."""
    return [
        Mismatch(invariant, row[0])
        for invariant, statement in _CHECKS
        for row in await connection.fetch(statement, programme)
    ]
