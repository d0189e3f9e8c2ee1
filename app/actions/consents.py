"""Giving and withdrawing consent: one row each, in the order in which it was said."""

from datetime import date, datetime

from uuid_utils.compat import uuid7

from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.consent_texts import hash_of_version
from app.core.consents import Channel, ConsentRow, ConsentStep, GivenBy, Purpose, consent_at, refuse_giver
from app.core.ids import ConsentId, ProgrammeId, VolunteerId
from app.core.volunteers import Volunteer, VolunteerStatus
from app.store.consent_texts import fetch_texts
from app.store.consents import fetch_consent_rows, insert_consent_row
from app.store.database import Tx
from app.store.volunteers import fetch_volunteer, lock_volunteer


async def give_consent(
    tx: Tx,
    programme: ProgrammeId,
    volunteer: VolunteerId,
    *,
    purpose: Purpose,
    version: str,
    channel: Channel,
    given_by: GivenBy,
    actor: str,
    today: date,
    at: datetime,
) -> Edited[ConsentRow | None] | Rejected:
    """Note a consent to a text in force. Given again to the text that it was given to, it stands as it did.

    Beside it comes the last step before: what was said of the purpose until then, if anything was.
    """
    found = await fetch_volunteer(tx, programme, volunteer)
    if found is None or found.status is VolunteerStatus.LEFT:
        return Rejected(Code.NOT_FOUND)
    age = Volunteer(found.id, found.status, born_on=found.born_on).age_on(today)
    if refusal := refuse_giver(age, purpose, given_by):
        return refusal
    await lock_volunteer(tx, programme, volunteer)
    rows = await fetch_consent_rows(tx, programme, volunteer, purpose)
    texts = await fetch_texts(tx, programme, purpose)
    text_hash = hash_of_version(texts, version, at)
    if isinstance(text_hash, Rejected):
        return text_hash
    standing = consent_at(rows, at)
    if standing and standing.version == version and rows[-1].text_hash == text_hash:
        return Edited(rows[-1], rows[-1])
    row = ConsentRow(
        id=ConsentId(uuid7()),
        purpose=purpose,
        number=len(rows) + 1,
        step=ConsentStep.GIVEN,
        version=version,
        channel=channel,
        given_by=given_by,
        actor=actor,
        at=at,
        text_hash=text_hash,
    )
    await insert_consent_row(tx, programme, volunteer, row)
    return Edited(rows[-1] if rows else None, row)


async def withdraw_consent(
    tx: Tx,
    programme: ProgrammeId,
    volunteer: VolunteerId,
    *,
    purpose: Purpose,
    channel: Channel,
    given_by: GivenBy,
    actor: str,
    at: datetime,
) -> Edited[ConsentRow | None] | Rejected:
    """Note that a consent is taken back: from this moment on, never backwards (PIPL Art. 15)."""
    if not await lock_volunteer(tx, programme, volunteer):
        return Rejected(Code.NOT_FOUND)
    rows = await fetch_consent_rows(tx, programme, volunteer, purpose)
    standing = consent_at(rows, at)
    if standing is None:
        return Rejected(Code.STATE_CONFLICT, {"state": "not-given"})
    row = ConsentRow(
        id=ConsentId(uuid7()),
        purpose=purpose,
        number=len(rows) + 1,
        step=ConsentStep.WITHDRAWN,
        version=standing.version,
        channel=channel,
        given_by=given_by,
        actor=actor,
        at=at,
        text_hash=rows[-1].text_hash,
    )
    await insert_consent_row(tx, programme, volunteer, row)
    return Edited(rows[-1], row)
