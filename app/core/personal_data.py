"""Personal data of a volunteer as the vault takes and gives it, and who may see it in clear.

Every access by staff to a minor's data is approved by a second person and logged (未成年人网络保护条例, Art. 36): a
minor is who is under 18. Whose age nobody knows may be one, and is protected like one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from app.core.codes import Code, Rejected
from app.core.identity_numbers import Document, IdType
from app.core.ids import DataApprovalId, DataReadId, UserId, VolunteerId
from app.core.masking import mask_id_number, mask_name, mask_phone
from app.core.minors import ADULT_AGE
from app.core.quantities import Instant

APPROVAL_LIFE = timedelta(hours=1)
"""How long an approval may wait to be used."""
ASKING_LIFE = timedelta(days=3)
"""How long a request for approval may wait to be approved."""


class Field(StrEnum):
    """What is kept of a person under that person's key."""

    NAME = "name"
    PHONE = "phone"
    ID_TYPE = "id_type"
    ID_NUMBER = "id_number"
    MATERIAL = "material"
    """The files of applications: they lie beside the vault, under the same key."""


IN_THE_VAULT = (Field.NAME, Field.PHONE, Field.ID_TYPE, Field.ID_NUMBER)
"""What an export holds and can be unmasked; files are read one by one."""
SEARCHABLE = (Field.PHONE, Field.ID_NUMBER)
"""By what a person is found again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """Personal data in clear: in memory only, and in no traceback. None: not kept."""

    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    document: Document | None = field(default=None, repr=False)

    def fields(self) -> Mapping[Field, str]:
        """The values to seal, each in the one spelling that is looked up."""
        given = {
            Field.NAME: self.name,
            Field.PHONE: self.phone,
            Field.ID_TYPE: self.document.type.value if self.document else None,
            Field.ID_NUMBER: self.document.number if self.document else None,
        }
        return {field: value for field, value in given.items() if value is not None}

    def masked(self) -> "PersonalData":
        """The same for others' eyes. The kind of a document is no secret."""
        return PersonalData(
            name=mask_name(self.name) if self.name is not None else None,
            phone=mask_phone(self.phone) if self.phone is not None else None,
            document=Document(self.document.type, mask_id_number(self.document.number)) if self.document else None,
        )


def data_of(fields: Mapping[Field, str]) -> PersonalData:
    """Personal data from the vault's values."""
    number = fields.get(Field.ID_NUMBER)
    return PersonalData(
        name=fields.get(Field.NAME),
        phone=fields.get(Field.PHONE),
        document=Document(IdType(fields[Field.ID_TYPE]), number) if number is not None else None,
    )


def is_protected(age: int | None) -> bool:
    """Whether an access to the data of somebody of this age needs a second person's approval each time."""
    return age is None or age < ADULT_AGE


class ReadKind(StrEnum):
    """How personal data was seen in clear, or somebody found by it."""

    UNMASK = "unmask"
    LOOK_UP = "look-up"
    EXPORT = "export"
    MATERIAL = "material"
    """A file of an application was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRead:
    """One access by staff: whose data, which fields, who, why, from where, when."""

    id: DataReadId
    volunteer: VolunteerId
    kind: ReadKind
    actor: str
    fields: tuple[Field, ...]
    reason: str
    address: str
    read_at: Instant
    approval: DataApprovalId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataApproval:
    """Leave to see a minor's data once (未成年人信息访问审批): asked for by one, approved by another."""

    id: DataApprovalId
    volunteer: VolunteerId
    fields: tuple[Field, ...]
    reason: str
    asked_by: UserId
    asked_at: Instant
    approved_by: UserId | None = None
    approved_at: Instant | None = None
    valid_until: Instant | None = None
    used_at: Instant | None = None

    def refuse_approving(self, by: UserId, at: Instant) -> Rejected | None:
        """Why this person may not approve it now."""
        if self.asked_by == by:
            return Rejected(Code.SELF_REVIEW)
        if self.approved_by is not None:
            return Rejected(Code.STATE_CONFLICT, {"state": "approved"})
        if at >= self.asked_at + ASKING_LIFE:
            return Rejected(Code.STATE_CONFLICT, {"state": "expired"})
        return None

    def covers(self, volunteer: VolunteerId, fields: Iterable[Field], by: UserId, at: Instant) -> bool:
        """Whether it lets this person see these fields now: whole, in time, and never used before."""
        return (
            self.volunteer == volunteer
            and self.asked_by == by
            and self.valid_until is not None
            and at < self.valid_until
            and self.used_at is None
            and set(fields) <= set(self.fields)
        )


def correct_birthday(given: date | None, document: Document | None) -> date | Rejected | None:
    """The birthday to keep: what the document tells. Refused where both are given and differ."""
    told = document.born_on if document else None
    if given and told and given != told:
        return Rejected(Code.PARAM_ERROR, {"field": "born_on"})
    return told or given
