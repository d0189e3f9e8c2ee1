"""Comparing rounds, places and grants with each other, with what is counted of them, and with the journal."""

from app.core.invariants import Invariant

_NAME = "replace({}::text, '-', '')"

_STANDS = f"""
WITH found AS (
    SELECT round_id, count(*) AS claims, max(number) AS number,
           count(*) FILTER (WHERE state = 'entered') AS entered, count(*) FILTER (WHERE state = 'waiting') AS waiting,
           count(*) FILTER (WHERE state = 'held') AS held,
           coalesce(array_agg(seat ORDER BY seat) FILTER (WHERE state = 'held'), '{{}}') AS seats
    FROM places WHERE programme_id = $1 GROUP BY round_id
), told AS (SELECT * FROM round_stands WHERE programme_id = $1)
SELECT format('rnd_%s: its places make %s entered, %s waiting, %s held of %s; it says %s, %s, %s',
              {_NAME.format("coalesce(t.round_id, f.round_id)")}, coalesce(f.entered, 0), coalesce(f.waiting, 0),
              coalesce(f.held, 0), t.capacity, t.entered, t.waiting, t.taken)
FROM told t FULL JOIN found f ON f.round_id = t.round_id
WHERE (coalesce(f.entered, 0), coalesce(f.waiting, 0), coalesce(f.held, 0), coalesce(f.number, 0))
          IS DISTINCT FROM (t.entered, t.waiting, t.taken, t.number)
    OR coalesce(f.claims, 0) <> t.number OR t.taken > t.capacity
    OR ARRAY(SELECT unnest(coalesce(f.seats, '{{}}') || t.freed) ORDER BY 1)
          <> ARRAY(SELECT generate_series(1, t.seats))
LIMIT 100
"""

_IDLE = f"""
SELECT format('rnd_%s: %s wait while %s of %s places are taken', {_NAME.format("s.round_id")}, s.waiting, s.taken,
              s.capacity)
FROM round_stands s JOIN rounds r ON r.programme_id = s.programme_id AND r.id = s.round_id
WHERE s.programme_id = $1 AND s.waiting > 0 AND s.taken < s.capacity AND s.closed_at IS NULL
    AND (r.starts_at IS NULL OR r.starts_at > now())
LIMIT 100
"""

_RANK = "(coalesce({0}.drawn, 0), -{0}.stars, -{0}.minutes, {0}.submitted_at, {0}.number)"
_TURNS = f"""
SELECT format('plc_%s had its place before plc_%s, which is still waiting ahead of it', {_NAME.format("h.id")},
              {_NAME.format("w.id")})
FROM round_stands s
JOIN places w ON w.programme_id = s.programme_id AND w.round_id = s.round_id AND w.state = 'waiting'
JOIN places h ON h.programme_id = s.programme_id AND h.round_id = s.round_id AND h.state = 'held'
    AND h.held_at > w.claimed_at AND {_RANK.format("h")} > {_RANK.format("w")}
WHERE s.programme_id = $1 AND s.waiting > 0
LIMIT 100
"""

_DRAWS = f"""
WITH drawn AS (
    SELECT p.id, p.drawn, s.drawn_at, sha256(s.seed) = r.seed_hash AS is_promised, row_number() OVER (
               PARTITION BY p.round_id
               ORDER BY sha256(convert_to(encode(s.seed, 'hex') || '|plc_' || {_NAME.format("p.id")}, 'UTF8'))
           ) AS lot
    FROM round_stands s
    JOIN rounds r ON r.programme_id = s.programme_id AND r.id = s.round_id
    JOIN places p ON p.programme_id = s.programme_id AND p.round_id = s.round_id AND p.drawn IS NOT NULL
    WHERE s.programme_id = $1
)
SELECT format('plc_%s was drawn as number %s; the published seed makes it %s', {_NAME.format("id")}, drawn, lot)
FROM drawn WHERE drawn_at IS NULL OR is_promised IS NOT TRUE OR lot <> drawn
LIMIT 100
"""

_COUNTS = f"""
WITH claims AS (
    SELECT volunteer_id AS subject_id, 'round:' || {_NAME.format("round_id")} AS scope, '' AS period, 1 AS one
    FROM places WHERE programme_id = $1 AND state IN ('entered', 'waiting', 'held')
    UNION ALL
    SELECT p.volunteer_id, 'benefit:' || r.benefit_code, to_char(p.claimed_at AT TIME ZONE z.zone, 'YYYY'), 1
    FROM places p
    JOIN rounds r ON r.programme_id = p.programme_id AND r.id = p.round_id
    JOIN programmes z ON z.id = p.programme_id
    WHERE p.programme_id = $1 AND p.state IN ('entered', 'waiting', 'held') AND p.grant_id IS NULL
    UNION ALL
    SELECT o.owner, 'benefit:' || g.benefit_code, to_char(g.approved_at AT TIME ZONE z.zone, 'YYYY'), 1
    FROM benefit_grants g JOIN programmes z ON z.id = g.programme_id
    CROSS JOIN LATERAL (
        SELECT g.volunteer_id AS owner WHERE g.counted
        UNION ALL
        SELECT '00000000-0000-0000-0000-000000000000' WHERE g.state = 'approved'
    ) o WHERE g.programme_id = $1
), had AS (SELECT subject_id, scope, period, sum(one)::bigint AS times FROM claims GROUP BY 1, 2, 3), counted AS (
    SELECT subject_id, scope, period, amount FROM tallies
    WHERE programme_id = $1 AND (scope LIKE 'round:%' OR scope LIKE 'benefit:%')
)
SELECT format('vol_%s had %s of %s %s, counted are %s', {_NAME.format("coalesce(c.subject_id, h.subject_id)")},
              coalesce(h.times, 0), coalesce(c.scope, h.scope), coalesce(c.period, h.period), coalesce(c.amount, 0))
FROM counted c FULL JOIN had h ON h.subject_id = c.subject_id AND h.scope = c.scope AND h.period = c.period
WHERE coalesce(h.times, 0) <> coalesce(c.amount, 0)
LIMIT 100
"""

_HOURS = f"""
WITH told AS (
    SELECT id, transaction_id AS transaction, 'consume.v1' AS kind, volunteer_id, minutes, since_on, until_on
    FROM benefit_grants WHERE programme_id = $1 AND minutes > 0
    UNION ALL
    SELECT id, returned_id, 'return-hours.v1', volunteer_id, minutes, since_on, until_on
    FROM benefit_grants WHERE programme_id = $1 AND returned_id IS NOT NULL
), posted AS (
    SELECT x.id, x.kind, x.document, t.amount, a.owner_id, a.part
    FROM transactions x
    JOIN transfers t ON t.programme_id = x.programme_id AND t.seq = x.seq
    JOIN accounts a ON a.programme_id = t.programme_id AND a.kind = 'consumed'
         AND a.account_no IN (t.debit_account_no, t.credit_account_no)
    WHERE x.programme_id = $1 AND x.kind IN ('consume.v1', 'return-hours.v1')
)
SELECT format('%s: its row says %s minutes by %s, the journal %s',
              coalesce('bgr_' || {_NAME.format("t.id")}, p.document), coalesce(t.minutes, 0), coalesce(t.kind, p.kind),
              coalesce(p.amount, 0))
FROM told t FULL JOIN posted p ON p.id = t.transaction
WHERE (t.kind, 'bgr_' || {_NAME.format("t.id")}, t.minutes, t.volunteer_id, t.since_on || '_' || t.until_on)
      IS DISTINCT FROM (p.kind, p.document, p.amount, p.owner_id, p.part)
LIMIT 100
"""

_LAID = f"""
WITH used AS (
    SELECT owner_id, split_part(part, '_', 1)::date AS since, split_part(part, '_', 2)::date AS until, balance
    FROM accounts WHERE programme_id = $1 AND kind = 'consumed' AND balance > 0
), stretches AS (
    SELECT DISTINCT a.owner_id, a.since, b.until
    FROM used a JOIN used b ON b.owner_id = a.owner_id AND b.until >= a.since
), told AS (
    SELECT s.*, (
        SELECT coalesce(sum(balance), 0) FROM used u
        WHERE u.owner_id = s.owner_id AND u.since >= s.since AND u.until <= s.until
    ) AS minutes, (
        SELECT coalesce(sum(r.minutes), 0) FROM service_records r
        WHERE r.programme_id = $1 AND r.volunteer_id = s.owner_id AND r.state = 'verified'
            AND r.started_at >= (s.since::timestamp AT TIME ZONE z.zone)
            AND r.started_at < ((s.until + 1)::timestamp AT TIME ZONE z.zone)
    ) AS served
    FROM stretches s JOIN programmes z ON z.id = $1
)
SELECT format('vol_%s: benefits have used up %s minutes from %s to %s, where %s were served',
              {_NAME.format("owner_id")}, minutes, since, until, served)
FROM told WHERE minutes > served
LIMIT 100
"""

_GRANTED = f"""
SELECT format('bgr_%s: a grant of a round and its place do not say the same', {_NAME.format("coalesce(g.id, p.id)")})
FROM (SELECT * FROM benefit_grants WHERE programme_id = $1 AND round_id IS NOT NULL) g
FULL JOIN (SELECT * FROM places WHERE programme_id = $1 AND grant_id IS NOT NULL) p ON p.id = g.id
WHERE (g.round_id, g.volunteer_id, g.state = 'revoked')
      IS DISTINCT FROM (p.round_id, p.volunteer_id, p.state = 'revoked')
LIMIT 100
"""

SEAT_CHECKS = (
    (Invariant.SEATS_MATCH, _STANDS),
    (Invariant.SEATS_MATCH, _IDLE),
    (Invariant.SEATS_MATCH, _TURNS),
    (Invariant.SEATS_MATCH, _DRAWS),
    (Invariant.SEATS_MATCH, _GRANTED),
    (Invariant.LIMITS_MATCH, _COUNTS),
    (Invariant.HOURS_MATCH, _HOURS),
    (Invariant.HOURS_MATCH, _LAID),
)
"""What each statement gives does not match."""
