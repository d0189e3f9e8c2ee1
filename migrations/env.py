"""How migrations run: one at a time under an advisory lock, never waiting long for a table that is in use.

The caller hands its connection over (`attributes["connection"]`); it releases the lock by closing it.
"""

from alembic import context
from sqlalchemy import text

LOCK_KEY = 0x4C495955
LOCK_TIMEOUT_MS = 4_000
STATEMENT_TIMEOUT_MS = 600_000

connection = context.config.attributes["connection"]
connection.execute(text(f"SELECT pg_advisory_lock({LOCK_KEY})"))
connection.execute(text(f"SET lock_timeout = {LOCK_TIMEOUT_MS}"))
connection.execute(text(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}"))
connection.commit()
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
