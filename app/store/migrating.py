"""Bringing a database to the newest schema, and granting a role no more than the service needs."""

import re
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.store.database import Database

_HERE = Path(__file__).resolve().parent.parent
_APPEND_ONLY = (
    "transactions",
    "transfers",
    "answers",
    "checkpoints",
    "audit_rows",
    "accrual_policies",
    "accruals",
    "offer_versions",
    "honours",
    "honour_states",
    "certificates",
    "bonuses",
    "evaluations",
    "back_test_reports",
    "expiry_notices",
    "opening_balances",
    "bulk_answers",
    "application_steps",
    "benefits",
    "benefit_withdrawals",
    "data_reads",
    "consents",
    "consent_text_drafts",
    "consent_texts",
    "predicate_answers",
    "trail_checkpoints",
    "erasures",
)
_ERASABLE = (
    "person_keys, vault_fields, vault_indexes, volunteer_external_ids, user_relatives, wechat_links, binding_codes,"
    " application_files"
)
"""What an erasure takes away for good."""
_LOGINS = "login_attempts, refused_logins, sessions, user_totps, recovery_codes"
_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def _config() -> Config:
    packaged = _HERE / "_migrations"
    config = Config()
    config.set_main_option("script_location", str(packaged if packaged.is_dir() else _HERE.parent / "migrations"))
    return config


def newest_revision() -> str:
    """The revision that this program was written for."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _knows(revision: str) -> bool:
    try:
        return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except CommandError:
        return False


def _upgrade(connection: Connection, revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


class NewerSchema(Exception):
    """The database was migrated by a program newer than this one; the message names its revision."""


async def upgrade(database: Database, revision: str = "head") -> None:
    """Run all migrations that are still to run, one process at a time. Raises NewerSchema, and changes nothing."""
    if (there := await fetch_revision(database)) and not _knows(there):
        raise NewerSchema(f"the database is at revision {there}, which this version does not know: install a newer one")
    engine = create_async_engine(database.engine.url, connect_args={"dsn": database.url})
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()


async def fetch_revision(database: Database) -> str | None:
    """The revision a database is at; None for one without our schema."""
    async with database.read() as reader:
        if await reader.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return None
        found = await reader.scalar(text("SELECT version_num FROM alembic_version"))
        return str(found) if found else None


async def grant(database: Database, role: str) -> None:
    """Let a role run the service: it may append to the journal, and change nothing in it.

    Raises ValueError for a name that is not a plain role name.
    """
    if not _ROLE.fullmatch(role):
        raise ValueError(f"not a plain role name: {role!r}")
    async with database.begin() as tx:
        await tx.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
        await tx.execute(text(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {role}"))
        await tx.execute(text(f"GRANT DELETE ON pay_codes, correction_records, {_LOGINS}, {_ERASABLE} TO {role}"))
        for table in _APPEND_ONLY:
            await tx.execute(text(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}"))
        await tx.execute(text(f"REVOKE INSERT, UPDATE ON alembic_version FROM {role}"))
