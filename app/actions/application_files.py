"""Files of applications: uploaded by whoever entered them, read by the applicant and, noted, by reviewers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256

from uuid_utils.compat import uuid7

from app.actions.application_hands import ApplicationTold, day_of, tell
from app.actions.applications import Case, lock_case
from app.actions.guardianships import refuse_child
from app.actions.vault import Access, allow_access
from app.core.applications.deadlines import catch_up
from app.core.applications.deciding import is_own
from app.core.applications.files import KeptFile, MediaType, refuse_file
from app.core.applications.model import Application
from app.core.applications.states import Party, level_asked
from app.core.codes import Code, Rejected
from app.core.ids import ApplicationId, ProgrammeId, format_id
from app.core.personal_data import DataRead
from app.core.quantities import BrokenInvariant
from app.security.actors import Actor
from app.store.application_files import delete_files, fetch_file, upsert_file
from app.store.applications import fetch_application, lock_application
from app.store.audit_rows import insert_audit_row
from app.store.benefits import fetch_version
from app.store.database import Reader, Tx
from app.store.words import fetch_keys_of, fetch_or_make_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as it came: for which paper, what it is, and its bytes."""

    code: str
    media_type: MediaType
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A file in clear; `read`: the access of a reviewer, as it was noted."""

    code: str
    media_type: MediaType
    content: bytes = field(repr=False)
    read: DataRead | None = None


def _place(application: ApplicationId, code: str) -> str:
    return f"application_files|sealed|{application.hex}|{code}"


async def upload_file(
    tx: Tx, actor: Actor, application: ApplicationId, upload: Upload, at: datetime
) -> ApplicationTold | Rejected:
    """Seal a file and put it to an application, in the place of the one for the same paper."""
    case = await lock_case(tx, actor, application)
    if case is None or not _is_enterers(case):
        return Rejected(Code.NOT_FOUND)
    stands = catch_up(case.view.application, case.clerk, at).application
    published = await fetch_version(tx, actor.programme, stands.benefit, stands.version)
    if published is None:
        return Rejected(Code.NOT_FOUND)
    if refusal := await refuse_child(tx, actor, day_of(case.clerk, at)):
        return refusal
    kept = {file.code for file in case.view.files}
    if refusal := refuse_file(published.benefit, stands.state, upload.code, kept):
        return refusal
    key = await fetch_or_make_key(tx, actor.programme, stands.volunteer, at)
    if key is None:
        return Rejected(Code.DATA_ERASED)
    file = KeptFile(
        code=upload.code,
        media_type=upload.media_type,
        size=len(upload.content),
        sha256=sha256(upload.content).hexdigest(),
        uploaded_at=at,
    )
    sealed = key.seal_bytes(_place(application, upload.code), upload.content)
    await upsert_file(tx, actor.programme, application, stands.volunteer, file, sealed, actor.hand)
    others = [each for each in case.view.files if each.code != file.code]
    files = tuple(sorted((*others, file), key=lambda each: each.code))
    return tell(replace(case.view, files=files), case.clerk, at)


def _is_enterers(case: Case) -> bool:
    application, hand = case.view.application, case.hand
    return hand.party is Party.APPLICANT or hand.reference == application.entered_by


async def open_own_file(reader: Reader, actor: Actor, application: ApplicationId, code: str) -> ReadFile | None:
    """A file as its applicant reads it; None for what is not theirs, or not there."""
    view = await fetch_application(reader, actor.programme, application)
    if view is None or actor.volunteer is None or view.application.volunteer != actor.volunteer:
        return None
    return await _open(reader, actor.programme, view.application, code)


async def _open(reader: Reader | Tx, programme: ProgrammeId, application: Application, code: str) -> ReadFile | None:
    kept = await fetch_file(reader, programme, application.id, code)
    if kept is None:
        return None
    key = (await fetch_keys_of(reader, programme, [application.volunteer])).get(application.volunteer)
    if key is None:
        raise BrokenInvariant(f"a file of application {application.id} outlived its person's key")
    content = key.open_bytes(_place(application.id, code), kept.sealed)
    return ReadFile(code=code, media_type=kept.media_type, content=content)


async def read_file(
    tx: Tx, actor: Actor, application: ApplicationId, code: str, access: Access, today: date, at: datetime
) -> ReadFile | Rejected:
    """Open a file for a reviewer whose level has its turn, or one above; noted like every sight of personal data.

    It is not there for anybody whose own affair the case is, and of a minor only with an approval.
    """
    case = await lock_case(tx, actor, application)
    if case is None or case.hand.party is not Party.REVIEWER or case.view.application.submitted_at is None:
        return Rejected(Code.NOT_FOUND)
    stands = catch_up(case.view.application, case.clerk, at).application
    if is_own(stands, case.hand):
        return Rejected(Code.SELF_REVIEW)
    asked = level_asked(stands.state, stands.route)
    if case.hand.level is None or case.hand.level < asked:
        return Rejected(Code.REVIEW_LEVEL, {"needed": asked.name.lower()})
    opened = await _open(tx, actor.programme, stands, code)
    if opened is None:
        return Rejected(Code.NOT_FOUND)
    read = await allow_access(tx, actor, replace(access, volunteer=stands.volunteer), today, at)
    return read if isinstance(read, Rejected) else replace(opened, read=read)


async def delete_due_files(tx: Tx, programme: ProgrammeId, due: Sequence[ApplicationId], at: datetime) -> int:
    """Delete the files of these applications whose term is over, with an audit row each. Returns how many went."""
    gone = {}
    for application in due:
        if await lock_application(tx, programme, application):
            gone[application] = await delete_files(tx, programme, application, at)
    for application, codes in gone.items():  # last: whoever waits for one of them waits for the trail's head too
        if codes:
            await insert_audit_row(
                tx,
                programme,
                uuid7(),
                actor="system",
                action="application.delete-files",
                subject=format_id("app", application),
                changes={"files": sorted(codes)},
                at=at,
            )
    return sum(len(codes) for codes in gone.values())
