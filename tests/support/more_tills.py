"""More terminals of one merchant, each in a store of its own, with the secret that every till of a test has."""

from datetime import datetime

from sqlalchemy import text

from app.core.ids import StoreId, TerminalId
from app.store.database import Database
from tests.support.city_rows import City, Till, named
from tests.support.sites import seal_secret

_STORES = text("""
INSERT INTO stores (programme_id, id, merchant_id, name, region_code, created_at)
SELECT programme_id, :store, merchant_id, :name, region_code, :at FROM stores WHERE id = :like
""")
_TERMINALS = text("""
INSERT INTO terminals (programme_id, id, merchant_id, store_id, label, secret, created_at)
SELECT programme_id, :terminal, merchant_id, :store, '1', :secret, :at FROM terminals WHERE id = :like_terminal
""")


async def more_tills(database: Database, city: City, like: Till, count: int, at: datetime) -> list[Till]:
    """So many new tills of the merchant of one; their stores are named 分店 0, 分店 1 and so on."""
    tills = [
        Till(
            TerminalId(named(like.merchant, "more", "terminal", number)),
            StoreId(named(like.merchant, "more", "store", number)),
            like.merchant,
        )
        for number in range(count)
    ]
    rows = [
        {
            "terminal": till.terminal,
            "store": till.store,
            "name": f"分店 {number}",
            "secret": seal_secret(city.programme, till.terminal),
            "like": like.store,
            "like_terminal": like.terminal,
            "at": at,
        }
        for number, till in enumerate(tills)
    ]
    async with database.begin() as tx:
        await tx.execute(_STORES, rows)
        await tx.execute(_TERMINALS, rows)
    return tills
