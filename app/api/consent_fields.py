"""Consents on the wire: what is given, what is taken back, and the ledger of both."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

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


def _refuse_import(channel: Channel) -> Channel:
    if channel is Channel.IMPORT:
        raise ValueError("mini_program, web or paper is expected: consents of an older system come with its people")
    return channel


_SPOKEN = [channel.value for channel in Channel if channel is not Channel.IMPORT]
SpokenChannel = Annotated[
    Channel, AfterValidator(_refuse_import), WithJsonSchema({"type": "string", "enum": _SPOKEN, "title": "Channel"})
]
"""Where people say it to us."""


class ConsentGiven(Body):
    """How consent was given."""

    version: TextVersion
    channel: SpokenChannel
    given_by: Annotated[GivenBy, Field(description="Under 14 the guardian (监护人)")] = GivenBy.SELF


class OwnConsentRequest(Body):
    """Consent to one purpose, in the words of a version."""

    purpose: Purpose
    version: TextVersion
    channel: SpokenChannel = Channel.MINI_PROGRAM


class OwnWithdrawal(Body):
    """What is no longer agreed to."""

    purpose: Purpose
    channel: SpokenChannel = Channel.MINI_PROGRAM


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
    text_hash: Annotated[
        str | None,
        Field(
            pattern="^[0-9a-f]{64}$",
            description="`sha256` of the registered text that was shown; null: the version was not registered",
        ),
    ]
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
        text_hash=row.text_hash.hex() if row.text_hash else None,
        channel=row.channel,
        given_by=row.given_by,
        entered_by=row.actor,
        at=row.at,
    )
