"""The city's consent texts (告知书): written by one administrator, published by another, as in production."""

from datetime import datetime
from pathlib import Path

from app.actions.consent_texts import draft_consent_text, publish_consent_text
from app.api.bodies import parse_body
from app.api.consent_text_fields import ConsentTextDraftRequest, ConsentTextFile
from app.core.codes import Rejected
from app.core.ids import UserId
from app.demo.loaded import LoadedCity
from app.store.database import Tx

_FILE = Path(__file__).with_name("data") / "consent_texts_cixi.json"


class ConsentTextsNotLoaded(Exception):
    """A text was refused; the message says which, and why."""


def city_texts() -> tuple[ConsentTextDraftRequest, ...]:
    """One text for each purpose that consent is asked for."""
    return parse_body(ConsentTextFile, _FILE.read_bytes()).body.texts


async def load_consent_texts(tx: Tx, city: LoadedCity, publisher: UserId, at: datetime) -> None:
    """Draft all of them as the city's administrator, and publish them as another."""
    for text in city_texts():
        drafted = await draft_consent_text(
            tx,
            city.programme,
            text.to_words(),
            effective_from=text.effective_from,
            ask_again=text.ask_again,
            by=city.admin,
            at=at,
        )
        if isinstance(drafted, Rejected):
            raise ConsentTextsNotLoaded(f"draft {text.purpose}: {drafted.code}")
        published = await publish_consent_text(tx, city.programme, drafted.id, publisher, at)
        if isinstance(published, Rejected):
            raise ConsentTextsNotLoaded(f"publish {text.purpose}: {published.code}")
