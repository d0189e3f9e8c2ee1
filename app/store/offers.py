"""The catalogue: offers, their versions, their stock."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from app.core.ids import FundId, MerchantId, OfferId, ProgrammeId, UserId
from app.core.offers import Fulfilment, Funding, Limit, LimitPeriod, OfferKind, OfferState
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferContent:
    """What an offer says in one version."""

    kind: OfferKind
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    points: int
    funding: Funding
    face_value_fen: int
    fund_ids: tuple[FundId, ...]
    limits: tuple[Limit, ...]
    stars_min: int
    minutes_min: int
    region_codes: tuple[str, ...]
    age_min: int | None
    age_max: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    fulfilment: Fulfilment
    voucher_days: int
    voucher_until: date | None
    final_sale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferView:
    """An offer in its present version (or in the one asked for). `revision` counts its edits and changes of state."""

    id: OfferId
    merchant: MerchantId
    merchant_name: str
    state: OfferState
    version: int
    revision: int
    stock_total: int | None
    stock_taken: int
    content: OfferContent
    created_by: UserId
    created_at: datetime


_CONTENT = tuple(field.name for field in fields(OfferContent))
_SELECT = f"""
SELECT o.id, o.merchant_id AS merchant, m.name AS merchant_name, o.state, v.version, o.revision,
       s.total AS stock_total, coalesce(s.taken, 0) AS stock_taken, v.created_by, v.created_at,
       {", ".join(f"v.{name}" for name in _CONTENT)}
FROM offers o
JOIN offer_versions v ON v.programme_id = o.programme_id AND v.offer_id = o.id
JOIN merchants m ON m.programme_id = o.programme_id AND m.id = o.merchant_id
LEFT JOIN offer_stocks s ON s.programme_id = o.programme_id AND s.offer_id = o.id
WHERE o.programme_id = :programme AND """


def _view(row: Mapping[str, Any]) -> OfferView:
    content = {name: row[name] for name in _CONTENT}
    content |= {
        "kind": OfferKind(row["kind"]),
        "funding": Funding(row["funding"]),
        "fulfilment": Fulfilment(row["fulfilment"]),
        "fund_ids": tuple(row["fund_ids"]),
        "region_codes": tuple(row["region_codes"]),
        "limits": tuple(Limit(LimitPeriod(limit["period"]), limit["count"]) for limit in row["limits"]),
    }
    rest = {name: value for name, value in row.items() if name not in content}
    return OfferView(**{**rest, "state": OfferState(row["state"]), "content": OfferContent(**content)})


_FETCH = text(f"{_SELECT} o.id = :id AND v.version = o.version")


async def fetch_offer(reader: Reader | Tx, programme: ProgrammeId, offer: OfferId) -> OfferView | None:
    """One offer as it is now."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": offer})).mappings().one_or_none()
    return _view(dict(row)) if row else None


_LIST = text(f"""
{_SELECT} v.version = o.version AND o.id > :after
    AND (CAST(:merchant AS uuid) IS NULL OR o.merchant_id = :merchant)
    AND (CAST(:state AS text) IS NULL OR o.state = :state)
    AND (CAST(:region AS text) IS NULL OR starts_with(m.region_code, :region))
ORDER BY o.id LIMIT :limit
""")


async def fetch_offers(
    reader: Reader,
    programme: ProgrammeId,
    after: OfferId,
    limit: int,
    *,
    merchant: MerchantId | None = None,
    state: OfferState | None = None,
    region: str | None = None,
) -> Sequence[OfferView]:
    """Offers after a given one, in the order of their making. A region: of its merchants and of those below it."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "merchant": merchant,
        "state": state.value if state else None,
        "region": region,
    }
    return [_view(dict(row)) for row in (await reader.execute(_LIST, values)).mappings()]


_VERSIONS = text(f"{_SELECT} o.id = :id AND v.version > :after ORDER BY v.version LIMIT :limit")


async def fetch_offer_versions(
    reader: Reader, programme: ProgrammeId, offer: OfferId, after: int, limit: int
) -> Sequence[OfferView]:
    """An offer in each of its versions, the first in front."""
    values = {"programme": programme, "id": offer, "after": after, "limit": limit}
    return [_view(dict(row)) for row in (await reader.execute(_VERSIONS, values)).mappings()]


_INSERT = text("""
INSERT INTO offers (programme_id, id, merchant_id, state, created_at)
VALUES (:programme, :id, :merchant, :state, :created_at)
""")
_INSERT_STOCK = text("INSERT INTO offer_stocks (programme_id, offer_id, total) VALUES (:programme, :id, :total)")
_INSERT_VERSION = text(f"""
INSERT INTO offer_versions (programme_id, offer_id, version, created_by, created_at, {", ".join(_CONTENT)})
VALUES (:programme, :id, :version, :created_by, :created_at,
        {", ".join("CAST(:limits AS json)" if name == "limits" else f":{name}" for name in _CONTENT)})
""")


async def insert_offer(tx: Tx, programme: ProgrammeId, offer: OfferView) -> None:
    """Add an offer with its first version and its stock."""
    values = {
        "programme": programme,
        "id": offer.id,
        "merchant": offer.merchant,
        "state": offer.state.value,
        "total": offer.stock_total,
        "created_at": offer.created_at,
    }
    await tx.execute(_INSERT, values)
    await tx.execute(_INSERT_STOCK, values)
    await insert_offer_version(tx, programme, offer)


async def insert_offer_version(tx: Tx, programme: ProgrammeId, offer: OfferView) -> None:
    """Append the version that this view holds."""
    content = asdict(offer.content)
    content["limits"] = json.dumps(
        [{"period": limit.period.value, "count": limit.count} for limit in offer.content.limits]
    )
    content["fund_ids"] = list(offer.content.fund_ids)
    content["region_codes"] = list(offer.content.region_codes)
    await tx.execute(
        _INSERT_VERSION,
        {
            **content,
            "programme": programme,
            "id": offer.id,
            "version": offer.version,
            "created_by": offer.created_by,
            "created_at": offer.created_at,
        },
    )


_UPDATE = text("""
UPDATE offers SET state = :state, version = :version, revision = revision + 1
WHERE programme_id = :programme AND id = :id AND revision = :revision
RETURNING revision
""")


async def update_offer(
    tx: Tx, programme: ProgrammeId, offer: OfferId, revision: int, state: OfferState, version: int
) -> bool:
    """Set state and version, if nobody has changed the offer since `revision`."""
    values = {"programme": programme, "id": offer, "revision": revision, "state": state.value, "version": version}
    return (await tx.execute(_UPDATE, values)).one_or_none() is not None
