"""Identifiers: UUIDs behind distinct types inside, prefixed strings on the wire (`vol_<32 hex>`).

The shell generates them (UUIDv7) and passes them in with a command; nothing here makes one up.
"""

import re
from typing import NewType, TypeVar
from uuid import UUID

VolunteerId = NewType("VolunteerId", UUID)
MerchantId = NewType("MerchantId", UUID)
StoreId = NewType("StoreId", UUID)
TerminalId = NewType("TerminalId", UUID)
TeamId = NewType("TeamId", UUID)
UserId = NewType("UserId", UUID)
FundId = NewType("FundId", UUID)
RecordId = NewType("RecordId", UUID)
RedemptionId = NewType("RedemptionId", UUID)
RefundId = NewType("RefundId", UUID)
OfferId = NewType("OfferId", UUID)
OrderId = NewType("OrderId", UUID)
AgreementId = NewType("AgreementId", UUID)
TransactionId = NewType("TransactionId", UUID)
ObjectionId = NewType("ObjectionId", UUID)
TrainingId = NewType("TrainingId", UUID)
CorrectionId = NewType("CorrectionId", UUID)
HonourId = NewType("HonourId", UUID)
BackTestId = NewType("BackTestId", UUID)
BonusId = NewType("BonusId", UUID)
PenaltyId = NewType("PenaltyId", UUID)
EvaluationId = NewType("EvaluationId", UUID)
PoolGrantId = NewType("PoolGrantId", UUID)
FamilyLinkId = NewType("FamilyLinkId", UUID)
OpeningId = NewType("OpeningId", UUID)
OpeningSheetId = NewType("OpeningSheetId", UUID)
RoundId = NewType("RoundId", UUID)
PlaceId = NewType("PlaceId", UUID)
BenefitGrantId = NewType("BenefitGrantId", UUID)
DataApprovalId = NewType("DataApprovalId", UUID)
ErasureId = NewType("ErasureId", UUID)
DataReadId = NewType("DataReadId", UUID)
ConsentId = NewType("ConsentId", UUID)
ConsentTextId = NewType("ConsentTextId", UUID)
SessionId = NewType("SessionId", UUID)
ClientId = NewType("ClientId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
GuardianshipId = NewType("GuardianshipId", UUID)
ApplicationId = NewType("ApplicationId", UUID)
PredicatePermitId = NewType("PredicatePermitId", UUID)
PredicateAnswerId = NewType("PredicateAnswerId", UUID)

ProgrammeId = NewType("ProgrammeId", str)
"""The short code of a programme, for example `cixi`: it leads every key of the database."""

NOBODY = UUID(int=0)
"""The owner of the accounts that belong to the programme itself."""

PREFIXES = {
    VolunteerId: "vol",
    MerchantId: "mer",
    StoreId: "sto",
    TerminalId: "ter",
    TeamId: "tea",
    UserId: "usr",
    FundId: "fun",
    RecordId: "rec",
    RedemptionId: "red",
    RefundId: "ref",
    OfferId: "off",
    OrderId: "ord",
    AgreementId: "agr",
    TransactionId: "txn",
    ObjectionId: "obj",
    TrainingId: "trn",
    CorrectionId: "cor",
    HonourId: "hon",
    BackTestId: "bkt",
    BonusId: "bon",
    PenaltyId: "pen",
    EvaluationId: "eva",
    PoolGrantId: "pgr",
    FamilyLinkId: "fam",
    OpeningId: "opn",
    OpeningSheetId: "ops",
    RoundId: "rnd",
    PlaceId: "plc",
    BenefitGrantId: "bgr",
    DataApprovalId: "dap",
    ErasureId: "ers",
    DataReadId: "drd",
    ConsentId: "cns",
    SessionId: "ses",
    ClientId: "cli",
    ApiKeyId: "key",
    GuardianshipId: "gua",
    ApplicationId: "app",
    PredicatePermitId: "ppm",
    PredicateAnswerId: "pan",
}

_PROGRAMME = re.compile(r"[a-z][a-z0-9-]{1,15}")
_HEX = re.compile(r"[0-9a-f]{32}")
_PREFIX_LENGTH = 4

Id = TypeVar("Id", bound=UUID)


def is_programme_id(text: str) -> bool:
    """Whether the text can be the code of a programme: 2 to 16 of [a-z0-9-], a letter first."""
    return _PROGRAMME.fullmatch(text) is not None


def format_id(prefix: str, value: UUID) -> str:
    """Write an id as it appears on the wire, for example `vol_0190…`."""
    return f"{prefix}_{value.hex}"


def parse_id(prefix: str, text: str) -> UUID | None:
    """Read an id from the wire; None when it is not exactly `<prefix>_<32 lower-case hex digits>`."""
    if not text.startswith(prefix + "_"):
        return None
    digits = text[len(prefix) + 1 :]
    return UUID(hex=digits) if _HEX.fullmatch(digits) else None


def format_terminal(programme: ProgrammeId, terminal: TerminalId) -> str:
    """Write a terminal's credential name; it carries its programme, so no look-up crosses programmes."""
    return f"ter_{programme}_{terminal.hex}"


def parse_terminal(text: str) -> tuple[ProgrammeId, TerminalId] | None:
    """Read `ter_<programme>_<32 hex>`; None when it is anything else."""
    head, _, digits = text.rpartition("_")
    programme = head[_PREFIX_LENGTH:]
    if not head.startswith("ter_") or not is_programme_id(programme) or not _HEX.fullmatch(digits):
        return None
    return ProgrammeId(programme), TerminalId(UUID(hex=digits))
