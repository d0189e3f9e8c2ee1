"""Words that stand in clear, from before they were sealed: found a few at a time, and replaced where they lie."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.core.idempotency import AnswerKey
from app.core.ids import NOBODY, ApplicationId, ProgrammeId, VolunteerId
from app.security.words import MARK
from app.store.database import Tx
from app.store.word_columns import WORD_COLUMNS, WordColumn
from app.store.words import NOT_KEPT

ANSWERED = ("statement", "reason", "evidence", "appeal", "answer", "decision", "reference", "note", "clearing_reason")
"""The fields of answers in which people's words stand."""
TELLING = ("masked_name", "born_on", "external_id", "sha256")
"""Those that lead from an opaque id back to its person."""


def _in_clear(column: WordColumn) -> str:
    name = f"t.{column.column}"
    return f"""t.programme_id = :programme AND {name} <> '' AND {name} NOT LIKE '{MARK}%' AND {name} <> :not_kept
        AND {column.within}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearWords:
    """Words that stand in clear: where the row lies now, its name, whom they are about, who wrote them."""

    at: str
    row: str
    about: VolunteerId
    writer: VolunteerId | None
    words: str


async def lock_clear_words(tx: Tx, programme: ProgrammeId, column: WordColumn, limit: int) -> Sequence[ClearWords]:
    """Some words of a column that stand in clear, their rows kept from others until the transaction ends."""
    query = text(f"""
    SELECT CAST(t.ctid AS text) AS at, replace(CAST({column.row} AS text), '-', '') AS row, {column.about} AS about,
           CAST({column.writer} AS uuid) AS writer, t.{column.column} AS words
    FROM {column.table} t WHERE {_in_clear(column)} AND {column.about} IS NOT NULL
    LIMIT :limit FOR UPDATE OF t SKIP LOCKED
    """)
    rows = await tx.execute(query, {"programme": programme, "limit": limit, "not_kept": NOT_KEPT})
    return [ClearWords(**row) for row in rows.mappings()]


async def update_words(tx: Tx, programme: ProgrammeId, column: WordColumn, sealed: Mapping[str, str]) -> None:
    """Put sealed words into rows that are locked, by where each lies."""
    query = text(f"""
    UPDATE {column.table} t SET {column.column} = :words
    WHERE t.programme_id = :programme AND t.ctid = CAST(CAST(:at AS text) AS tid)
    """)
    rows = [{"programme": programme, "at": at, "words": words} for at, words in sealed.items()]
    await tx.execute(query, rows)


async def open_append_only(tx: Tx, table: str, *, shut: bool) -> None:
    """Let the table's owner change rows of a table that is only appended to, until it is shut again before the end."""
    await tx.execute(text(f"ALTER TABLE {table} {'ENABLE' if shut else 'DISABLE'} TRIGGER {table}_append_only"))


async def blank_clear_words(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId) -> None:
    """Of somebody who is erased: what was never sealed is taken away, where rows may be changed at all."""
    values = {"programme": programme, "volunteer": volunteer, "not_kept": NOT_KEPT}
    for column in WORD_COLUMNS:
        if not column.append_only:
            query = text(f"""
            UPDATE {column.table} t SET {column.column} = '' WHERE {_in_clear(column)}
              AND ({column.about} = :volunteer OR CAST({column.writer} AS uuid) = :volunteer)
            """)
            await tx.execute(query, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearMaterial:
    """The pieces of one application as they are kept."""

    id: ApplicationId
    volunteer: VolunteerId
    pieces: Sequence[Mapping[str, str]]


_MATERIAL = text("""
SELECT id, volunteer_id AS volunteer, material AS pieces FROM applications
WHERE programme_id = :programme AND id > :after AND json_array_length(material) > 0
ORDER BY id LIMIT :limit FOR UPDATE
""")
_UPDATE_MATERIAL = text("""
UPDATE applications SET material = CAST(:pieces AS json) WHERE programme_id = :programme AND id = :id
""")


async def lock_material(
    tx: Tx, programme: ProgrammeId, after: ApplicationId | None, limit: int
) -> Sequence[ClearMaterial]:
    """The material of the applications after a given one."""
    rows = await tx.execute(_MATERIAL, {"programme": programme, "after": after or NOBODY, "limit": limit})
    return [ClearMaterial(**row) for row in rows.mappings()]


async def update_material(tx: Tx, programme: ProgrammeId, changed: ClearMaterial) -> None:
    """Put sealed pieces in the place of what was there."""
    pieces = json.dumps(list(changed.pieces), ensure_ascii=False)
    await tx.execute(_UPDATE_MATERIAL, {"programme": programme, "id": changed.id, "pieces": pieces})


_ANSWERS = text("""
SELECT scope, key, CAST(outcome AS text) AS outcome FROM answers
WHERE programme_id = :programme AND (scope, key) > (:scope, :key) AND CAST(outcome AS text) ~ :pattern
ORDER BY scope, key LIMIT :limit
""")
_UPDATE_ANSWER = text("""
UPDATE answers SET outcome = CAST(:outcome AS json) WHERE programme_id = :programme AND scope = :scope AND key = :key
""")
_PATTERN = rf'"({"|".join((*ANSWERED, *TELLING))})": ?"(?!{MARK}|")'


async def fetch_clear_answers(
    tx: Tx, programme: ProgrammeId, after: AnswerKey, limit: int
) -> Sequence[tuple[AnswerKey, str]]:
    """The kept answers after a given one in which words may stand in clear."""
    values = {"programme": programme, "scope": after.scope, "key": after.key, "pattern": _PATTERN, "limit": limit}
    return [(AnswerKey(row.scope, row.key), row.outcome) for row in await tx.execute(_ANSWERS, values)]


async def update_answers(tx: Tx, programme: ProgrammeId, outcomes: Mapping[AnswerKey, str]) -> None:
    """Put answers with sealed words in the place of what was kept. The table has been opened."""
    rows = [
        {"programme": programme, "scope": key.scope, "key": key.key, "outcome": outcome}
        for key, outcome in outcomes.items()
    ]
    await tx.execute(_UPDATE_ANSWER, rows)
