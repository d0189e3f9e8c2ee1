"""Making the first administrator, and tokens for those who work on the machine itself."""

import asyncio
import sys
from datetime import timedelta
from typing import Annotated

import typer
from uuid_utils.compat import uuid7

from app.actions.users import LOGIN_KINDS, NewUser, actor_of, create_user
from app.cli.mistakes import tell_refusal
from app.core.codes import Rejected
from app.core.ids import ProgrammeId, UserId
from app.hosting import migrate_database, settings_with_database
from app.main import make_services
from app.security.actors import ActorKind
from app.security.tokens import issue_token
from app.settings import Settings
from app.store.audit_rows import insert_audit_row
from app.store.database import Database
from app.store.programmes import fetch_programme
from app.store.users import fetch_user_by_name

admin = typer.Typer(no_args_is_help=True, help="People who log in.")


@admin.callback()
def people() -> None:
    """People who log in."""


@admin.command("create")
def create(
    programme: Annotated[str, typer.Argument(help="Code of the programme, for example cixi.")],
    username: Annotated[str, typer.Argument()],
    kind: Annotated[str, typer.Option(help="admin, auditor or organiser.")] = "admin",
    password: Annotated[
        str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="LIYU_NEW_PASSWORD")
    ] = "",
    temporary: Annotated[
        bool, typer.Option("--temporary", help="For somebody else, who chooses another at the first log-in.")
    ] = False,
) -> None:
    """Make an administrator (or auditor, organiser). The password is asked for, or taken from LIYU_NEW_PASSWORD."""
    if kind not in {known.value for known in LOGIN_KINDS}:
        raise typer.BadParameter(f"{kind} cannot log in", param_hint="--kind")
    with settings_with_database() as settings:
        new = NewUser(
            id=UserId(uuid7()), kind=ActorKind(kind), username=username, password=password, must_change=temporary
        )
        sys.exit(asyncio.run(_create(settings, ProgrammeId(programme), new)))


async def _create(settings: Settings, programme: ProgrammeId, new: NewUser) -> int:
    await migrate_database(settings)
    database = Database(str(settings.database_url))
    try:
        services = make_services(settings, database)
        at = services.clock()
        async with database.read() as reader:
            if await fetch_programme(reader, programme) is None:
                typer.echo(f"there is no programme {programme}: liyu programme create · 没有该项目", err=True)
                return 1
        async with database.begin() as tx:
            made = await create_user(tx, programme, new, at)
            if not isinstance(made, Rejected):
                await insert_audit_row(
                    tx,
                    programme,
                    uuid7(),
                    actor="system",
                    action="user.create",
                    subject=f"usr_{made.id.hex}",
                    changes={"kind": new.kind.value, "username": new.username},
                    at=at,
                )
    finally:
        await database.close()
    if isinstance(made, Rejected):
        tell_refusal("not made", made)
        return 1
    typer.echo(f"{new.kind} {new.username} of {programme} made")
    return 0


def token(
    programme: Annotated[str, typer.Argument()],
    username: Annotated[str, typer.Argument()],
    hours: Annotated[int, typer.Option(min=1, max=24)] = 1,
) -> None:
    """Print an access token for a user: for whoever holds the master key of this machine."""
    with settings_with_database() as settings:
        sys.exit(asyncio.run(_token(settings, ProgrammeId(programme), username, timedelta(hours=hours))))


async def _token(settings: Settings, programme: ProgrammeId, username: str, lifetime: timedelta) -> int:
    database = Database(str(settings.database_url))
    try:
        services = make_services(settings, database)
        async with database.read() as reader:
            user = await fetch_user_by_name(reader, programme, username)
        if user is None or user.disabled_at:
            typer.echo(f"{programme} has no such user", err=True)
            return 1
        keys = await services.cabinet.token_keys(programme)
        actor = actor_of(programme, user)
        issued = issue_token(keys, actor, issued_at=services.clock(), lifetime=lifetime, token_id=uuid7().hex)
        typer.echo(issued)
    finally:
        await database.close()
    return 0
