"""Drafts from a file: each becomes an author's draft by the action of the API, so that somebody else still decides."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import typer

from app.actions.running import Done, Ticket, run_action
from app.actions.users import actor_of
from app.api.problems import Problem
from app.core.codes import Rejected
from app.core.ids import ProgrammeId, UserId
from app.core.quantities import Instant
from app.hosting import settings_with_database
from app.main import make_services
from app.security.scopes import Scope
from app.settings import Settings
from app.store.database import Database, Tx
from app.store.users import fetch_user_by_name


@dataclass(frozen=True, slots=True)
class Drafting:
    """One draft of a file: its name and version, the hash of what it says, and how it is drafted by whom and when."""

    name: str
    hash: bytes
    draft: Callable[[Tx, UserId, Instant], Awaitable[Done | Rejected]]


def refuse_file(problem: Problem) -> NoReturn:
    """Say what is wrong in a file, and where, and end with 1."""
    for error in problem.errors:
        typer.echo(f"{error.pointer}: {error.detail}", err=True)
    sys.exit(1)


def load_drafts(programme: ProgrammeId, author: str, scope: Scope, what: str, drafts: Sequence[Drafting]) -> None:
    """Draft all of them, tell of each, and end the process; 1 when the author may not. Those that are there stay."""
    with settings_with_database() as settings:
        sys.exit(asyncio.run(_load(settings, programme, author, scope, what, drafts)))


async def _load(
    settings: Settings, programme: ProgrammeId, author: str, scope: Scope, what: str, drafts: Sequence[Drafting]
) -> int:
    database = Database(str(settings.database_url))
    try:
        services = make_services(settings, database)
        async with database.read() as reader:
            user = await fetch_user_by_name(reader, programme, author)
        actor = actor_of(programme, user) if user else None
        if actor is None or scope not in actor.scopes:
            typer.echo(f"{author} of {programme} may not write {what}", err=True)
            return 1
        for each in drafts:
            ticket = Ticket(actor=actor, key=f"load:{each.name}", body_hash=each.hash, at=services.clock())

            async def draft(tx: Tx, each: Drafting = each, at: Instant = ticket.at) -> Done | Rejected:
                return await each.draft(tx, UserId(actor.subject), at)

            answered = await run_action(services.database, ticket, draft)
            typer.echo(f"{each.name}: {answered.code if isinstance(answered, Rejected) else 'drafted'}")
    finally:
        await database.close()
    return 0
