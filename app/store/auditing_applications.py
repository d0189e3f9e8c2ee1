"""Comparing applications with their histories, and grants with what has to lie behind each: levels, notice, facts."""

from app.core.invariants import Invariant

_CHAINS = """
WITH steps AS (
    SELECT application_id, number, from_state, row_number() OVER line AS place,
           lag(to_state, 1, 'draft') OVER line AS reached
    FROM application_steps WHERE programme_id = $1 WINDOW line AS (PARTITION BY application_id ORDER BY number)
)
SELECT format('app_%s: step %s begins at %s, before it the application was at %s',
              replace(application_id::text, '-', ''), number, from_state, reached)
FROM steps WHERE from_state <> reached OR number <> place
LIMIT 100
"""

_STATES = """
SELECT format('app_%s: its row says %s, its last step %s', replace(a.id::text, '-', ''), a.state,
              coalesce(s.to_state, 'draft'))
FROM applications a
LEFT JOIN LATERAL (
    SELECT to_state FROM application_steps
    WHERE programme_id = $1 AND application_id = a.id ORDER BY number DESC LIMIT 1
) s ON true
WHERE a.programme_id = $1 AND a.state <> coalesce(s.to_state, 'draft')
LIMIT 100
"""

_FACTS = """
SELECT format('app_%s: its facts are not those that were frozen', replace(id::text, '-', ''))
FROM applications WHERE programme_id = $1 AND sha256(convert_to(facts, 'UTF8')) <> facts_hash
LIMIT 100
"""

_GRANTED = """
SELECT format('app_%s: granted without %s', replace(a.id::text, '-', ''), need.what)
FROM benefit_grants g
JOIN applications a ON a.programme_id = $1 AND a.id = g.application_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE s.event = 'submit' AND s.facts_hash = g.facts_hash) AS frozen,
           count(*) FILTER (WHERE s.event = 'approve') AS approved,
           count(*) FILTER (WHERE s.event IN ('endorse', 'oppose') AND s.level = 1) AS by_village,
           count(*) FILTER (WHERE s.event IN ('endorse', 'oppose') AND s.level = 2) AS by_town,
           count(*) FILTER (WHERE s.event = 'end-publicity'
                            AND s.at >= before.at + make_interval(days => a.publicity_days)) AS published,
           count(*) FILTER (WHERE s.event = 'approve' AND EXISTS (
               SELECT FROM application_steps o WHERE o.programme_id = $1 AND o.application_id = a.id
               AND o.user_id = s.user_id AND o.event IN ('endorse', 'oppose'))) AS twice
    FROM application_steps s
    LEFT JOIN application_steps before ON before.programme_id = $1 AND before.application_id = a.id
         AND before.number = s.number - 1
    WHERE s.programme_id = $1 AND s.application_id = a.id
) had
CROSS JOIN LATERAL (VALUES
    ('the facts frozen at submission', had.frozen = 0 OR g.facts_hash IS DISTINCT FROM a.facts_hash),
    ('an approval', had.approved = 0),
    ('the opinion of the village', 1 = ANY (a.levels) AND had.by_village = 0),
    ('the opinion of the town', 2 = ANY (a.levels) AND had.by_town = 0),
    ('its public notice', a.publicity_days > 0 AND had.published = 0),
    ('another person at each level', had.twice > 0)
) AS need (what, is_missing)
WHERE g.programme_id = $1 AND need.is_missing
LIMIT 100
"""

_ANNULLED = """
SELECT format('app_%s: annulled without another person who proposed it', replace(s.application_id::text, '-', ''))
FROM application_steps s
LEFT JOIN LATERAL (
    SELECT event, user_id FROM application_steps
    WHERE programme_id = $1 AND application_id = s.application_id AND number < s.number
        AND event IN ('propose-annulment', 'dismiss-annulment') ORDER BY number DESC LIMIT 1
) said ON true
WHERE s.programme_id = $1 AND s.event = 'annul'
    AND (said.event IS DISTINCT FROM 'propose-annulment' OR said.user_id = s.user_id)
LIMIT 100
"""

_UNDONE = """
SELECT format('app_%s: it is %s, its grant %s, counted: %s, its hours %s', replace(a.id::text, '-', ''), a.state,
              g.state, g.counted, CASE WHEN g.returned_id IS NULL THEN 'used up' ELSE 'returned' END)
FROM benefit_grants g
JOIN applications a ON a.programme_id = $1 AND a.id = g.application_id
LEFT JOIN transactions x ON x.programme_id = $1 AND x.id = g.returned_id
WHERE g.programme_id = $1 AND (
    (a.state = 'annulled' AND a.settled
        AND (g.state <> 'revoked' OR g.counted OR (g.minutes > 0 AND g.returned_id IS NULL)))
    OR (x.reason = 'grant-mistaken' AND a.state <> 'annulled'))
LIMIT 100
"""

APPLICATION_CHECKS = (
    (Invariant.APPLICATIONS_MATCH, _CHAINS),
    (Invariant.APPLICATIONS_MATCH, _STATES),
    (Invariant.APPLICATIONS_MATCH, _FACTS),
    (Invariant.APPLICATIONS_MATCH, _GRANTED),
    (Invariant.APPLICATIONS_MATCH, _ANNULLED),
    (Invariant.APPLICATIONS_MATCH, _UNDONE),
)
"""What each statement gives does not match."""
