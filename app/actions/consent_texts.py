"""Consent texts written by one person and published by another; the register itself never changes."""

from datetime import date, datetime, timedelta

from uuid_utils.compat import uuid7

from app.core.business_days import end_of_day
from app.core.codes import Code, Rejected
from app.core.consent_texts import ConsentDraft, ConsentText, ConsentWords, publish_draft
from app.core.ids import ConsentTextId, ProgrammeId, UserId
from app.store.consent_texts import fetch_draft, fetch_texts, insert_draft, insert_text
from app.store.database import Tx
from app.store.programmes import fetch_zone
from app.store.same_person import fetch_own_accounts

_DAY = timedelta(days=1)


async def draft_consent_text(
    tx: Tx,
    programme: ProgrammeId,
    words: ConsentWords,
    *,
    effective_from: date,
    ask_again: bool,
    by: UserId,
    at: datetime,
) -> ConsentDraft | Rejected:
    """Write words down. A version that was published is taken; until then it may be written anew."""
    if any(text.words.version == words.version for text in await fetch_texts(tx, programme, words.purpose)):
        return Rejected(Code.ALREADY_EXISTS)
    draft = ConsentDraft(
        id=ConsentTextId(uuid7()),
        words=words,
        effective_from=effective_from,
        ask_again=ask_again,
        drafted_by=by,
        drafted_at=at,
    )
    await insert_draft(tx, programme, draft)
    return draft


async def publish_consent_text(
    tx: Tx, programme: ProgrammeId, draft: ConsentTextId, by: UserId, at: datetime
) -> ConsentText | Rejected:
    """Publish a draft, by somebody else: in force from its day on, in the programme's zone, and never backwards."""
    found = await fetch_draft(tx, programme, draft)
    if found is None:
        return Rejected(Code.NOT_FOUND)
    begins = end_of_day(found.effective_from - _DAY, await fetch_zone(tx, programme))
    published = publish_draft(found, begins, by, at)
    if isinstance(published, Rejected):
        return published
    if found.drafted_by in await fetch_own_accounts(tx, programme, by):
        return Rejected(Code.SELF_REVIEW)
    return published if await insert_text(tx, programme, published) else Rejected(Code.ALREADY_EXISTS)
