"""Regions of a programme: the tree of GB/T 2260 and the statistical codes below it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import text

from app.core.ids import ProgrammeId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True)
class Region:
    """One node of the tree."""

    code: str
    name: str
    level: str
    parent_code: str | None
    kind: str


_INSERT = text("""
INSERT INTO regions (programme_id, code, name, level, parent_code, kind)
VALUES (:programme, :code, :name, :level, :parent_code, :kind)
ON CONFLICT (programme_id, code) DO NOTHING
""")


async def insert_regions(tx: Tx, programme: ProgrammeId, regions: Sequence[Region]) -> None:
    """Add regions, parents before their children. Those that are there already stay as they are."""
    if regions:
        await tx.execute(_INSERT, [{"programme": programme, **asdict(region)} for region in regions])


_LIST = text("""
SELECT code, name, level, parent_code, kind FROM regions
WHERE programme_id = :programme AND (CAST(:parent AS text) IS NULL OR parent_code = :parent) ORDER BY code
""")


async def fetch_regions(reader: Reader, programme: ProgrammeId, parent: str | None) -> Sequence[Region]:
    """All regions, or the children of one."""
    rows = await reader.execute(_LIST, {"programme": programme, "parent": parent})
    return [Region(*row) for row in rows]


_EXISTS = text("SELECT true FROM regions WHERE programme_id = :programme AND code = :code")


async def is_region(reader: Reader | Tx, programme: ProgrammeId, code: str) -> bool:
    """Whether the programme knows this region."""
    return bool(await reader.scalar(_EXISTS, {"programme": programme, "code": code}))
