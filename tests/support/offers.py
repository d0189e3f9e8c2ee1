"""Offers and agreements on a real database, and what volunteers and tills do with orders and their vouchers."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.core.codes import Code
from app.core.ids import FundId, MerchantId, OfferId, OrderId, TransactionId, VolunteerId
from app.core.offers import Funding, Gates, Limit, OfferState
from app.core.orders import CancelOrder, PlaceOrder, SetStock
from app.core.rows import Order, VoucherHash
from app.core.vouchers import ReturnVoucher, UseVoucher
from app.engine.batch import Outcome, Submission
from app.engine.committer import Committer
from app.store.database import Database, Tx
from tests.support.city_rows import City, Till, named
from tests.support.clocks import START
from tests.support.commands import a_submission, accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One version of an offer: by default a gift of its merchant for 100 points, open to all, a month's voucher."""

    points: int = 100
    funding: Funding = Funding.MERCHANT_DONATED
    face_value_fen: int = 0
    funds: tuple[FundId, ...] = ()
    limits: tuple[Limit, ...] = ()
    gates: Gates = field(default_factory=Gates)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    voucher_days: int = 30
    voucher_until: date | None = None
    final_sale: bool = False


_OFFER = text("""
INSERT INTO offers (programme_id, id, merchant_id, state, created_at)
VALUES (:programme, :offer, :merchant, :state, :at)
""")
_VERSION = text("""
INSERT INTO offer_versions (programme_id, offer_id, version, kind, name_zh, name_en, points, funding, face_value_fen,
    fund_ids, limits, stars_min, minutes_min, region_codes, age_min, age_max, starts_at, ends_at, fulfilment,
    voucher_days, voucher_until, final_sale, created_by, created_at)
VALUES (:programme, :offer, :version, 'goods', '保温杯', 'Thermos', :points, :funding, :face_value_fen,
    :funds, CAST(:limits AS json), :stars_min, :minutes_min, :region_codes, :age_min, :age_max, :starts_at, :ends_at,
    'voucher', :voucher_days, :voucher_until, :final_sale, :offer, :at)
""")
_STOCK = text("INSERT INTO offer_stocks (programme_id, offer_id, total) VALUES (:programme, :offer, :total)")
_EDIT = text("""
UPDATE offers SET version = version + 1 WHERE programme_id = :programme AND id = :offer RETURNING version
""")
_SET_STATE = text("UPDATE offers SET state = :state WHERE programme_id = :programme AND id = :offer")
_AGREE = text("""
UPDATE agreements SET starts_on = :starts_on, ends_on = :ends_on, monthly_points = :monthly_points
WHERE programme_id = :programme AND merchant_id = :merchant
""")


async def _insert_version(tx: Tx, city: City, offer: OfferId, version: int, terms: Terms) -> None:
    limits = [{"period": limit.period.value, "count": limit.count} for limit in terms.limits]
    values = {
        "programme": city.programme,
        "offer": offer,
        "version": version,
        "points": terms.points,
        "funding": terms.funding.value,
        "face_value_fen": terms.face_value_fen,
        "funds": list(terms.funds),
        "limits": json.dumps(limits),
        "stars_min": terms.gates.stars_min,
        "minutes_min": terms.gates.minutes_min,
        "region_codes": list(terms.gates.region_codes),
        "age_min": terms.gates.age_min,
        "age_max": terms.gates.age_max,
        "starts_at": terms.starts_at,
        "ends_at": terms.ends_at,
        "voucher_days": terms.voucher_days,
        "voucher_until": terms.voucher_until,
        "final_sale": terms.final_sale,
        "at": START,
    }
    await tx.execute(_VERSION, values)


def a_reimbursed(city: City, points: int, face_value_fen: int) -> Terms:
    """An offer that the city's fund pays for."""
    return Terms(points=points, funding=Funding.FUND_REIMBURSED, face_value_fen=face_value_fen, funds=(city.fund,))


async def an_offer(
    database: Database,
    city: City,
    merchant: MerchantId,
    terms: Terms | None = None,
    *,
    name: str = "offer",
    stock: int | None = None,
    state: OfferState = OfferState.PUBLISHED,
) -> OfferId:
    """Publish an offer of a merchant. The same name gives the same id; no stock: there is always more."""
    offer = OfferId(named(city.programme, name))
    values = {"programme": city.programme, "offer": offer}
    async with database.begin() as tx:
        await tx.execute(_OFFER, {**values, "merchant": merchant, "state": state.value, "at": START})
        await _insert_version(tx, city, offer, 1, terms or Terms())
        if stock is not None:
            await tx.execute(_STOCK, {**values, "total": stock})
    return offer


async def edit_offer(database: Database, city: City, offer: OfferId, terms: Terms) -> int:
    """Give an offer a new version; its number comes back."""
    async with database.begin() as tx:
        edited = await tx.execute(_EDIT, {"programme": city.programme, "offer": offer})
        version = int(edited.scalar_one())
        await _insert_version(tx, city, offer, version, terms)
    return version


async def set_offer_state(database: Database, city: City, offer: OfferId, state: OfferState) -> None:
    """Pause, end or publish an offer."""
    async with database.begin() as tx:
        await tx.execute(_SET_STATE, {"programme": city.programme, "offer": offer, "state": state.value})


async def agree(
    database: Database,
    city: City,
    merchant: MerchantId,
    *,
    monthly_points: int | None = None,
    starts_on: date = date(2020, 1, 1),
    ends_on: date = date.max,
) -> None:
    """Put other terms into a merchant's agreement: a quota of points a month, dates."""
    values = {
        "programme": city.programme,
        "merchant": merchant,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "monthly_points": monthly_points,
    }
    async with database.begin() as tx:
        await tx.execute(_AGREE, values)


def a_voucher_code(*parts: object) -> VoucherHash:
    """The hash of a voucher's code: the one that goes with a name, or a new one."""
    return VoucherHash(sha256(named("voucher", *(parts or (uuid7(),))).bytes).digest())


def an_order(
    volunteer: VolunteerId,
    offer: OfferId,
    quantity: int = 1,
    *,
    order: UUID | None = None,
    transaction: UUID | None = None,
) -> PlaceOrder:
    """The command of a volunteer who orders. Its code goes with its id."""
    number = OrderId(order or uuid7())
    return PlaceOrder(
        order=number,
        transaction=TransactionId(transaction or uuid7()),
        volunteer=volunteer,
        offer=offer,
        quantity=quantity,
        code=a_voucher_code(number),
    )


def ordered(outcome: Outcome) -> Order:
    """The order that an outcome has made or changed."""
    accepted(outcome)
    [order] = [row for row in outcome.rows if isinstance(row, Order)]
    return order


async def place_order(committer: Committer, volunteer: VolunteerId, offer: OfferId, quantity: int = 1) -> Order:
    """A volunteer orders, and gets what they ordered."""
    return ordered(await committer.submit(a_submission(an_order(volunteer, offer, quantity))))


def cancel_order(order: OrderId, volunteer: VolunteerId | None) -> Submission:
    """The volunteer changes their mind; nobody: the merchant has ended."""
    return a_submission(CancelOrder(order=order, transaction=TransactionId(uuid7()), volunteer=volunteer))


def set_stock(offer: OfferId, total: int | None) -> Submission:
    """The merchant counts again."""
    return a_submission(SetStock(offer=offer, total=total))


def use_voucher(till: Till, code: VoucherHash, request_no: str | None = None) -> Submission:
    """A write-off as the till's endpoint submits it: under a number of the merchant's own."""
    command = UseVoucher(code=code, terminal=till.terminal, transaction=TransactionId(uuid7()))
    return _at_counter(till, command, request_no)


def return_voucher(till: Till, code: VoucherHash, request_no: str | None = None) -> Submission:
    """A till takes back what it handed out."""
    command = ReturnVoucher(code=code, terminal=till.terminal, transaction=TransactionId(uuid7()))
    return _at_counter(till, command, request_no)


def _at_counter(till: Till, command: UseVoucher | ReturnVoucher, request_no: str | None) -> Submission:
    return a_submission(
        command,
        request_no,
        scope=f"voucher:{till.merchant.hex}",
        body=f"{type(command).__name__} {command.code.hex()}",
        conflict=Code.OUT_TRADE_NO_USED,
    )
