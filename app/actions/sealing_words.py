"""Sealing what stood in clear before words were sealed: some hundred at a time, safe to stop and to repeat.

Rows of the audit trail are left: their leaves are made of what they say. Tables that are only appended to are opened
for the length of one transaction, which their owner alone can do.
"""

import json
from dataclasses import replace
from datetime import datetime

from app.actions.sealing_answers import AnswerSealer
from app.core.idempotency import AnswerKey
from app.core.ids import ApplicationId, ProgrammeId, VolunteerId, parse_id
from app.security.words import Place, is_sealed
from app.store.clear_words import (
    ANSWERED,
    TELLING,
    ClearWords,
    fetch_clear_answers,
    lock_clear_words,
    lock_material,
    open_append_only,
    update_answers,
    update_material,
    update_words,
)
from app.store.database import Tx
from app.store.word_columns import WordColumn
from app.store.words import NOT_KEPT, seal_words

_AT_ONCE = 500
_KEPT_SEALED = frozenset((*ANSWERED, *TELLING))


async def seal_clear_words(tx: Tx, programme: ProgrammeId, column: WordColumn, at: datetime) -> int:
    """Seal the next words of a column that stand in clear; 0 when none is left that nobody holds."""
    found = await lock_clear_words(tx, programme, column, _AT_ONCE)
    if not found:
        return 0
    sealed = {words.at: await _seal(tx, programme, column.place, words, at) for words in found}
    if column.append_only:
        await open_append_only(tx, column.table, shut=False)
    await update_words(tx, programme, column, sealed)
    if column.append_only:
        await open_append_only(tx, column.table, shut=True)
    return len(found)


async def _seal(tx: Tx, programme: ProgrammeId, place: Place, found: ClearWords, at: datetime) -> str:
    words = found.words
    if found.writer and found.writer != found.about:
        words = await seal_words(tx, programme, found.writer, place, found.row, words, at)
    return await seal_words(tx, programme, found.about, place, found.row, words, at)


async def seal_clear_material(
    tx: Tx, programme: ProgrammeId, after: ApplicationId | None, at: datetime
) -> tuple[int, ApplicationId | None]:
    """Seal where material lies, of the applications after a given one: how many pieces, and where to go on."""
    found = await lock_material(tx, programme, after, _AT_ONCE)
    done = 0
    for kept in found:
        pieces = [
            {
                name: await _seal_value(
                    tx, programme, kept.volunteer, Place.APPLICATION_MATERIAL, kept.id.hex, value, at
                )
                if name in ANSWERED
                else value
                for name, value in piece.items()
            }
            for piece in kept.pieces
        ]
        if pieces != list(kept.pieces):
            done += len(pieces)
            await update_material(tx, programme, replace(kept, pieces=pieces))
    return done, found[-1].id if found else None


async def _seal_value(
    tx: Tx, programme: ProgrammeId, about: VolunteerId, place: Place, row: str, value: str, at: datetime
) -> str:
    if is_sealed(value) or value == NOT_KEPT:
        return value
    return await seal_words(tx, programme, about, place, row, value, at)


async def seal_clear_answers(
    tx: Tx, programme: ProgrammeId, after: AnswerKey, at: datetime
) -> tuple[int, AnswerKey | None]:
    """Seal the words in kept answers after a given one: how many answers, and where to go on."""
    found = await fetch_clear_answers(tx, programme, after, _AT_ONCE)
    changed = {}
    for key, outcome in found:
        whose = parse_id("vol", key.scope)
        caller = VolunteerId(whose) if whose else None
        sealer = AnswerSealer(tx, programme, at, _KEPT_SEALED)
        sealed = json.dumps(await sealer.seal_within(json.loads(outcome), caller), ensure_ascii=False)
        if sealed != json.dumps(json.loads(outcome), ensure_ascii=False):
            changed[key] = sealed
    if changed:
        await open_append_only(tx, "answers", shut=False)
        await update_answers(tx, programme, changed)
        await open_append_only(tx, "answers", shut=True)
    return len(changed), found[-1][0] if found else None
