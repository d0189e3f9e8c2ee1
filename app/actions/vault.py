"""Personal data in use: sealed when it comes, opened for a reason, each access by staff noted before it is answered."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from uuid_utils.compat import uuid7

from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import NOBODY, DataApprovalId, DataReadId, ProgrammeId, UserId, VolunteerId
from app.core.personal_data import (
    APPROVAL_LIFE,
    SEARCHABLE,
    DataApproval,
    DataRead,
    Field,
    PersonalData,
    ReadKind,
    data_of,
    is_protected,
)
from app.core.volunteers import Volunteer
from app.security.actors import Actor
from app.security.vault import PersonVault
from app.security.words import Place
from app.store.data_reads import (
    insert_data_approval,
    insert_data_read,
    lock_data_approval,
    update_data_approval,
)
from app.store.database import Reader, Tx
from app.store.erasures import is_erased
from app.store.same_person import fetch_own_accounts
from app.store.vault import (
    SealedPerson,
    fetch_indexed,
    fetch_person_key,
    fetch_sealed_fields,
    insert_person_key,
    lock_digest,
    upsert_index,
    upsert_sealed_fields,
)
from app.store.volunteers import VolunteerRow, fetch_volunteer, lock_volunteer
from app.store.words import seal_words

_NOBODY_BEFORE = VolunteerId(NOBODY)


async def store_personal_data(
    tx: Tx, vault: PersonVault, programme: ProgrammeId, volunteer: VolunteerId, data: PersonalData, at: datetime
) -> Rejected | None:
    """Seal what is given over what was there. A document belongs to one volunteer of a programme only."""
    if not await lock_volunteer(tx, programme, volunteer):
        return Rejected(Code.NOT_FOUND)
    if await is_erased(tx, programme, volunteer):
        return Rejected(Code.DATA_ERASED)
    values = data.fields()
    digests = {field: vault.index(programme, field, values[field]) for field in SEARCHABLE if field in values}
    if digest := digests.get(Field.ID_NUMBER):
        await lock_digest(tx, programme, digest)
        holders = await fetch_indexed(tx, programme, Field.ID_NUMBER, digest, _NOBODY_BEFORE, 1)
        if holders and holders[0] != volunteer:
            return Rejected(Code.ALREADY_EXISTS, {"field": Field.ID_NUMBER.value})
    person = await fetch_person_key(tx, programme, volunteer)
    if person:
        key = vault.open(programme, volunteer, person.sealed_key)
    else:
        key, sealed = vault.make(programme, volunteer)
        await insert_person_key(tx, programme, SealedPerson(volunteer, sealed, vault.newest), at)
    sealed_values = {field: key.seal(field, value) for field, value in values.items()}
    await upsert_sealed_fields(tx, programme, volunteer, sealed_values, at)
    for indexed, digest in digests.items():
        await upsert_index(tx, programme, volunteer, indexed, digest)
    return None


async def open_personal_data(
    reader: Reader | Tx, vault: PersonVault, programme: ProgrammeId, volunteer: VolunteerId
) -> PersonalData | None:
    """What the vault keeps of a person, in clear: for the person, for masking, or after the access was noted."""
    person = await fetch_person_key(reader, programme, volunteer)
    if person is None:
        return None
    key = vault.open(programme, volunteer, person.sealed_key)
    sealed = await fetch_sealed_fields(reader, programme, volunteer)
    return data_of({name: key.open(name, value) for name, value in sealed.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An access by staff to be allowed and noted: whose data, what of it, why, from where."""

    id: DataReadId
    volunteer: VolunteerId
    kind: ReadKind
    fields: tuple[Field, ...]
    reason: str
    address: str
    approval: DataApprovalId | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A noted access, with what it opened: whole for an export, else what was asked for."""

    read: DataRead
    data: PersonalData = field(repr=False)


async def access_personal_data(
    tx: Tx, vault: PersonVault, actor: Actor, access: Access, today: date, at: datetime
) -> Opened | Rejected:
    """Open a person's data for staff, noted in the same transaction. What the vault does not keep is None."""
    read = await allow_access(tx, actor, access, today, at)
    if isinstance(read, Rejected):
        return read
    data = await open_personal_data(tx, vault, actor.programme, access.volunteer)
    kept = data.fields() if data else {}
    shown = {name: value for name, value in kept.items() if name in access.fields or name is Field.ID_TYPE}
    return Opened(read, data_of(shown))


async def allow_access(tx: Tx, actor: Actor, access: Access, today: date, at: datetime) -> DataRead | Rejected:
    """Note an access by staff before anything is shown. That to a minor's data needs an approval, and uses it up."""
    found = await fetch_volunteer(tx, actor.programme, access.volunteer)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if await is_erased(tx, actor.programme, access.volunteer):
        return Rejected(Code.DATA_ERASED)
    if is_protected(_age_on(found, today)):
        if refusal := await _use_approval(tx, actor, access, at):
            return refusal
    elif access.approval:
        return Rejected(Code.PARAM_ERROR, {"field": "approval_id"})
    read = DataRead(
        id=access.id,
        volunteer=access.volunteer,
        kind=access.kind,
        actor=actor.reference,
        fields=access.fields,
        reason=access.reason,
        address=access.address,
        read_at=at,
        approval=access.approval,
    )
    return await note_read(tx, actor.programme, read)


async def note_read(tx: Tx, programme: ProgrammeId, read: DataRead) -> DataRead:
    """Note an access, its reason sealed: why somebody's data was looked at is about them."""
    place, row = Place.READ_REASON, read.id.hex
    sealed = await seal_words(tx, programme, read.volunteer, place, row, read.reason, read.read_at)
    noted = replace(read, reason=sealed)
    await insert_data_read(tx, programme, noted)
    return noted


def _age_on(row: VolunteerRow, day: date) -> int | None:
    return Volunteer(row.id, row.status, born_on=row.born_on).age_on(day)


async def _use_approval(tx: Tx, actor: Actor, access: Access, at: datetime) -> Rejected | None:
    approval = await lock_data_approval(tx, actor.programme, access.approval) if access.approval else None
    if approval is None or not approval.covers(access.volunteer, access.fields, UserId(actor.subject), at):
        return Rejected(Code.APPROVAL_REQUIRED)
    await update_data_approval(tx, actor.programme, replace(approval, used_at=at))
    return None


async def look_up_volunteer(
    tx: Tx, vault: PersonVault, programme: ProgrammeId, field_: Field, value: str, note: DataRead | None = None
) -> list[VolunteerId]:
    """Whose phone or document this is. With a note, each who is found is noted as looked up."""
    found = await fetch_indexed(tx, programme, field_, vault.index(programme, field_, value), _NOBODY_BEFORE)
    if note:
        for volunteer in found:
            await note_read(tx, programme, replace(note, id=DataReadId(uuid7()), volunteer=volunteer))
    return list(found)


async def ask_data_approval(tx: Tx, programme: ProgrammeId, approval: DataApproval) -> DataApproval | Rejected:
    """Ask a second person for leave to see somebody's data once."""
    if await fetch_volunteer(tx, programme, approval.volunteer) is None:
        return Rejected(Code.NOT_FOUND)
    if await is_erased(tx, programme, approval.volunteer):
        return Rejected(Code.DATA_ERASED)
    place, row = Place.APPROVAL_REASON, approval.id.hex
    reason = await seal_words(tx, programme, approval.volunteer, place, row, approval.reason, approval.asked_at)
    asked = replace(approval, reason=reason)
    await insert_data_approval(tx, programme, asked)
    return asked


async def approve_data_access(
    tx: Tx, programme: ProgrammeId, approval: DataApprovalId, by: UserId, at: datetime
) -> Edited[DataApproval] | Rejected:
    """Give the leave: for one access, within the hour."""
    found = await lock_data_approval(tx, programme, approval)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    if refusal := found.refuse_approving(by, at):
        return refusal
    if found.asked_by in await fetch_own_accounts(tx, programme, by):
        return Rejected(Code.SELF_REVIEW)
    given = replace(found, approved_by=by, approved_at=at, valid_until=at + APPROVAL_LIFE)
    await update_data_approval(tx, programme, given)
    return Edited(found, given)
