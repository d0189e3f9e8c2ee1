"""x"""

from app.store.database import Database
from app.store.migrating import fetch_revision, newest_revision


async def test_x(database: Database) -> None:
    """X"""
    assert await fetch_revision(database) == newest_revision()
