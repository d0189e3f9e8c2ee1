"""Loading benefits from a file: as drafts of a person, so that another still reviews and publishes them."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from app.actions.benefits import draft_benefit
from app.actions.running import Done
from app.api.benefit_fields import benefit_content
from app.api.benefit_files import read_benefits
from app.api.problems import Problem
from app.cli.drafting import Drafting, load_drafts, refuse_file
from app.core.benefits.model import Benefit
from app.core.codes import Rejected
from app.core.ids import ProgrammeId, UserId
from app.core.quantities import Instant
from app.security.scopes import Scope
from app.store.benefit_bodies import encode_benefit
from app.store.database import Tx

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
        refuse_file(problem)
    named = ProgrammeId(programme)
    load_drafts(named, author, Scope.BENEFITS_WRITE, "benefits", [_drafting(named, benefit) for benefit in listed])


def _drafting(programme: ProgrammeId, benefit: Benefit) -> Drafting:
    async def draft(tx: Tx, by: UserId, at: Instant) -> Done | Rejected:
        made = await draft_benefit(tx, programme, benefit, by, at)
        if isinstance(made, Rejected):
            return made
        return Done(answer="{}", action="benefit.draft", subject=benefit.reference, changes=benefit_content(benefit))

    return Drafting(benefit.reference, sha256(encode_benefit(benefit).encode()).digest(), draft)
