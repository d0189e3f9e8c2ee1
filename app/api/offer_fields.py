"""What an offer reads like on the wire, and what makes one well formed."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from app.api.bodies import Answer, Body
from app.api.fields import FundRef, MerchantRef, Moment, Name, OfferRef, PointsField, RegionCode, UserRef
from app.api.problems import FieldProblem, Problem
from app.core.codes import Code
from app.core.ids import FundId, format_id, parse_id
from app.core.offers import Fulfilment, Funding, Limit, LimitPeriod, OfferKind, OfferState
from app.store.offers import OfferContent, OfferView


def _no_control_characters(text: str) -> str:
    if any(not character.isprintable() and character != "\n" for character in text):
        raise ValueError("no control characters but line ends")
    return text


Text = Annotated[str, Field(max_length=2_000), AfterValidator(_no_control_characters)]
Stock = Annotated[int, Field(ge=0, le=1_000_000_000, description="Units in all; null: always more")]
Day = Annotated[date, Field(examples=["2026-12-31"])]


class LimitBody(Body):
    """So many units a person and calendar period at most."""

    period: LimitPeriod
    count: Annotated[int, Field(ge=1, le=10_000)]


class OfferRequest(Body):
    """What an offer says. Who may have it: a gate that is left out lets everybody in."""

    kind: OfferKind
    name_zh: Annotated[Name, Field(examples=["手冲咖啡一杯"])]
    name_en: Annotated[Name, Field(examples=["A cup of coffee"])]
    description_zh: Text = ""
    description_en: Text = ""
    points: PointsField
    funding: Annotated[Funding, Field(description="Who bears the cost")]
    face_value_fen: Annotated[
        int, Field(ge=0, le=1_000_000_000, description="What the merchant is owed a unit, from the funds named")
    ] = 0
    fund_ids: Annotated[list[FundRef], Field(max_length=10, default_factory=list, description="Asked in this order")]
    limits: Annotated[list[LimitBody], Field(max_length=5, default_factory=list)]
    stars_min: Annotated[int, Field(ge=0, le=5)] = 0
    minutes_min: Annotated[int, Field(ge=0, le=10_000_000, description="Verified minutes of service")] = 0
    region_codes: Annotated[
        list[RegionCode], Field(max_length=50, default_factory=list, description="These and all below them")
    ]
    age_min: Annotated[int, Field(ge=0, le=150)] | None = None
    age_max: Annotated[int, Field(ge=0, le=150)] | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    fulfilment: Fulfilment = Fulfilment.VOUCHER
    voucher_days: Annotated[int, Field(ge=0, le=366, description="Valid until 24:00 so many days after the order")] = 30
    voucher_until: Day | None = Field(None, description="No voucher is valid after this day")
    final_sale: Annotated[bool, Field(description="Cannot be cancelled or returned")] = False


class NewOfferRequest(OfferRequest):
    """An offer to draft, with its stock."""

    stock: Stock | None = None


class StockRequest(Body):
    """How many units there are in all, those taken included."""

    total: Stock | None


class StockAnswer(Answer):
    """Units in all (null: always more) and taken."""

    total: int | None
    taken: int


class LimitAnswer(Answer):
    """So many units a person and calendar period at most."""

    period: LimitPeriod
    count: int


class OfferAnswer(Answer):
    """An offer in its present version."""

    id: OfferRef
    merchant_id: MerchantRef
    merchant: str
    state: OfferState
    version: int
    revision: int
    stock: StockAnswer
    kind: OfferKind
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    points: int
    funding: Funding
    face_value_fen: int
    fund_ids: list[FundRef]
    limits: list[LimitAnswer]
    stars_min: int
    minutes_min: int
    region_codes: list[RegionCode]
    age_min: int | None
    age_max: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    fulfilment: Fulfilment
    voucher_days: int
    voucher_until: date | None
    final_sale: bool
    created_by: Annotated[UserRef, Field(description="Who wrote this version")]
    created_at: datetime


class OfferPage(Answer):
    """Offers in the order of their making."""

    offers: list[OfferAnswer]
    next: str | None


class OfferVersions(Answer):
    """An offer in each of its versions, the first in front."""

    versions: list[OfferAnswer]
    next: str | None


def content_of(body: OfferRequest) -> OfferContent:
    """The content of a version. Raises a problem that points to each field that does not go with another."""
    if wrong := list(_conflicts(body)):
        raise Problem(Code.PARAM_ERROR, errors=wrong)
    return OfferContent(
        **{
            **body.model_dump(exclude={"stock"}),
            "fund_ids": tuple(FundId(fund) for item in body.fund_ids if (fund := parse_id("fun", item))),
            "limits": tuple(Limit(limit.period, limit.count) for limit in body.limits),
            "region_codes": tuple(body.region_codes),
        }
    )


def _conflicts(body: OfferRequest) -> list[FieldProblem]:
    reimbursed = body.funding is Funding.FUND_REIMBURSED
    wrong = {
        "/fund_ids": reimbursed and not body.fund_ids and "FUND_REIMBURSED names the funds that pay",
        "/face_value_fen": reimbursed and not body.face_value_fen and "FUND_REIMBURSED says what a unit is worth",
        "/funding": not reimbursed
        and (body.fund_ids or body.face_value_fen)
        and "only FUND_REIMBURSED has funds and a face value",
        "/age_max": None not in (body.age_min, body.age_max)
        and (body.age_min or 0) > (body.age_max or 0)
        and "not below age_min",
        "/ends_at": body.starts_at and body.ends_at and body.starts_at >= body.ends_at and "after starts_at",
        "/voucher_until": body.voucher_until
        and body.starts_at
        and body.voucher_until < body.starts_at.date()
        and "not before starts_at",
        "/limits": len({limit.period for limit in body.limits}) < len(body.limits) and "one limit a period",
    }
    return [
        FieldProblem(pointer=pointer, detail=detail) for pointer, detail in wrong.items() if isinstance(detail, str)
    ]


def render_offer(view: OfferView) -> OfferAnswer:
    """An offer as answers carry it."""
    content = view.content
    told = {name: getattr(content, name) for name in OfferRequest.model_fields}
    return OfferAnswer.model_validate(
        {
            **told,
            "id": format_id("off", view.id),
            "merchant_id": format_id("mer", view.merchant),
            "merchant": view.merchant_name,
            "state": view.state,
            "version": view.version,
            "revision": view.revision,
            "stock": StockAnswer(total=view.stock_total, taken=view.stock_taken),
            "fund_ids": [format_id("fun", fund) for fund in content.fund_ids],
            "limits": [LimitAnswer(period=limit.period, count=limit.count) for limit in content.limits],
            "region_codes": list(content.region_codes),
            "created_by": format_id("usr", view.created_by),
            "created_at": view.created_at,
        }
    )
