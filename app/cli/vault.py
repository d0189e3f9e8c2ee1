"""The vault of personal data on the machine itself: its keys, and the list of who was erased, for after a restore."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from sqlalchemy.exc import ProgrammingError
from uuid_utils.compat import uuid7

from app.actions.erasures import erase_person
from app.actions.sealing_words import seal_clear_answers, seal_clear_material, seal_clear_words
from app.actions.vault_keys import rotate_person_keys
from app.core.erasures import Erasure
from app.core.idempotency import AnswerKey
from app.core.ids import ProgrammeId, VolunteerId, format_id, parse_id
from app.hosting import settings_with_database
from app.main import now
from app.security.sealing import UnsealRefused
from app.security.vault import PersonVault
from app.settings import vault_of
from app.store.audit_rows import insert_audit_row
from app.store.database import Database, Tx
from app.store.erasures import fetch_erasures
from app.store.programmes import fetch_programme_ids
from app.store.vault import count_keys_by_name
from app.store.word_columns import WORD_COLUMNS, WordColumn

vault = typer.Typer(no_args_is_help=True, help="The vault of personal data: its keys, and erasures after a restore.")

Cursor = TypeVar("Cursor")

_LINE = frozenset(("programme", "volunteer_id", "reason", "requested_by", "approved_by", "erased_at"))


class BadList(Exception):
    """A file that is no list of erasures; the message names the line."""


@vault.command("rotate")
def rotate() -> None:
    """Seal all persons' keys under the newest of LIYU_VAULT_KEYS. Safe to stop and repeat, also while serving."""
    with settings_with_database() as settings:
        try:
            left = asyncio.run(_rotate(Database(str(settings.database_url)), vault_of(settings)))
        except UnsealRefused:
            typer.echo("liyu: a person's key was sealed by a key that is not in LIYU_VAULT_KEYS: add it", err=True)
            sys.exit(1)
    sys.exit(1 if left else 0)


async def _rotate(database: Database, keys: PersonVault) -> int:
    """Re-seal; gives how many are left under an older key, which others held meanwhile."""
    left = 0
    try:
        async with database.read() as reader:
            programmes = await fetch_programme_ids(reader)
        for programme in programmes:
            done = 0
            while True:
                async with database.begin() as tx:
                    resealed = await rotate_person_keys(tx, keys, programme)
                if not resealed:
                    break
                done += resealed
            async with database.read() as reader:
                counts = await count_keys_by_name(reader, programme)
            left += sum(count for name, count in counts.items() if name != keys.newest)
            told = ", ".join(f"{name}: {count:,}" for name, count in counts.items()) or "nobody"
            typer.echo(f"{programme}: {done:,} persons' keys sealed anew under {keys.newest} (now {told})")
    finally:
        await database.close()
    return left


@vault.command("seal-words")
def seal_words() -> None:
    """Seal what people wrote before words were sealed. Run it once after an upgrade, as the owner of the tables.

    Safe to stop and repeat, also while serving. Rows of the audit trail stay as they were signed.
    """
    with settings_with_database() as settings:
        database = Database(str(settings.database_url), vault_of(settings))
        try:
            asyncio.run(_seal_words(database))
        except UnsealRefused:
            typer.echo("liyu: a person's key was sealed by a key that is not in LIYU_VAULT_KEYS: add it", err=True)
            sys.exit(1)
        except ProgrammingError as error:
            typer.echo(f"liyu: run this as the owner of the tables: {error.orig}", err=True)
            sys.exit(1)


async def _seal_words(database: Database) -> None:
    try:
        async with database.read() as reader:
            programmes = await fetch_programme_ids(reader)
        for programme in programmes:
            counts = {"applications.material": await _seal_pages(database, programme, seal_clear_material, None)}
            for column in WORD_COLUMNS:
                counts[f"{column.table}.{column.column}"] = await _seal_column(database, programme, column)
            begin = AnswerKey("", "")
            counts["answers.outcome"] = await _seal_pages(database, programme, seal_clear_answers, begin)
            told = ", ".join(f"{place} {count:,}" for place, count in counts.items() if count) or "nothing was in clear"
            typer.echo(f"{programme}: {told}")
    finally:
        await database.close()


async def _seal_column(database: Database, programme: ProgrammeId, column: WordColumn) -> int:
    done = 0
    while True:
        async with database.begin() as tx:
            sealed = await seal_clear_words(tx, programme, column, now())
        if not sealed:
            return done
        done += sealed


async def _seal_pages(
    database: Database,
    programme: ProgrammeId,
    seal: Callable[[Tx, ProgrammeId, Cursor, datetime], Awaitable[tuple[int, Cursor | None]]],
    begin: Cursor,
) -> int:
    done, after = 0, begin
    while True:
        async with database.begin() as tx:
            sealed, last = await seal(tx, programme, after, now())
        done += sealed
        if last is None:
            return done
        after = last


@vault.command("erasures")
def erasures(
    out: Annotated[Path, typer.Argument(help="File to write: keep it apart from the backups.")],
) -> None:
    """Write the list of who was erased, by opaque ids: needed when a backup is restored."""
    with settings_with_database() as settings:
        lines = asyncio.run(_list_erasures(Database(str(settings.database_url))))
    _write_private(out, "".join(lines))
    typer.echo(f"{len(lines):,} erasures written to {out}")


def _write_private(path: Path, content: str) -> None:
    """Whole or not at all, for our own eyes: the reasons may tell of somebody, and the list of before is not lost."""
    made = path.with_name(f".{path.name}.new")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)


async def _list_erasures(database: Database) -> list[str]:
    lines: list[str] = []
    try:
        async with database.snapshot() as reader:
            for programme in await fetch_programme_ids(reader):
                lines += [_line(programme, erasure) for erasure in await fetch_erasures(reader, programme)]
    finally:
        await database.close()
    return lines


def _line(programme: ProgrammeId, erasure: Erasure) -> str:
    told = {
        "programme": programme,
        "volunteer_id": format_id("vol", erasure.volunteer),
        "reason": erasure.reason,
        "requested_by": erasure.requested_by,
        "approved_by": erasure.approved_by,
        "erased_at": erasure.erased_at.isoformat(),
    }
    return json.dumps(told, ensure_ascii=False) + "\n"


@vault.command("reapply-erasures")
def reapply(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="As `liyu vault erasures` wrote it.")],
) -> None:
    """After a restore: erase again who was erased. Do it before the service is started on the restored database."""
    try:
        listed = read_erasures(file.read_text(encoding="utf-8"))
    except (BadList, UnicodeDecodeError) as error:
        typer.echo(f"liyu: {file} is no list of erasures: {error}", err=True)
        sys.exit(2)
    with settings_with_database() as settings:
        applied, unknown = asyncio.run(_reapply(Database(str(settings.database_url)), listed))
    typer.echo(f"{applied:,} persons erased again; {unknown:,} are not in this database")


def read_erasures(text: str) -> list[tuple[ProgrammeId, Erasure]]:
    """Read a list whole before anything is done. Raises BadList."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            told = json.loads(line)
            if set(told) != _LINE or not all(isinstance(value, str) for value in told.values()):
                raise BadList(f"line {number}: not the fields of an erasure")
            volunteer = parse_id("vol", told["volunteer_id"])
            erased_at = datetime.fromisoformat(told["erased_at"])
        except (ValueError, TypeError) as error:
            raise BadList(f"line {number}: {error}") from error
        if volunteer is None or erased_at.tzinfo is None:
            raise BadList(f"line {number}: not an id, or not a moment")
        erasure = Erasure(
            volunteer=VolunteerId(volunteer),
            reason=told["reason"],
            requested_by=told["requested_by"],
            approved_by=told["approved_by"],
            erased_at=erased_at,
        )
        found.append((ProgrammeId(told["programme"]), erasure))
    return found


async def _reapply(database: Database, listed: list[tuple[ProgrammeId, Erasure]]) -> tuple[int, int]:
    applied = 0
    try:
        for programme, erasure in listed:
            async with database.begin() as tx:
                if not await erase_person(tx, programme, erasure):
                    continue
                await insert_audit_row(
                    tx,
                    programme,
                    uuid7(),
                    actor="system",
                    action="erasure.reapply",
                    subject=format_id("vol", erasure.volunteer),
                    changes={"erased_at": erasure.erased_at.isoformat()},
                    at=now(),
                )
            applied += 1
    finally:
        await database.close()
    return applied, len(listed) - applied
