"""Agreements (协议) as bodies and answers carry them: where a merchant is registered, approved, renewed and shown."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field
from uuid_utils.compat import uuid7

from app.api.bodies import Answer, Body
from app.api.fields import AgreementRef, MerchantRef, Name, PointsField, UserRef
from app.api.problems import FieldProblem, Problem
from app.core.codes import Code
from app.core.ids import AgreementId, MerchantId, UserId, format_id
from app.core.quantities import Points
from app.security.actors import Actor
from app.store.agreements import Agreement

Day = Annotated[date, Field(examples=["2026-12-31"])]


class AgreementTerms(Body):
    """What is agreed with a merchant, both days included."""

    number: Annotated[Name, Field(description="The paper's own number, unique per merchant", examples=["CX-2026-007"])]
    starts_on: Annotated[date, Field(examples=["2026-01-01"])]
    ends_on: Day
    monthly_points: Annotated[
        PointsField | None, Field(description="The most points the merchant may take in a business month; null: any")
    ] = None


class AgreementAnswer(Answer):
    """An agreement with a merchant."""

    id: AgreementRef
    merchant_id: MerchantRef
    number: str
    starts_on: date
    ends_on: date
    monthly_points: int | None
    signed_by: UserRef | None
    created_at: datetime


def render_agreement(agreement: Agreement) -> AgreementAnswer:
    """An agreement as answers carry it."""
    return AgreementAnswer(
        id=format_id("agr", agreement.id),
        merchant_id=format_id("mer", agreement.merchant),
        number=agreement.number,
        starts_on=agreement.starts_on,
        ends_on=agreement.ends_on,
        monthly_points=agreement.monthly_points,
        signed_by=format_id("usr", agreement.signed_by) if agreement.signed_by else None,
        created_at=agreement.created_at,
    )


def agreement_of(
    terms: AgreementTerms, merchant: MerchantId, actor: Actor, at: datetime, *, pointer: str = ""
) -> Agreement:
    """The agreement that terms stand for, signed by the caller. `pointer` is where the terms lie in the body."""
    if terms.ends_on < terms.starts_on:
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer=f"{pointer}/ends_on", detail="before starts_on")])
    return Agreement(
        id=AgreementId(uuid7()),
        merchant=merchant,
        number=terms.number,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        monthly_points=Points(terms.monthly_points) if terms.monthly_points else None,
        signed_by=UserId(actor.subject),
        created_at=at,
    )
