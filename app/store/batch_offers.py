"""Offers, orders and limited quantities, fetched for whole batches: one array statement per kind."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from asyncpg import Record

from app.core.ids import MerchantId, OfferId, OrderId, ProgrammeId, VolunteerId
from app.core.merchants import Merchant
from app.core.offers import Funding, Gates, Limit, LimitPeriod, Offer, OfferState
from app.core.quantities import Fen, Instant
from app.core.rows import Order, OrderState, Stock, TallyKey, VoucherHash
from app.store.batch_rows import read_lots
from app.store.database import BatchConnection

_OFFERS = """
SELECT o.id, o.merchant_id, o.version, o.state, v.points, v.funding, v.face_value_fen, v.fund_ids, v.limits::text,
       v.stars_min, v.minutes_min, v.region_codes, v.age_min, v.age_max, v.starts_at, v.ends_at, v.voucher_days,
       v.voucher_until, v.final_sale, s.total, coalesce(s.taken, 0) AS taken
FROM offers o
JOIN offer_versions v ON v.programme_id = o.programme_id AND v.offer_id = o.id AND v.version = o.version
LEFT JOIN offer_stocks s ON s.programme_id = o.programme_id AND s.offer_id = o.id
WHERE o.programme_id = $1 AND o.id = ANY($2)
"""


async def fetch_offers(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[OfferId]
) -> tuple[dict[OfferId, Offer], dict[OfferId, Stock]]:
    """These offers in their present version, and their stock."""
    rows = await connection.fetch(_OFFERS, programme, list(ids))
    stocks = {row["id"]: Stock(row["id"], row["total"], row["taken"]) for row in rows}
    return {row["id"]: _offer(row) for row in rows}, stocks


def _offer(row: Record) -> Offer:
    return Offer(
        id=row["id"],
        merchant=row["merchant_id"],
        version=row["version"],
        state=OfferState(row["state"]),
        points=row["points"],
        funding=Funding(row["funding"]),
        face_value_fen=row["face_value_fen"],
        funds=tuple(row["fund_ids"]),
        limits=tuple(Limit(LimitPeriod(limit["period"]), limit["count"]) for limit in json.loads(row["limits"])),
        gates=Gates(
            stars_min=row["stars_min"],
            minutes_min=row["minutes_min"],
            region_codes=tuple(row["region_codes"]),
            age_min=row["age_min"],
            age_max=row["age_max"],
        ),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        voucher_days=row["voucher_days"],
        voucher_until=row["voucher_until"],
        final_sale=row["final_sale"],
    )


_STOCKS = "SELECT offer_id, total, taken FROM offer_stocks WHERE programme_id = $1 AND offer_id = ANY($2)"


async def fetch_stocks(
    connection: BatchConnection, programme: ProgrammeId, offers: Collection[OfferId]
) -> dict[OfferId, Stock]:
    """The stock of these offers."""
    return {row[0]: Stock(*row) for row in await connection.fetch(_STOCKS, programme, list(offers))}


_MERCHANTS = """
SELECT m.id, m.status <> 'active' OR a.id IS NULL, a.monthly_points
FROM merchants m
LEFT JOIN LATERAL (
    SELECT id, monthly_points FROM agreements
    WHERE programme_id = m.programme_id AND merchant_id = m.id AND starts_on <= $3 AND ends_on >= $3
    ORDER BY starts_on DESC LIMIT 1
) a ON true
WHERE m.programme_id = $1 AND m.id = ANY($2)
"""


async def fetch_partners(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[MerchantId], today: date
) -> dict[MerchantId, Merchant]:
    """These merchants; one without an agreement for today is suspended."""
    return {row[0]: Merchant(*row) for row in await connection.fetch(_MERCHANTS, programme, list(ids), today)}


_TALLIES = "SELECT subject_id, scope, period, amount FROM tallies WHERE programme_id = $1 AND subject_id = ANY($2)"


async def fetch_tallies(
    connection: BatchConnection, programme: ProgrammeId, subjects: Collection[UUID]
) -> dict[UUID, dict[TallyKey, int]]:
    """All counts of these subjects."""
    tallies: dict[UUID, dict[TallyKey, int]] = {subject: {} for subject in subjects}
    for subject, scope, period, amount in await connection.fetch(_TALLIES, programme, list(subjects)):
        tallies[subject][TallyKey(subject, scope, period)] = amount
    return tallies


_ORDER = """
SELECT o.id, o.state, o.volunteer_id, o.merchant_id, o.offer_id, o.offer_version, o.quantity, o.points,
       o.settlement_fen, o.code_hash, o.final_sale, o.ordered_at, o.valid_until, o.transaction_id, o.used_at,
       o.used_store_id, o.used_terminal_id, o.member_id, s.name AS store_name, v.masked_name, l.parts, l.amounts,
       f.fund_id, w.name_zh, w.name_en, w.fulfilment
FROM orders o
JOIN offer_versions w ON w.programme_id = o.programme_id AND w.offer_id = o.offer_id AND w.version = o.offer_version
JOIN volunteers v ON v.programme_id = o.programme_id AND v.id = o.volunteer_id
LEFT JOIN stores s ON s.programme_id = o.programme_id AND s.id = o.used_store_id
CROSS JOIN LATERAL (
    SELECT array_agg(a.part ORDER BY t.position) AS parts, array_agg(t.amount ORDER BY t.position) AS amounts
    FROM transfers t
    JOIN accounts a ON a.programme_id = t.programme_id AND a.account_no = t.debit_account_no
    WHERE t.programme_id = o.programme_id AND t.seq = o.seq AND a.kind = 'wallet'
) l
LEFT JOIN LATERAL (
    SELECT a.owner_id AS fund_id FROM transfers t
    JOIN accounts a ON a.programme_id = t.programme_id AND a.account_no = t.debit_account_no
    WHERE t.programme_id = o.programme_id AND t.seq = o.seq AND a.kind = 'fund'
) f ON true
WHERE o.programme_id = $1 AND """
_ORDERS = _ORDER + "o.id = ANY($2)"
_BY_CODE = _ORDER + "o.code_hash = ANY($2)"
_OVER = _ORDER + "o.state = 'EFFECTIVE' AND o.valid_until <= $3 AND "
_OVER_OF_PEOPLE = _OVER + "o.volunteer_id = ANY($2) LIMIT 1000"
_OVER_OF_OFFERS = _OVER + "o.offer_id = ANY($2) LIMIT 1000"


def _orders(rows: Sequence[Record]) -> dict[OrderId, Order]:
    return {
        row["id"]: Order(
            id=row["id"],
            state=OrderState(row["state"]),
            volunteer=row["volunteer_id"],
            merchant=row["merchant_id"],
            offer=row["offer_id"],
            offer_version=row["offer_version"],
            quantity=row["quantity"],
            points=row["points"],
            settlement_fen=Fen(row["settlement_fen"]),
            code=VoucherHash(row["code_hash"]),
            final_sale=row["final_sale"],
            ordered_at=row["ordered_at"],
            valid_until=row["valid_until"],
            transaction=row["transaction_id"],
            lots=read_lots(row["parts"], row["amounts"]),
            fund=row["fund_id"],
            member=row["member_id"],
            used_at=row["used_at"],
            used_store=row["used_store_id"],
            used_terminal=row["used_terminal_id"],
            store_name=row["store_name"] or "",
            masked_name=row["masked_name"],
            ordered=(row["name_zh"], row["name_en"], row["fulfilment"]),
        )
        for row in rows
    }


async def fetch_orders(
    connection: BatchConnection, programme: ProgrammeId, ids: Collection[OrderId], codes: Collection[VoucherHash]
) -> dict[OrderId, Order]:
    """These orders, and those behind these voucher codes, with the lots and the fund that the journal says."""
    found = _orders(await connection.fetch(_ORDERS, programme, list(ids))) if ids else {}
    return found | (_orders(await connection.fetch(_BY_CODE, programme, list(codes))) if codes else {})


async def fetch_lapsed_orders(
    connection: BatchConnection,
    programme: ProgrammeId,
    volunteers: Collection[VolunteerId],
    offers: Collection[OfferId],
    at: Instant,
) -> dict[OrderId, Order]:
    """Orders of these volunteers or offers whose vouchers are over and not booked as expired."""
    found = _orders(await connection.fetch(_OVER_OF_PEOPLE, programme, list(volunteers), at)) if volunteers else {}
    return found | (_orders(await connection.fetch(_OVER_OF_OFFERS, programme, list(offers), at)) if offers else {})
