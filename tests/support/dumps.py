"""A dump of a whole database, and a search of it for thousands of people at once."""

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import asyncpg

from app.store.database import Database

_BYTES = re.compile(r"\\\\x((?:[0-9a-f]{2})+)")


async def dump(database: Database) -> str:
    """All rows of all tables as `pg_dump` writes them, and after each table what its bytes say as text."""
    connection = await asyncpg.connect(database.url)
    parts = []
    try:
        for (table,) in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            rows = io.BytesIO()
            await connection.copy_from_table(table, schema_name="public", output=rows)
            text = rows.getvalue().decode()
            parts += [text, *(bytes.fromhex(found[1]).decode("utf-8", "replace") for found in _BYTES.finditer(text))]
    finally:
        await connection.close()
    return "\n".join(parts)


def find_any(text: str, needles: Iterable[str]) -> set[str]:
    """Which of these stand in a text. Takes time by the text's length, however many they are."""
    by_length: dict[int, set[str]] = defaultdict(set)
    for needle in needles:
        by_length[len(needle)].add(needle)
    return {found for same in by_length.values() for found in _candidates(text, same) if found in same}


def _candidates(text: str, needles: set[str]) -> Iterator[str]:
    """Whatever has, at each place, a character that one of the needles has there; overlaps included."""
    classes = ("[" + "".join(map(re.escape, sorted(set(column)))) + "]" for column in zip(*needles, strict=True))
    return (found[1] for found in re.finditer(f"(?=({''.join(classes)}))", text))
