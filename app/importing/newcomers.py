"""Sorting the rows of a file of volunteers: who is new, who is known, who is refused, whose data goes into the vault.

No I/O. What is refused is told by column, code and fault, never by value. Of who has left nothing personal is taken.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from uuid_utils.compat import uuid7

from app.core.codes import Code
from app.core.consents import GivenBy, Purpose, refuse_giver
from app.core.ids import TeamId, VolunteerId
from app.core.masking import mask_name
from app.core.personal_data import Field, PersonalData
from app.core.volunteers import VolunteerStatus, age_on
from app.importing.feeding import Understood
from app.importing.people_rows import VolunteerLine
from app.importing.values import Fault
from app.store.imports import NewVolunteer, RefusedRow

NO_NAME = "*"
Digests = Mapping[Field, bytes]
"""The blind indexes of a person."""


@dataclass(frozen=True, slots=True)
class AgreedElsewhere:
    """That the people of a file agreed to the keeping of their data, in another system: to which text, and when."""

    version: str
    at: datetime
    day: date
    """In the programme's time zone: how old somebody was on it decides who could agree."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody whose data goes into the vault, and who agreed to it."""

    volunteer: VolunteerId
    data: PersonalData
    digests: Digests
    consent_by: GivenBy
    born_on: date | None


@dataclass(slots=True, kw_only=True)
class Register:
    """What is known while a file is read. `numbers` and `documents` grow with every row that is taken."""

    numbers: dict[str, VolunteerId]
    teams: Mapping[str, TeamId]
    regions: frozenset[str]
    agreed: AgreedElsewhere | None = None
    documents: set[bytes] = field(default_factory=set)
    """Blind indexes of documents that belong to somebody, so far as the rows at hand name them."""
    bare: frozenset[VolunteerId] = frozenset()
    """Volunteers of the rows at hand who came without personal data."""


@dataclass(slots=True)
class Sorted:
    """What is to become of the rows of a chunk."""

    added: list[NewVolunteer] = field(default_factory=list)
    registered: list[NewVolunteer] = field(default_factory=list)
    """Those of them whose day of registration the file says, and who have not left."""
    newcomers: list[Newcomer] = field(default_factory=list)
    filled: list[Newcomer] = field(default_factory=list)
    """Those of the newcomers to the vault who were volunteers before."""
    known: int = 0
    refused: list[RefusedRow] = field(default_factory=list)


Refusal = tuple[str, Code, Fault | None]


def brings_data(line: VolunteerLine) -> bool:
    """Whether a row brings something for the vault."""
    return line.status is not VolunteerStatus.LEFT and bool(line.data.fields())


def sort_rows(rows: Iterable[Understood], register: Register, digests: Mapping[int, Digests], at: datetime) -> Sorted:
    """Sort the rows of a chunk, in their order. `digests`: of the rows that bring personal data, by row number."""
    found = Sorted()
    for row_no, line, field_name, fault in rows:
        if not isinstance(line, VolunteerLine):
            found.refused.append(RefusedRow(row_no, field_name, Code.PARAM_ERROR.value, fault))
            continue
        indexed = digests.get(row_no, {})
        known = register.numbers.get(line.external_no)
        if refusal := _refuse(line, known, indexed, register):
            name, code, why = refusal
            found.refused.append(RefusedRow(row_no, name, code.value, why.value if why else ""))
        else:
            _take(found, line, known, indexed, register, at)
    return found


def _refuse(line: VolunteerLine, known: VolunteerId | None, indexed: Digests, register: Register) -> Refusal | None:
    """Why a row is refused, in the order of a registration; of who is known only what is to be sealed is looked at."""
    if known is None and line.region not in register.regions:
        return "region", Code.NOT_FOUND, None
    if known is None and line.team_no and line.team_no not in register.teams:
        return "team", Code.NOT_FOUND, None
    if known is not None and known not in register.bare:
        return None
    if indexed.get(Field.ID_NUMBER) in register.documents:
        return Field.ID_NUMBER.value, Code.ALREADY_EXISTS, Fault.DOCUMENT_TAKEN
    if register.agreed and brings_data(line):
        age = age_on(line.born_on, register.agreed.day) if line.born_on else None
        if refused := refuse_giver(age, Purpose.DATA_REGISTRATION, line.consent_by):
            return "consent_by", refused.code, Fault.GUARDIAN_CONSENTS
    return None


def _take(
    found: Sorted,
    line: VolunteerLine,
    known: VolunteerId | None,
    indexed: Digests,
    register: Register,
    at: datetime,
) -> None:
    if known is not None:
        found.known += 1
    volunteer = VolunteerId(uuid7()) if known is None else known
    if known is None:
        register.numbers[line.external_no] = volunteer
        found.added.append(_new(line, volunteer, register.teams.get(line.team_no), at))
        if line.registered_at and line.status is not VolunteerStatus.LEFT:
            found.registered.append(found.added[-1])
    if brings_data(line) and (known is None or known in register.bare):
        newcomer = Newcomer(volunteer, line.data, indexed, line.consent_by, line.born_on)
        found.newcomers.append(newcomer)
        if known is not None:
            found.filled.append(newcomer)
            register.bare -= {known}
        if document := indexed.get(Field.ID_NUMBER):
            register.documents.add(document)


def _new(line: VolunteerLine, volunteer: VolunteerId, team: TeamId | None, at: datetime) -> NewVolunteer:
    return NewVolunteer(
        id=volunteer,
        status=line.status.value,
        region_code=line.region,
        team=team,
        registered_at=line.registered_at or at,
        born_on=line.born_on,
        masked_name=mask_name(line.data.name or "") if brings_data(line) else NO_NAME,
        external_no=line.external_no,
    )
