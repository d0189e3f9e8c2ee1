"""Consents on the wire: what is given, what is taken back, and the ledger of both."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.api.bodies import Answer, Body
from app.core.consents import Channel, ConsentRow, ConsentStep, GivenBy, Purpose
from app.core.ids import format_id

ConsentRef = Annotated[str, Field(pattern="^cns_[0-9a-f]{32}$", examples=["cns_0190c6f0a1b27c3d8e9f00112233aabb"])]
TextVersion = Annotated[
    str,
    Field(
        pattern=r"^[0-9A-Za-z][0-9A-Za-z_.-]{0,31}$",
        description="Of the text that was shown (告知书版本); a newer text needs consent anew",
        examples=["2026-03"],
    ),
]


class ConsentGiven(Body):
    """How consent was given."""

    version: TextVersion
    channel: Channel
    given_by: Annotated[GivenBy, Field(description="Under 14 the guardian (监护人)")] = GivenBy.SELF


class OwnConsentRequest(Body):
    """Consent to one purpose, in the words of a version."""

    purpose: Purpose
    version: TextVersion
    channel: Channel = Channel.MINI_PROGRAM


class OwnWithdrawal(Body):
    """What is no longer agreed to."""

    purpose: Purpose
    channel: Channel = Channel.MINI_PROGRAM


class ConsentRequest(ConsentGiven):
    """Consent that a volunteer or a guardian gave elsewhere, for example on paper."""

    purpose: Purpose


class Withdrawal(OwnWithdrawal):
    """A withdrawal that was said elsewhere."""

    given_by: GivenBy = GivenBy.SELF


class ConsentAnswer(Answer):
    """One step of the ledger."""

    id: ConsentRef
    purpose: Purpose
    number: Annotated[int, Field(description="The how-manieth step of this purpose", examples=[1])]
    step: ConsentStep
    version: str
    channel: Channel
    given_by: GivenBy
    entered_by: Annotated[str, Field(description="Who entered it, by id")]
    at: datetime


class ConsentPage(Answer):
    """Steps in the order in which they were written; the last of a purpose says where it stands."""

    consents: list[ConsentAnswer]
    next: str | None


def render_consent(row: ConsentRow) -> ConsentAnswer:
    """A step as answers carry it."""
    return ConsentAnswer(
        id=format_id("cns", row.id),
        purpose=row.purpose,
        number=row.number,
        step=row.step,
        version=row.version,
        channel=row.channel,
        given_by=row.given_by,
        entered_by=row.actor,
        at=row.at,
    )
