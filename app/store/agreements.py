"""Agreements of merchants: from when to when, under which number, with which quota."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from app.core.ids import AgreementId, MerchantId, ProgrammeId, UserId
from app.core.quantities import Points
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What a merchant and the city have agreed, both days included. `monthly_points`: at most so many a month."""

    id: AgreementId
    merchant: MerchantId
    number: str
    starts_on: date
    ends_on: date
    monthly_points: Points | None
    signed_by: UserId | None
    created_at: datetime


_COLUMNS = "id, merchant_id AS merchant, number, starts_on, ends_on, monthly_points, signed_by, created_at"

_FETCH = text(f"""
SELECT {_COLUMNS} FROM agreements WHERE programme_id = :programme AND merchant_id = :merchant AND id = :id
""")


async def fetch_agreement(
    reader: Reader | Tx, programme: ProgrammeId, merchant: MerchantId, agreement: AgreementId
) -> Agreement | None:
    """One agreement of a merchant."""
    values = {"programme": programme, "merchant": merchant, "id": agreement}
    row = (await reader.execute(_FETCH, values)).mappings().one_or_none()
    return Agreement(**row) if row else None


_LIST = text(f"""
SELECT {_COLUMNS} FROM agreements
WHERE programme_id = :programme AND merchant_id = :merchant AND id > :after ORDER BY id LIMIT :limit
""")


async def fetch_agreements(
    reader: Reader, programme: ProgrammeId, merchant: MerchantId, after: AgreementId, limit: int
) -> Sequence[Agreement]:
    """A merchant's agreements after a given one, in the order they were signed."""
    values = {"programme": programme, "merchant": merchant, "after": after, "limit": limit}
    return [Agreement(**row) for row in (await reader.execute(_LIST, values)).mappings()]


_SHARING = text(f"""
SELECT {_COLUMNS} FROM agreements
WHERE programme_id = :programme AND merchant_id = :merchant AND starts_on <= :ends_on AND ends_on >= :starts_on
ORDER BY starts_on LIMIT 1
""")


async def fetch_agreement_between(
    reader: Reader | Tx, programme: ProgrammeId, merchant: MerchantId, starts_on: date, ends_on: date
) -> Agreement | None:
    """The first agreement of a merchant that covers any of these days."""
    values = {"programme": programme, "merchant": merchant, "starts_on": starts_on, "ends_on": ends_on}
    row = (await reader.execute(_SHARING, values)).mappings().one_or_none()
    return Agreement(**row) if row else None


_INSERT = text("""
INSERT INTO agreements (programme_id, id, merchant_id, number, starts_on, ends_on, monthly_points, signed_by,
                        created_at)
VALUES (:programme, :id, :merchant, :number, :starts_on, :ends_on, :monthly_points, :signed_by, :created_at)
ON CONFLICT (programme_id, merchant_id, number) DO NOTHING
RETURNING id
""")


async def insert_agreement(tx: Tx, programme: ProgrammeId, agreement: Agreement) -> bool:
    """Add an agreement; False when the merchant has one of that number."""
    found = await tx.execute(
        _INSERT,
        {
            "programme": programme,
            "id": agreement.id,
            "merchant": agreement.merchant,
            "number": agreement.number,
            "starts_on": agreement.starts_on,
            "ends_on": agreement.ends_on,
            "monthly_points": agreement.monthly_points,
            "signed_by": agreement.signed_by,
            "created_at": agreement.created_at,
        },
    )
    return found.one_or_none() is not None


_SET_END = text("UPDATE agreements SET ends_on = :ends_on WHERE programme_id = :programme AND id = :id")


async def update_agreement_end(tx: Tx, programme: ProgrammeId, agreement: AgreementId, ends_on: date) -> None:
    """Let an agreement end on another day; the caller has locked its merchant."""
    await tx.execute(_SET_END, {"programme": programme, "id": agreement, "ends_on": ends_on})
