"""Loading consent texts from a file: as drafts of a person, so that another still publishes them."""

from pathlib import Path
from typing import Annotated

import typer

from app.actions.consent_texts import draft_consent_text
from app.actions.running import Done
from app.api.bodies import parse_body
from app.api.consent_text_fields import ConsentTextDraftRequest, ConsentTextFile, render_draft
from app.api.problems import Problem
from app.cli.drafting import Drafting, load_drafts, refuse_file
from app.core.codes import Rejected
from app.core.ids import ProgrammeId, UserId
from app.core.quantities import Instant
from app.security.scopes import Scope
from app.store.database import Tx

consent_texts = typer.Typer(no_args_is_help=True, help="Texts that people agree to (告知书).")


@consent_texts.callback()
def texts_of_consents() -> None:
    """Texts that people agree to (告知书)."""


@consent_texts.command("load")
def load(
    programme: Annotated[str, typer.Argument(help="Code of the programme, for example cixi.")],
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help='JSON: {"texts": [...]}, as the API takes them.')
    ],
    author: Annotated[str, typer.Option(help="Whose drafts they become: somebody else publishes them.")],
) -> None:
    """Draft the texts of a file. Loaded again, those that are there already are left as they are."""
    try:
        listed = parse_body(ConsentTextFile, file.read_bytes()).body.texts
    except Problem as problem:
        refuse_file(problem)
    named = ProgrammeId(programme)
    load_drafts(named, author, Scope.CONSENTS_WRITE, "consent texts", [_drafting(named, text) for text in listed])


def _drafting(programme: ProgrammeId, text: ConsentTextDraftRequest) -> Drafting:
    words = text.to_words()

    async def draft(tx: Tx, by: UserId, at: Instant) -> Done | Rejected:
        made = await draft_consent_text(
            tx, programme, words, effective_from=text.effective_from, ask_again=text.ask_again, by=by, at=at
        )
        if isinstance(made, Rejected):
            return made
        told = render_draft(made)
        changes = told.model_dump(mode="json", include={"purpose", "version", "sha256", "effective_from"})
        return Done(answer="{}", action="consent-text.draft", subject=told.id, changes=changes)

    return Drafting(f"{words.purpose.value}@{words.version}", words.hash, draft)
