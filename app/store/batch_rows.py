"""The rows that commands read and change, fetched and written by whole batches: one array statement per kind."""

import json
from collections.abc import Collection, Sequence
from datetime import date

from app.core.ids import (
    FundId,
    HoldId,
    ProgrammeId,
    RecordId,
    RedemptionId,
    TerminalId,
    VolunteerId,
)
from app.core.merchants import Till
from app.core.policies import AccrualPolicy
from app.core.quantities import Fen, Points
from app.core.rows import (
    Evidence,
    Hold,
    HoldState,
    LotPart,
    PayCode,
    PayCodeHash,
    RecordState,
    Redemption,
    RedemptionState,
    ServiceRecord,
)
from app.core.volunteers import Volunteer, VolunteerStatus
from app.store.database import BatchConnection

_PAY_CODES = "SELECT hash, volunteer_id, expires_at, used_by FROM pay_codes WHERE programme_id = $1 AND hash = ANY($2)"


async def fetch_pay_codes(
    connection: BatchConnection, programme: ProgrammeId, hashes: Collection[PayCodeHash]
) -> dict[PayCodeHash, PayCode]:
    """The pay codes with these keyed hashes."""
    rows = await connection.fetch(_PAY_CODES, programme, list(hashes))
    return {row[0]: PayCode(*row) for row in rows}


_TILLS = """
SELECT t.id, t.store_id, t.merchant_id, t.disabled_at IS NOT NULL, m.status <> 'active'
FROM terminals t JOIN merchants m ON m.programme_id = t.programme_id AND m.id = t.merchant_id
WHERE t.programme_id = $1 AND t.id = ANY($2)
"""


async def fetch_tills(
    connection: BatchConnection, programme: ProgrammeId, terminals: Collection[TerminalId]
) -> dict[TerminalId, Till]:
    """These terminals with the state of their merchants."""
    rows = await connection.fetch(_TILLS, programme, list(terminals))
    return {row[0]: Till(*row) for row in rows}


_VOLUNTEERS = "SELECT id, status, masked_name FROM volunteers WHERE programme_id = $1 AND id = ANY($2)"


async def fetch_volunteers(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[VolunteerId]
) -> dict[VolunteerId, Volunteer]:
    """These volunteers."""
    rows = await connection.fetch(_VOLUNTEERS, programme, list(ids))
    return {row[0]: Volunteer(row[0], VolunteerStatus(row[1]), row[2]) for row in rows}


_REDEMPTIONS = """
SELECT r.id, r.trade_no, r.state, r.volunteer_id, r.merchant_id, r.store_id, r.terminal_id, r.points,
       r.settlement_fen, r.occurred_at, r.transaction_id, r.refunded_points, r.refunded_fen, r.refund_count,
       v.masked_name, l.parts, l.amounts, f.fund_id
FROM redemptions r
JOIN volunteers v ON v.programme_id = r.programme_id AND v.id = r.volunteer_id
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
WHERE r.programme_id = $1 AND r.id = ANY($2)
"""


async def fetch_redemptions(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[RedemptionId]
) -> dict[RedemptionId, Redemption]:
    """These redemptions, with the lots and the fund that the journal says they were paid from."""
    rows = await connection.fetch(_REDEMPTIONS, programme, list(ids))
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
            lots=_lots(row["parts"], row["amounts"]),
            fund=row["fund_id"],
            masked_name=row["masked_name"],
            refunded_points=row["refunded_points"],
            refunded_fen=row["refunded_fen"],
            refund_count=row["refund_count"],
        )
        for row in rows
    }


def _lots(parts: Sequence[str], amounts: Sequence[int]) -> tuple[LotPart, ...]:
    return tuple(LotPart(date.fromisoformat(part), Points(amount)) for part, amount in zip(parts, amounts, strict=True))


_HOLDS = """
SELECT h.id, h.state, h.volunteer_id, h.merchant_id, h.expires_at, h.transaction_id, l.parts, l.amounts,
       f.fund_id, coalesce(f.amount, 0) AS fen
FROM holds h
CROSS JOIN LATERAL (
    SELECT array_agg(a.part ORDER BY t.position) AS parts, array_agg(t.amount ORDER BY t.position) AS amounts
    FROM transfers t
    JOIN accounts a ON a.programme_id = t.programme_id AND a.account_no = t.debit_account_no
    WHERE t.programme_id = h.programme_id AND t.seq = h.seq AND a.kind = 'wallet'
) l
LEFT JOIN LATERAL (
    SELECT a.owner_id AS fund_id, t.amount FROM transfers t
    JOIN accounts a ON a.programme_id = t.programme_id AND a.account_no = t.debit_account_no
    WHERE t.programme_id = h.programme_id AND t.seq = h.seq AND a.kind = 'fund'
) f ON true
WHERE h.programme_id = $1 AND h.id = ANY($2)
"""


async def fetch_holds(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[HoldId]
) -> dict[HoldId, Hold]:
    """These holds, with the lots and the money that the journal says they reserve."""
    rows = await connection.fetch(_HOLDS, programme, list(ids))
    return {
        row["id"]: Hold(
            id=row["id"],
            state=HoldState(row["state"]),
            volunteer=row["volunteer_id"],
            merchant=row["merchant_id"],
            lots=_lots(row["parts"], row["amounts"]),
            fund=FundId(row["fund_id"]) if row["fund_id"] else None,
            settlement_fen=Fen(row["fen"]),
            expires_at=row["expires_at"],
            transaction=row["transaction_id"],
        )
        for row in rows
    }


_RECORDS = """
SELECT id, state, volunteer_id, team_id, evidence, minutes, level, started_at, ended_at, recorder_id, verifier_id,
       points, expires_on, policy, pending, matures_at, transaction_id
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
        )
        for row in rows
    }


_POLICIES = """
SELECT version, effective_from, rate_per_hour, coefficients_bp FROM accrual_policies WHERE programme_id = $1
"""


async def fetch_policies(connection: BatchConnection, programme: ProgrammeId) -> tuple[AccrualPolicy, ...]:
    """All versions of the accrual policy."""
    rows = await connection.fetch(_POLICIES, programme)
    return tuple(
        AccrualPolicy(
            version=version,
            effective_from=effective_from,
            rate_per_hour=rate,
            coefficients_bp={int(level): bp for level, bp in json.loads(coefficients).items()},
        )
        for version, effective_from, rate, coefficients in rows
    )
