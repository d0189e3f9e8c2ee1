"""Every column of text is accounted for: sealed with a person's key, or said here to hold no words about anybody."""

from pathlib import Path

from app.store.database import Database
from app.store.word_columns import WORD_COLUMNS
from tests.support.ledgers import fetch_rows

KINDS = {
    "sealed": "words about a person, sealed with that person's key; their key's end is theirs",
    "carries": "holds such words only as they were sealed elsewhere, or sealed for it",
    "erased": "blanked, deleted or made coarse when the person is erased",
    "code": "one of a closed set, or a code, number, version or label of ours",
    "actor": "who, by an opaque id",
    "thing": "words about things: benefits, offers, merchants, funds, teams, places, rules",
    "figures": "figures, codes and ids",
    "secret": "a hash or something sealed under other keys",
    "origin": "a network and a kind of device, never a whole address of a volunteer",
    "legal": "what the law says a record of service is made of (order 67); no names, by contract",
}
LISTED = Path(__file__).with_name("text_columns.txt")
TEXTS = """
SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name <> 'alembic_version'
  AND c.column_name <> 'programme_id'
  AND (c.data_type IN ('text', 'json', 'jsonb', 'character varying') OR c.udt_name = '_text')
ORDER BY 1
"""


def _listed() -> dict[str, str]:
    lines = [line.split(" ") for line in LISTED.read_text(encoding="utf-8").splitlines()]
    listed = {column: kind for column, kind in lines if kind in KINDS}
    assert len(listed) == len(lines)
    return listed


async def test_every_column_of_text_is_accounted_for(database: Database) -> None:
    """A new column of text must say in `text_columns.txt` what may stand in it; one that went leaves the list."""
    listed = _listed()
    assert set(listed) == {column for (column,) in await fetch_rows(database, TEXTS)}
    assert set(listed.values()) == set(KINDS)


def test_what_is_said_to_be_sealed_is_sealed_again_by_the_command() -> None:
    """The list and the program's own registry name the same columns; material lies inside a JSON value."""
    sealed = {column for column, kind in _listed().items() if kind == "sealed"}
    assert sealed == {f"{each.table}.{each.column}" for each in WORD_COLUMNS} | {"applications.material"}
