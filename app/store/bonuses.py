"""Bonuses: who referred whom, which registrations may bring a grant, what is to be settled, and what was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from app.core.bonuses import Bonus, BonusKey, BonusKind
from app.core.honours import HonourLevel
from app.core.ids import BonusId, ProgrammeId, RecordId, VolunteerId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What brings a bonus, or takes one back: whose it is, and the day whose policy counts."""

    kind: BonusKind
    cause: UUID
    volunteer: VolunteerId
    day: date
    level: HonourLevel | None = None
    record: RecordId | None = None
    """Of a referral to be taken back: a record that was withdrawn."""


_REFER = text("""
INSERT INTO referrals (programme_id, volunteer_id, referred_by, recorded_at)
VALUES (:programme, :volunteer, :referred_by, :at)
""")
_CLAIM = text("INSERT INTO start_claims (programme_id, volunteer_id, day) VALUES (:programme, :volunteer, :day)")


async def insert_referral(
    tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, referred_by: VolunteerId, at: datetime
) -> None:
    """Note who brought a new volunteer in."""
    await tx.execute(_REFER, {"programme": programme, "volunteer": volunteer, "referred_by": referred_by, "at": at})


async def insert_start_claim(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, day: date) -> None:
    """Note that a registration of a day is to bring its grant."""
    await tx.execute(_CLAIM, {"programme": programme, "volunteer": volunteer, "day": day})


_REFERRED_BY = text("SELECT referred_by FROM referrals WHERE programme_id = :programme AND volunteer_id = :volunteer")


async def fetch_referrer(reader: Reader, programme: ProgrammeId, volunteer: VolunteerId) -> VolunteerId | None:
    """Who brought a volunteer in, if anybody."""
    found = await reader.scalar(_REFERRED_BY, {"programme": programme, "volunteer": volunteer})
    return VolunteerId(found) if found else None


_STARTS = text("""
SELECT 'start-grant' AS kind, volunteer_id AS cause, volunteer_id AS volunteer, day, CAST(NULL AS text) AS level
FROM start_claims WHERE programme_id = :programme AND NOT settled ORDER BY volunteer_id LIMIT :limit
""")
# The day of a referral is that on which the referred volunteer's first record that earns was verified.
_REFERRALS = text("""
SELECT 'referral-bonus' AS kind, f.volunteer_id AS cause, f.referred_by AS volunteer,
       (first.at AT TIME ZONE p.zone)::date AS day, CAST(NULL AS text) AS level
FROM referrals f
JOIN programmes p ON p.id = f.programme_id
CROSS JOIN LATERAL (
    SELECT min(x.recorded_at) AS at FROM accruals a
    JOIN service_records r ON r.programme_id = a.programme_id AND r.id = a.record_id AND r.state = 'verified'
    JOIN transactions x ON x.programme_id = r.programme_id AND x.id = r.transaction_id
    WHERE a.programme_id = f.programme_id AND a.volunteer_id = f.volunteer_id AND a.points > 0
) first
WHERE f.programme_id = :programme AND NOT f.settled AND first.at IS NOT NULL
ORDER BY f.volunteer_id LIMIT :limit
""")
_HONOURS = text("""
SELECT 'honour-bonus' AS kind, h.id AS cause, h.volunteer_id AS volunteer,
       (s.set_at AT TIME ZONE p.zone)::date AS day, h.level
FROM honours h
JOIN programmes p ON p.id = h.programme_id
JOIN honour_states s ON s.programme_id = h.programme_id AND s.honour_id = h.id AND s.state = 'recorded'
WHERE h.programme_id = :programme AND h.volunteer_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM honour_states w WHERE w.programme_id = h.programme_id AND w.honour_id = h.id
                  AND w.state = 'withdrawn')
  AND NOT EXISTS (SELECT FROM bonuses b WHERE b.programme_id = h.programme_id AND b.kind = 'honour-bonus'
                  AND b.cause_id = h.id)
ORDER BY h.id LIMIT :limit
""")
_WITHDRAWN = text("""
SELECT 'honour-withdrawn' AS kind, b.cause_id AS cause, b.volunteer_id AS volunteer,
       (w.set_at AT TIME ZONE p.zone)::date AS day, b.level
FROM bonuses b
JOIN programmes p ON p.id = b.programme_id
JOIN honour_states w ON w.programme_id = b.programme_id AND w.honour_id = b.cause_id AND w.state = 'withdrawn'
WHERE b.programme_id = :programme AND b.kind = 'honour-bonus'
  AND NOT EXISTS (SELECT FROM bonuses t WHERE t.programme_id = b.programme_id AND t.kind = 'honour-withdrawn'
                  AND t.cause_id = b.cause_id)
ORDER BY b.cause_id LIMIT :limit
""")
# Taken back once nothing that earns stands, nor waits for its verification: hours may be entered again as they were.
_REFERRALS_ENDED = text("""
SELECT 'referral-withdrawn' AS kind, b.cause_id AS cause, b.volunteer_id AS volunteer, b.day,
       CAST(NULL AS text) AS level, w.record
FROM (
    SELECT volunteer_id, min(id::text)::uuid AS record FROM service_records
    WHERE programme_id = :programme AND state = 'withdrawn' GROUP BY volunteer_id
) w
JOIN bonuses b ON b.programme_id = :programme AND b.kind = 'referral-bonus' AND b.cause_id = w.volunteer_id
WHERE NOT EXISTS (SELECT FROM bonuses t WHERE t.programme_id = :programme AND t.kind = 'referral-withdrawn'
                  AND t.cause_id = b.cause_id)
  AND NOT EXISTS (SELECT FROM service_records r WHERE r.programme_id = :programme AND r.volunteer_id = b.cause_id
                  AND (r.state = 'entered' OR (r.state = 'verified' AND r.points > 0)))
ORDER BY b.cause_id LIMIT :limit
""")
_DUE = {
    BonusKind.START: _STARTS,
    BonusKind.REFERRAL: _REFERRALS,
    BonusKind.HONOUR: _HONOURS,
    BonusKind.HONOUR_WITHDRAWN: _WITHDRAWN,
    BonusKind.REFERRAL_WITHDRAWN: _REFERRALS_ENDED,
}


async def fetch_causes(reader: Reader, programme: ProgrammeId, kind: BonusKind, limit: int) -> Sequence[Cause]:
    """Causes of one kind that are not settled."""
    rows = await reader.execute(_DUE[kind], {"programme": programme, "limit": limit})
    return [
        Cause(
            kind=kind,
            cause=row.cause,
            volunteer=row.volunteer,
            day=row.day,
            level=HonourLevel(row.level) if row.level else None,
            record=row.record if kind is BonusKind.REFERRAL_WITHDRAWN else None,
        )
        for row in rows
    ]


_SETTLED = {
    BonusKind.START: text(
        "UPDATE start_claims SET settled = true WHERE programme_id = :programme AND volunteer_id = ANY(:causes)"
    ),
    BonusKind.REFERRAL: text(
        "UPDATE referrals SET settled = true WHERE programme_id = :programme AND volunteer_id = ANY(:causes)"
    ),
}


async def note_settled(tx: Tx, programme: ProgrammeId, causes: Sequence[BonusKey]) -> None:
    """Write down which claims and referrals need not be looked at again. Honours are told by the bonuses themselves."""
    for kind, statement in _SETTLED.items():
        if named := [key.cause for key in causes if key.kind is kind]:
            await tx.execute(statement, {"programme": programme, "causes": named})


_COLUMNS = """id, kind, cause_id AS cause, volunteer_id AS volunteer, day, points, policy, level, expires_on,
       transaction_id AS transaction, revokes_id AS revokes"""


def _bonus(row: RowMapping) -> Bonus:
    level = HonourLevel(row["level"]) if row["level"] else None
    return Bonus(**{**row, "kind": BonusKind(row["kind"]), "level": level})


_LIST = text(f"""
SELECT {_COLUMNS} FROM bonuses
WHERE programme_id = :programme AND volunteer_id = :volunteer AND id > :after AND points > 0 ORDER BY id LIMIT :limit
""")
_ONE = text(f"SELECT {_COLUMNS} FROM bonuses WHERE programme_id = :programme AND id = :id AND points > 0")


async def fetch_bonuses_of(
    reader: Reader, programme: ProgrammeId, volunteer: VolunteerId, after: BonusId, limit: int
) -> Sequence[Bonus]:
    """A volunteer's bonuses after a given one, in the order they were settled. What brought nothing is left out."""
    values = {"programme": programme, "volunteer": volunteer, "after": after, "limit": limit}
    return [_bonus(row) for row in (await reader.execute(_LIST, values)).mappings()]


async def fetch_bonus(reader: Reader, programme: ProgrammeId, bonus: BonusId) -> Bonus | None:
    """One bonus; None for what brought nothing."""
    row = (await reader.execute(_ONE, {"programme": programme, "id": bonus})).mappings().one_or_none()
    return _bonus(row) if row else None


_NAMED = text(f"SELECT {_COLUMNS} FROM bonuses WHERE programme_id = :programme AND id = ANY(:ids)")


async def fetch_bonuses_named(
    reader: Reader, programme: ProgrammeId, ids: Sequence[BonusId]
) -> Mapping[BonusId, Bonus]:
    """These bonuses."""
    rows = (await reader.execute(_NAMED, {"programme": programme, "ids": ids})).mappings() if ids else ()
    return {row["id"]: _bonus(row) for row in rows}
