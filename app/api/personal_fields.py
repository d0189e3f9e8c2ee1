"""Personal data on the wire: how it comes in, and how it is shown, masked or in clear."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from app.api.bodies import Answer
from app.api.fields import refuse_control_characters
from app.api.problems import FieldProblem, Problem
from app.core.codes import Code
from app.core.identity_numbers import Document, IdType, check_document, normalise_number
from app.core.personal_data import IN_THE_VAULT, PersonalData
from app.core.personal_data import Field as VaultField
from app.core.phones import normalise_phone


def _spell_phone(text: str) -> str:
    number = normalise_phone(text)
    if number is None:
        raise ValueError("a mainland mobile of 11 digits, or + and the country code")
    return number


def _refuse_material(field: VaultField) -> VaultField:
    if field not in IN_THE_VAULT:
        raise ValueError("files are read one by one, where their application is")
    return field


UnmaskedField = Annotated[VaultField, AfterValidator(_refuse_material)]
PersonName = Annotated[
    str,
    Field(min_length=1, max_length=80, description="Kept in the vault; elsewhere masked (张**)", examples=["张三丰"]),
    AfterValidator(refuse_control_characters),
]
Phone = Annotated[
    str,
    Field(min_length=5, max_length=24, description="Mainland mobile, or + and country code", examples=["13812341234"]),
    AfterValidator(_spell_phone),
]
IdNumber = Annotated[
    str,
    Field(min_length=5, max_length=24, description="Held to the form of its kind", examples=["11010519491231002X"]),
    AfterValidator(normalise_number),
]
ReadReason = Annotated[
    str,
    Field(
        min_length=2, max_length=200, description="Kept with the access; no personal data", examples=["核对礼遇材料"]
    ),
    AfterValidator(refuse_control_characters),
]


class PersonalAnswer(Answer):
    """What the vault keeps of a person, masked. Null: not kept."""

    masked_name: Annotated[str | None, Field(examples=["张**"])]
    masked_phone: Annotated[str | None, Field(examples=["138****1234"])]
    id_type: IdType | None
    masked_id_number: Annotated[str | None, Field(examples=["110105********002X"])]


class ClearData(Answer):
    """Personal data in clear. Null: not kept, or not asked for."""

    name: str | None
    phone: str | None
    id_type: IdType | None
    id_number: str | None


def render_masked(data: PersonalData | None) -> PersonalAnswer:
    """Personal data for others' eyes."""
    shown = (data or PersonalData()).masked()
    return PersonalAnswer(
        masked_name=shown.name,
        masked_phone=shown.phone,
        id_type=shown.document.type if shown.document else None,
        masked_id_number=shown.document.number if shown.document else None,
    )


def render_clear(data: PersonalData | None, fields: tuple[VaultField, ...] = IN_THE_VAULT) -> ClearData:
    """Personal data for the person, or for an access that was noted."""
    values = data.fields() if data else {}
    shown = {field: values.get(field) for field in IN_THE_VAULT if field in fields}
    kind = values.get(VaultField.ID_TYPE) if VaultField.ID_NUMBER in fields else None
    return ClearData(
        name=shown.get(VaultField.NAME),
        phone=shown.get(VaultField.PHONE),
        id_type=IdType(kind) if kind else None,
        id_number=shown.get(VaultField.ID_NUMBER),
    )


def read_document(id_type: IdType | None, number: str | None, today: date) -> Document | None:
    """The document that a body names. Raises a problem for half of one, or for a number that is not of its kind."""
    if id_type is None and number is None:
        return None
    if id_type is None or number is None:
        missing = "/id_type" if id_type is None else "/id_number"
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer=missing, detail="the two belong together")])
    document = Document(id_type, number)
    if fault := check_document(document, today):
        raise Problem(Code.PARAM_ERROR, errors=[FieldProblem(pointer="/id_number", detail=fault.value)])
    return document
