"""The rows that commands read and change, fetched and written by whole batches: one array statement per kind."""

from collections.abc import Collection, Sequence
from datetime import date

from asyncpg import Record

from app.core.glimpses import Spent
from app.core.ids import OfferId, ProgrammeId, RecordId, RedemptionId, TerminalId, VolunteerId
from app.core.merchants import Till
from app.core.policies import AccrualPolicy
from app.core.programmes import Programme
from app.core.quantities import Instant, Points
from app.core.reviews import Stretch, day_bounds, stretch_of
from app.core.rows import (
    Evidence,
    LotPart,
    PayCode,
    PayCodeHash,
    RecordState,
    Redemption,
    RedemptionState,
    ServiceRecord,
    ServiceRole,
)
from app.core.volunteers import Volunteer, VolunteerStatus
from app.store.database import BatchConnection
from app.store.policy_bodies import POLICY_COLUMNS, read_policy

_PAY_CODES = """
SELECT hash, volunteer_id, expires_at, used_by, member_id FROM pay_codes
WHERE programme_id = $1 AND hash = ANY($2)
"""


async def fetch_pay_codes(
    connection: BatchConnection, programme: ProgrammeId, hashes: Collection[PayCodeHash]
) -> dict[PayCodeHash, PayCode]:
    """The pay codes with these keyed hashes."""
    rows = await connection.fetch(_PAY_CODES, programme, list(hashes))
    return {row[0]: PayCode(*row) for row in rows}


_TILLS = """
SELECT t.id, t.store_id, t.merchant_id, t.disabled_at IS NOT NULL, m.status <> 'active' OR a.id IS NULL,
       a.monthly_points, s.name
FROM terminals t
JOIN merchants m ON m.programme_id = t.programme_id AND m.id = t.merchant_id
JOIN stores s ON s.programme_id = t.programme_id AND s.id = t.store_id
LEFT JOIN LATERAL (
    SELECT id, monthly_points FROM agreements
    WHERE programme_id = m.programme_id AND merchant_id = m.id AND starts_on <= $3 AND ends_on >= $3
    ORDER BY starts_on DESC LIMIT 1
) a ON true
WHERE t.programme_id = $1 AND t.id = ANY($2)
"""


async def fetch_tills(
    connection: BatchConnection, programme: ProgrammeId, terminals: Collection[TerminalId], today: date
) -> dict[TerminalId, Till]:
    """These terminals with the state of their merchants: one without an agreement for today is suspended."""
    rows = await connection.fetch(_TILLS, programme, list(terminals), today)
    return {row[0]: Till(*row) for row in rows}


_VOLUNTEERS = """
SELECT id, status, masked_name, region_code, born_on FROM volunteers WHERE programme_id = $1 AND id = ANY($2)
"""


async def fetch_volunteers(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[VolunteerId]
) -> dict[VolunteerId, Volunteer]:
    """These volunteers."""
    rows = await connection.fetch(_VOLUNTEERS, programme, list(ids))
    return {row[0]: Volunteer(row[0], VolunteerStatus(row[1]), row[2], row[3], row[4]) for row in rows}


_SPENT = """
SELECT v.id, r.id, r.merchant_id, r.points, r.occurred_at
FROM unnest($2::uuid[]) AS v (id)
CROSS JOIN LATERAL (
    SELECT id, merchant_id, points, occurred_at FROM redemptions
    WHERE programme_id = $1 AND volunteer_id = v.id AND occurred_at >= $3 AND state NOT IN ('CLOSED', 'REVERSED')
        AND (closes_at IS NULL OR state <> 'AWAITING_CONFIRMATION' OR closes_at > $4) OFFSET 0
) r
"""
"""`OFFSET 0` keeps the planner from turning the look-ups into one join over everybody's sales of the day."""


async def fetch_spent(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[VolunteerId], since: Instant, at: Instant
) -> dict[VolunteerId, dict[RedemptionId, Spent]]:
    """What these volunteers have paid since a moment."""
    spent: dict[VolunteerId, dict[RedemptionId, Spent]] = {volunteer: {} for volunteer in ids}
    for volunteer, redemption, merchant, points, occurred_at in await connection.fetch(
        _SPENT, programme, list(ids), since, at
    ):
        spent[volunteer][redemption] = Spent(merchant, points, occurred_at)
    return spent


_REDEMPTION = """
SELECT r.id, r.trade_no, r.state, r.volunteer_id, r.merchant_id, r.store_id, r.terminal_id, r.points,
       r.settlement_fen, r.occurred_at, r.transaction_id, r.refunded_points, r.refunded_fen, r.refund_count,
       r.closes_at, r.member_id, r.offer_id, r.offer_version, r.quantity, v.masked_name, l.parts, l.amounts, f.fund_id,
       r.seq, x.leaf_hash
FROM redemptions r
JOIN volunteers v ON v.programme_id = r.programme_id AND v.id = r.volunteer_id
JOIN transactions x ON x.programme_id = r.programme_id AND x.seq = r.seq
CROSS JOIN LATERAL (
    SELECT array_agg(a.part ORDER BY t.position) AS parts, array_agg(t.amount ORDER BY t.position) AS amounts
    FROM transfers t
    JOIN accounts a ON a.programme_id = t.programme_id AND a.account_no = t.debit_account_no
    WHERE t.programme_id = r.programme_id AND t.seq = r.seq AND a.kind IN ('wallet', 'held')
) l
LEFT JOIN LATERAL (
    SELECT a.owner_id AS fund_id FROM transfers t
    JOIN accounts a ON a.programme_id = t.programme_id AND a.account_no = t.debit_account_no
    WHERE t.programme_id = r.programme_id AND t.seq = r.seq AND a.kind IN ('fund', 'committed')
) f ON true
WHERE r.programme_id = $1 AND """
_REDEMPTIONS = _REDEMPTION + "r.id = ANY($2)"
_WAITING = _REDEMPTION + "r.state = 'AWAITING_CONFIRMATION' AND r.closes_at <= $3 AND "
_WAITING_OF_PEOPLE = _WAITING + "r.volunteer_id = ANY($2) LIMIT 1000"
_WAITING_OF_OFFERS = _WAITING + "r.offer_id = ANY($2) LIMIT 1000"


async def fetch_redemptions(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[RedemptionId]
) -> dict[RedemptionId, Redemption]:
    """These redemptions, with the lots and the fund that the journal says they were paid from."""
    return _redemptions(await connection.fetch(_REDEMPTIONS, programme, list(ids)))


async def fetch_lapsed_redemptions(
    connection: BatchConnection,
    programme: ProgrammeId,
    volunteers: Collection[VolunteerId],
    offers: Collection[OfferId],
    at: Instant,
) -> dict[RedemptionId, Redemption]:
    """The redemptions by these volunteers or of these offers that nobody confirmed in time, not booked as closed."""
    found: dict[RedemptionId, Redemption] = {}
    if volunteers:
        found |= _redemptions(await connection.fetch(_WAITING_OF_PEOPLE, programme, list(volunteers), at))
    if offers:
        found |= _redemptions(await connection.fetch(_WAITING_OF_OFFERS, programme, list(offers), at))
    return found


def _redemptions(rows: Sequence[Record]) -> dict[RedemptionId, Redemption]:
    return {
        row["id"]: Redemption(
            id=row["id"],
            trade_no=row["trade_no"],
            state=RedemptionState(row["state"]),
            volunteer=row["volunteer_id"],
            merchant=row["merchant_id"],
            store=row["store_id"],
            terminal=row["terminal_id"],
            points=row["points"],
            settlement_fen=row["settlement_fen"],
            occurred_at=row["occurred_at"],
            transaction=row["transaction_id"],
            lots=read_lots(row["parts"], row["amounts"]),
            fund=row["fund_id"],
            masked_name=row["masked_name"],
            refunded_points=row["refunded_points"],
            refunded_fen=row["refunded_fen"],
            refund_count=row["refund_count"],
            closes_at=row["closes_at"],
            member=row["member_id"],
            offer=row["offer_id"],
            offer_version=row["offer_version"],
            quantity=row["quantity"],
            receipt=(row["seq"], row["leaf_hash"]),
        )
        for row in rows
    }


def read_lots(parts: Sequence[str], amounts: Sequence[int]) -> tuple[LotPart, ...]:
    """Lots as the journal's transfers name them."""
    return tuple(LotPart(date.fromisoformat(part), Points(amount)) for part, amount in zip(parts, amounts, strict=True))


_RECORDS = """
SELECT id, state, volunteer_id, team_id, evidence, minutes, level, started_at, ended_at, recorder_id, verifier_id,
       points, expires_on, policy, pending, matures_at, transaction_id, activity_id, category, place_region, role,
       replaces_id
FROM service_records WHERE programme_id = $1 AND id = ANY($2)
"""


async def fetch_records(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[RecordId]
) -> dict[RecordId, ServiceRecord]:
    """These service records."""
    rows = await connection.fetch(_RECORDS, programme, list(ids))
    return {
        row["id"]: ServiceRecord(
            id=row["id"],
            state=RecordState(row["state"]),
            volunteer=row["volunteer_id"],
            team=row["team_id"],
            evidence=Evidence(row["evidence"]),
            minutes=row["minutes"],
            level=row["level"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            recorder=row["recorder_id"],
            verifier=row["verifier_id"],
            points=row["points"],
            expires_on=row["expires_on"],
            policy=row["policy"],
            pending=row["pending"],
            matures_at=row["matures_at"],
            transaction=row["transaction_id"],
            activity_id=row["activity_id"],
            category=row["category"],
            region=row["place_region"],
            role=ServiceRole(row["role"]),
            replaces=row["replaces_id"],
        )
        for row in rows
    }


_SERVED = """
SELECT v.id, r.id, r.started_at, r.ended_at, r.minutes
FROM (SELECT * FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[])) AS v (id, since, until)
CROSS JOIN LATERAL (
    SELECT id, started_at, ended_at, minutes FROM service_records
    WHERE programme_id = $1 AND volunteer_id = v.id AND started_at < v.until AND ended_at > v.since
        AND state = 'verified' OFFSET 0
) r
"""
"""`OFFSET 0` keeps the planner from turning the look-ups into one join over everybody's records."""


async def fetch_served(
    connection: BatchConnection, programme: Programme, records: Collection[ServiceRecord]
) -> dict[VolunteerId, dict[RecordId, Stretch]]:
    """What the volunteers of these records have verified on the days of these records."""
    bounds = [day_bounds(stretch_of(record), programme.zone) for record in records]
    served: dict[VolunteerId, dict[RecordId, Stretch]] = {record.volunteer: {} for record in records}
    for volunteer, record, started_at, ended_at, minutes in await connection.fetch(
        _SERVED,
        programme.id,
        [record.volunteer for record in records],
        [since for since, _ in bounds],
        [until for _, until in bounds],
    ):
        served[volunteer][record] = Stretch(started_at, ended_at, minutes)
    return served


_POLICIES = f"SELECT {POLICY_COLUMNS} FROM accrual_policies WHERE programme_id = $1"


async def fetch_policies(connection: BatchConnection, programme: ProgrammeId) -> tuple[AccrualPolicy, ...]:
    """All published versions of the accrual policy."""
    rows = await connection.fetch(_POLICIES, programme)
    return tuple(read_policy(*row) for row in rows)
