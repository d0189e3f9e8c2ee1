"""The kinds of field that many bodies share, with their limits and how they read on the wire."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from app.security.words import MARK


def _id_field(prefix: str) -> object:
    return Field(pattern=f"^{prefix}_[0-9a-f]{{32}}$", examples=[f"{prefix}_0190c6f0a1b27c3d8e9f00112233aabb"])


VolunteerRef = Annotated[str, _id_field("vol")]
MerchantRef = Annotated[str, _id_field("mer")]
StoreRef = Annotated[str, _id_field("sto")]
TeamRef = Annotated[str, _id_field("tea")]
UserRef = Annotated[str, _id_field("usr")]
FundRef = Annotated[str, _id_field("fun")]
RecordRef = Annotated[str, _id_field("rec")]
RedemptionRef = Annotated[str, _id_field("red")]
OfferRef = Annotated[str, _id_field("off")]
OrderRef = Annotated[str, _id_field("ord")]
RefundRef = Annotated[str, _id_field("ref")]
AgreementRef = Annotated[str, _id_field("agr")]
PoolGrantRef = Annotated[str, _id_field("pgr")]
FamilyLinkRef = Annotated[str, _id_field("fam")]
TransactionRef = Annotated[str, _id_field("txn")]
BackTestRef = Annotated[str, _id_field("bkt")]
TerminalRef = Annotated[
    str,
    Field(
        pattern="^ter_[a-z][a-z0-9-]{1,15}_[0-9a-f]{32}$",
        examples=["ter_cixi_0190c6f0a1b27c3d8e9f00112233aabb"],
    ),
]


def refuse_control_characters(text: str) -> str:
    """Give a line of text back as it is; anything that is not one line is refused."""
    if any(not character.isprintable() for character in text) or text != text.strip():
        raise ValueError("no control characters, and no spaces around it")
    if text.startswith(MARK):  # or whoever has seen sealed words could have them opened as their own
        raise ValueError(f"may not begin with {MARK}")
    return text


Name = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(refuse_control_characters)]
"""A short line of text for people."""

ReasonText = Annotated[
    str,
    Field(min_length=1, max_length=200, description="For people; no personal data", examples=["过期食品，限期整改"]),
    AfterValidator(refuse_control_characters),
]
"""Why something was done, in the words of whoever did it."""

RegionCode = Annotated[
    str, Field(pattern=r"^[0-9]{2,12}$", description="GB/T 2260 or statistical code", examples=["330282002"])
]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error


Moment = Annotated[
    AwareDatetime,
    AfterValidator(_in_utc),
    Field(description="RFC 3339 with an offset", examples=["2026-11-05T09:30:00+08:00"]),
]
PointsField = Annotated[int, Field(ge=1, le=1_000_000_000, examples=[120])]
FenField = Annotated[int, Field(ge=1, le=1_000_000_000_000, examples=[350_000])]
AccountPath = Annotated[str, Field(examples=["wallet.vol_0190c6f0a1b27c3d8e9f00112233aabb.2028-12-31"])]
"""The name of an account: kind, owner, part."""
