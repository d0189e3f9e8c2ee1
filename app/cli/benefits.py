"""Loading benefits from a file: as drafts of a person, so that another still reviews and publishes them."""

import asyncio
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from app.actions.benefits import draft_benefit
from app.actions.running import Done, Ticket, run_action
from app.actions.users import actor_of
from app.api.benefit_fields import benefit_content
from app.api.benefit_files import read_benefits
from app.api.problems import Problem
from app.api.services import Services
from app.core.benefits.model import Benefit
from app.core.codes import Rejected
from app.core.ids import ProgrammeId, UserId
from app.hosting import settings_with_database
from app.main import make_services
from app.security.actors import Actor
from app.security.scopes import Scope
from app.settings import Settings
from app.store.benefit_bodies import encode_benefit
from app.store.database import Database, Tx
from app.store.users import fetch_user_by_name

benefits = typer.Typer(no_args_is_help=True, help="Benefit programmes (礼遇项目).")


@benefits.callback()
def benefit_programmes() -> None:
    """Benefit programmes (礼遇项目)."""


@benefits.command("load")
def load(
    programme: Annotated[str, typer.Argument(help="Code of the programme, for example cixi.")],
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help='JSON: {"benefits": [...]}, as the API takes them.')
    ],
    author: Annotated[str, typer.Option(help="Whose drafts they become: somebody else reviews them.")],
) -> None:
    """Draft the benefits of a file. Those whose code and version are there already are left as they are."""
    try:
        listed = read_benefits(file.read_bytes())
    except Problem as problem:
        for error in problem.errors:
            typer.echo(f"{error.pointer}: {error.detail}", err=True)
        sys.exit(1)
    with settings_with_database() as settings:
        sys.exit(asyncio.run(_load(settings, ProgrammeId(programme), author, listed)))


async def _load(settings: Settings, programme: ProgrammeId, author: str, listed: Sequence[Benefit]) -> int:
    database = Database(str(settings.database_url))
    try:
        services = make_services(settings, database)
        async with database.read() as reader:
            user = await fetch_user_by_name(reader, programme, author)
        actor = actor_of(programme, user) if user else None
        if actor is None or Scope.BENEFITS_WRITE not in actor.scopes:
            typer.echo(f"{author} of {programme} may not write benefits", err=True)
            return 1
        for benefit in listed:
            drafted = await _draft(services, actor, benefit)
            typer.echo(f"{benefit.reference}: {'drafted' if drafted is None else drafted.code}")
    finally:
        await database.close()
    return 0


async def _draft(services: Services, actor: Actor, benefit: Benefit) -> Rejected | None:
    ticket = Ticket(
        actor=actor,
        key=f"load:{benefit.reference}",
        body_hash=sha256(encode_benefit(benefit).encode()).digest(),
        at=services.clock(),
    )

    async def draft(tx: Tx) -> Done | Rejected:
        made = await draft_benefit(tx, actor.programme, benefit, UserId(actor.subject), ticket.at)
        if isinstance(made, Rejected):
            return made
        return Done(answer="{}", action="benefit.draft", subject=benefit.reference, changes=benefit_content(benefit))

    answered = await run_action(services.database, ticket, draft)
    return answered if isinstance(answered, Rejected) else None
