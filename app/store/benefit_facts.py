"""Gathering the facts that benefits are judged by: one volunteer, any number of benefits, a fixed number of statements.

As of the end of a business day, as known now. What has no history (membership, region) is as it is now; hours and
stars are those that were effective on the day; honours, penalties and records that have fallen since do not count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from app.core.accounts import AccountKind
from app.core.benefit_grants import Window
from app.core.benefits.facts import ADVERSE_YEARS, HONOUR_RANKS, SOURCES_MAX, Facts, Sources
from app.core.benefits.model import Benefit
from app.core.benefits.windows import MONTHS_A_YEAR, consumed_in, full_months, months_before, window_start
from app.core.business_days import business_day, end_of_day
from app.core.honours import HonourLevel
from app.core.ids import ProgrammeId, VolunteerId, format_id
from app.core.stars import NOT_EVALUATED, StarScale
from app.core.volunteers import Volunteer, VolunteerStatus
from app.store.database import Reader, Tx
from app.store.evaluations import fetch_quality
from app.store.programmes import fetch_stars, fetch_zone

_EVER = date(1900, 1, 1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whom, and up to when, statements ask about."""

    programme: ProgrammeId
    volunteer: VolunteerId
    as_of: date
    zone: str

    @property
    def before(self) -> datetime:
        """The first moment that does not belong to the day."""
        return end_of_day(self.as_of, self.zone)

    def values(self, **more: object) -> dict[str, object]:
        """The parameters that every statement takes."""
        return {"programme": self.programme, "volunteer": self.volunteer, "before": self.before, **more}


@dataclass(frozen=True, slots=True)
class _Used:
    """The minutes that no grant has consumed, and those that grants have, by the window."""

    hours: int
    consumed: Mapping[str, int]


_PERSON = text("""
SELECT status, region_code, registered_at, born_on FROM volunteers
WHERE programme_id = :programme AND id = :volunteer
""")


async def fetch_facts(
    reader: Reader | Tx, programme: ProgrammeId, volunteer: VolunteerId, benefit: Benefit, as_of: date
) -> Facts | None:
    """What is known of a volunteer for one benefit; None when there is no such volunteer."""
    return (await fetch_facts_for(reader, programme, volunteer, (benefit,), as_of)).get(benefit.reference)


async def fetch_facts_for(
    reader: Reader | Tx, programme: ProgrammeId, volunteer: VolunteerId, benefits: Sequence[Benefit], as_of: date
) -> Mapping[str, Facts]:
    """The facts for each of these benefits, by its reference; nothing when there is no such volunteer."""
    found = await reader.execute(_PERSON, {"programme": programme, "volunteer": volunteer})
    person = found.one_or_none()
    if person is None:
        return {}
    asked = _Asked(programme, volunteer, as_of, await fetch_zone(reader, programme))
    scale = await fetch_stars(reader, programme)
    hours, consumed = await _fetch_ledger(reader, asked)
    minutes = hours + sum(consumed.values())
    registered_on = business_day(person.registered_at, asked.zone)
    common = Facts(
        volunteer=format_id("vol", volunteer),
        benefit="",
        as_of=as_of,
        active=person.status == VolunteerStatus.ACTIVE,
        stars=await _read_stars(reader, asked, scale, minutes),
        star_minutes=scale.thresholds,
        minutes=minutes,
        region=person.region_code,
        registered_on=registered_on,
        registered_months=full_months(registered_on, as_of),
        age=Volunteer(volunteer, VolunteerStatus(person.status), born_on=person.born_on).age_on(as_of),
    )
    common = await _add_honours(reader, asked, await _add_adverse(reader, asked, common))
    common = replace(common, held=await _fetch_held(reader, asked))
    served = await _fetch_service(reader, asked, {_since(benefit, as_of) for benefit in benefits})
    return {
        benefit.reference: _add_window(common, benefit, asked, served, _Used(hours, consumed)) for benefit in benefits
    }


def _since(benefit: Benefit, as_of: date) -> date:
    return _EVER if benefit.window_months is None else window_start(benefit.window_months, as_of)


def _add_window(
    common: Facts,
    benefit: Benefit,
    asked: _Asked,
    served: Mapping[date, tuple[int, Sources]],
    used: _Used,
) -> Facts:
    since = _since(benefit, asked.as_of)
    minutes, records = served.get(since, (0, Sources()))
    named = replace(common, benefit=benefit.reference, records=records)
    if benefit.window_months is None:
        return named
    taken = consumed_in(Window(asked.volunteer, since, asked.as_of), used.consumed)
    taken = max(taken, minutes - used.hours)
    return replace(named, window_from=since, window_minutes=minutes, consumed=taken)


async def _read_stars(reader: Reader | Tx, asked: _Asked, scale: StarScale, minutes: int) -> int:
    quality = NOT_EVALUATED
    if scale.quality_min is not None:
        quality = await fetch_quality(reader, asked.programme, asked.volunteer, asked.before)
    return scale.stars(minutes, quality)


_LEDGER = text("""
SELECT a.kind, a.part, coalesce((
    SELECT sum(CASE WHEN t.credit_account_no = a.account_no THEN t.amount ELSE -t.amount END)
    FROM (
        SELECT seq, credit_account_no, amount FROM transfers
        WHERE programme_id = :programme AND credit_account_no = a.account_no
        UNION ALL
        SELECT seq, credit_account_no, amount FROM transfers
        WHERE programme_id = :programme AND debit_account_no = a.account_no
    ) t JOIN transactions x ON x.programme_id = :programme AND x.seq = t.seq
    WHERE x.occurred_at < :before
), 0)::bigint AS minutes
FROM accounts a
WHERE a.programme_id = :programme AND a.owner_id = :volunteer AND a.kind IN ('hours', 'consumed')
""")


async def _fetch_ledger(reader: Reader | Tx, asked: _Asked) -> tuple[int, Mapping[str, int]]:
    """The minutes in `hours`, and those that grants have consumed, by the window: together what was served."""
    rows = (await reader.execute(_LEDGER, asked.values())).all()
    hours = sum(row.minutes for row in rows if row.kind == AccountKind.HOURS)
    return hours, {row.part: row.minutes for row in rows if row.kind == AccountKind.CONSUMED and row.minutes}


_SERVICE = text("""
SELECT w.since, count(r.id) AS found, coalesce(sum(r.minutes), 0)::bigint AS minutes,
       (array_agg(r.id ORDER BY r.started_at DESC, r.id DESC))[1:CAST(:most AS integer)] AS ids
FROM unnest(CAST(:since AS date[]), CAST(:begins AS timestamptz[])) AS w (since, begins)
JOIN service_records r ON r.programme_id = :programme AND r.volunteer_id = :volunteer AND r.state = 'verified'
 AND r.started_at >= w.begins AND r.started_at < :before AND r.ended_at < :before
GROUP BY w.since
""")


async def _fetch_service(
    reader: Reader | Tx, asked: _Asked, starts: Iterable[date]
) -> Mapping[date, tuple[int, Sources]]:
    """Verified service by the first day of each window: begun on it or later, and over by the end of the day."""
    since = sorted(starts)
    begins = [end_of_day(day - _DAY, asked.zone) for day in since]
    rows = await reader.execute(_SERVICE, asked.values(since=since, begins=begins, most=SOURCES_MAX))
    return {
        row.since: (row.minutes, Sources(ids=tuple(format_id("rec", one) for one in row.ids), count=row.found))
        for row in rows
    }


_HELD = text("""
SELECT benefit_code FROM benefit_grants
WHERE programme_id = :programme AND volunteer_id = :volunteer AND state = 'approved' AND approved_at < :before
  AND (valid_until IS NULL OR valid_until >= :before)
UNION
SELECT r.benefit_code FROM places p JOIN rounds r ON r.programme_id = p.programme_id AND r.id = p.round_id
WHERE p.programme_id = :programme AND p.volunteer_id = :volunteer AND p.state IN ('entered', 'waiting', 'held')
  AND p.grant_id IS NULL AND p.claimed_at < :before AND (r.ends_at IS NULL OR r.ends_at >= :before)
ORDER BY 1
""")


async def _fetch_held(reader: Reader | Tx, asked: _Asked) -> tuple[str, ...]:
    """Benefits with a grant, or a place of a round, that is held to the end of the day. Who waits counts as holding."""
    return tuple(await reader.scalars(_HELD, asked.values()))


_HONOURS = text("""
SELECT h.id, h.level, h.edition FROM honours h
JOIN LATERAL (
    SELECT state FROM honour_states
    WHERE programme_id = h.programme_id AND honour_id = h.id ORDER BY number DESC LIMIT 1
) s ON s.state = 'recorded'
WHERE h.programme_id = :programme AND h.volunteer_id = :volunteer AND h.awarded_on <= :as_of
ORDER BY h.awarded_on DESC, h.id DESC
""")


async def _add_honours(reader: Reader | Tx, asked: _Asked, facts: Facts) -> Facts:
    rows = (await reader.execute(_HONOURS, asked.values(as_of=asked.as_of))).all()
    ranks = [HONOUR_RANKS.index(HonourLevel(row.level)) + 1 for row in rows]
    return replace(
        facts,
        honours=len(rows),
        honour_level=max(ranks, default=0),
        four_tens=sum(row.edition is not None for row in rows),
        honour_sources=_sources([("hon", row.id) for row in rows]),
    )


_ADVERSE = text("""
SELECT prefix, id FROM (
    SELECT 'pen' AS prefix, id, happened_on AS day FROM penalties
    WHERE programme_id = :programme AND volunteer_id = :volunteer AND points > 0
      AND happened_on > :since AND happened_on <= :as_of
      AND (state IN ('upheld', 'posted') OR (state = 'confirmed' AND appeal_until < :before))
    UNION ALL
    SELECT 'rec', r.id, max((o.answered_at AT TIME ZONE :zone)::date) FROM service_records r
    JOIN objections o ON o.programme_id = r.programme_id AND o.record_id = r.id
    WHERE r.programme_id = :programme AND r.volunteer_id = :volunteer AND r.state = 'withdrawn'
      AND o.state IN ('upheld', 'corrected') AND o.raised_by <> :reference
      AND o.answered_at >= :begins AND o.answered_at < :before
    GROUP BY r.id
) adverse ORDER BY day DESC, id DESC
""")


async def _add_adverse(reader: Reader | Tx, asked: _Asked, facts: Facts) -> Facts:
    """Penalties that are final and took points; records withdrawn because somebody else rightly objected to them."""
    since = months_before(asked.as_of, ADVERSE_YEARS * MONTHS_A_YEAR)
    values = asked.values(
        as_of=asked.as_of,
        since=since,
        begins=end_of_day(since, asked.zone),
        zone=asked.zone,
        reference=format_id("vol", asked.volunteer),
    )
    rows = (await reader.execute(_ADVERSE, values)).all()
    sources = _sources([(row.prefix, row.id) for row in rows])
    return replace(facts, adverse=len(rows), adverse_sources=sources)


def _sources(found: Sequence[tuple[str, UUID]]) -> Sources:
    return Sources(ids=tuple(format_id(prefix, one) for prefix, one in found[:SOURCES_MAX]), count=len(found))
