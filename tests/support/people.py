"""Synthetic people with distinctive personal data, and ways to look for it where it must not be."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date

from app.core.identity_numbers import id_check_character
from app.core.ids import VolunteerId, parse_id
from app.security.actors import ActorKind
from app.store.database import Database
from tests.support.calls import Json
from tests.support.city_rows import REGION
from tests.support.ledgers import fetch_rows
from tests.support.service_calls import Person

_NAMES = ("欧阳霁澜", "钟离沐槿", "慕容疏桐", "尉迟砚秋", "司徒漱玉", "令狐栖迟", "诸葛照野", "皇甫听雪")


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """A made-up person whose name, phone and document number nobody else has."""

    name: str
    phone: str
    id_number: str

    @property
    def body(self) -> Json:
        """The body that registers them, with consent."""
        return {
            "name": self.name,
            "region_code": REGION,
            "phone": self.phone,
            "id_type": "resident_id",
            "id_number": self.id_number,
            "consent": {"version": "2026-03", "channel": "web"},
        }

    @property
    def secrets(self) -> tuple[str, ...]:
        """What may be nowhere in clear: each whole, and the name without its family name."""
        return (self.name, self.name[2:], self.phone, self.id_number)


def someone(number: int, born_on: date = date(1990, 3, 7)) -> Someone:
    """Another person for each number below a hundred."""
    body = f"330282{born_on:%Y%m%d}{number + 101:03}"
    round_, name = divmod(number, len(_NAMES))
    return Someone(
        name=_NAMES[name] + "甲乙丙丁戊己庚辛壬癸子丑寅"[:round_],
        phone=f"139577{number + 46813:05}",
        id_number=body + id_check_character(body),
    )


async def register(admin: Person, person: Someone, **more: object) -> Json:
    """Register somebody over HTTP."""
    return await admin.post("/v1/volunteers", {**person.body, **more}, 201)


def as_volunteer(admin: Person, made: Json) -> Person:
    """The volunteer who was registered, as a caller."""
    value = parse_id("vol", made["id"])
    assert value is not None
    return Person(site=admin.site, kind=ActorKind.VOLUNTEER, subject=value, volunteer=VolunteerId(value))


_COLUMNS = """
SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY 1, 2
"""


async def find_in_database(database: Database, needles: Sequence[str]) -> list[tuple[str, str, str]]:
    """Where any of these texts stands in clear: in any column of any table, as text or as the bytes of it."""
    columns = await fetch_rows(database, _COLUMNS)
    return [found for table, column in columns async for found in _find(database, table, column, needles)]


async def _find(
    database: Database, table: str, column: str, needles: Sequence[str]
) -> AsyncIterator[tuple[str, str, str]]:
    query = f"""
    SELECT n.needle FROM unnest(CAST(:needles AS text[]), CAST(:hexes AS text[])) AS n (needle, hex)
    WHERE EXISTS (SELECT FROM "{table}" t WHERE strpos(CAST(t."{column}" AS text), n.needle) > 0
                  OR strpos(CAST(t."{column}" AS text), n.hex) > 0)
    """
    hexes = [needle.encode().hex() for needle in needles]
    for (needle,) in await fetch_rows(database, query, needles=list(needles), hexes=hexes):
        yield table, column, needle
