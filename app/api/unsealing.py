"""Opening sealed words (密封文字) on their way out: the one place where words about a person become readable again.

Routes, kept answers and audit rows carry words as they are sealed; who may have an answer has been decided by then.
Only whole JSON answers are opened: an exported audit trail keeps what its leaves were made of.
"""

import json
import re
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.ids import ProgrammeId, VolunteerId
from app.security.vault import PersonKey
from app.security.words import ERASED_WORDS, IN_JSON, MARK, SealedWords, find_sealed, open_text
from app.store.database import Database, Reader
from app.store.words import fetch_keys_of

_NEEDLE = f'"{MARK}'.encode()
_DEEP = 2
"""Words of one person about another are sealed twice."""
_TILLS = "/v1/pos/"
_JSON = b"application/json"

_Keys = Mapping[tuple[ProgrammeId, VolunteerId], PersonKey]


async def open_answer(database: Database, body: bytes) -> bytes:
    """An answer with its sealed words opened. In the place of what was erased stands that it was, in both languages."""
    if _NEEDLE not in body:
        return body
    said = body.decode()
    async with database.read() as reader:
        for _ in range(_DEEP):
            sealed = find_sealed(said)
            if not sealed:
                break
            said = _opened(said, await _fetch_keys(reader, sealed))
    return said.encode()


async def _fetch_keys(reader: Reader, sealed: frozenset[SealedWords]) -> _Keys:
    keys: dict[tuple[ProgrammeId, VolunteerId], PersonKey] = {}
    for programme in {words.programme for words in sealed}:
        volunteers = {words.volunteer for words in sealed if words.programme == programme}
        found = await fetch_keys_of(reader, programme, volunteers)
        keys.update({(programme, volunteer): key for volunteer, key in found.items()})
    return keys


def _opened(said: str, keys: _Keys) -> str:
    def open_one(found: re.Match[str]) -> str:
        words = SealedWords.parse(found[1])
        key = keys.get((words.programme, words.volunteer)) if words else None
        return json.dumps(open_text(key, words) if key and words else ERASED_WORDS, ensure_ascii=False)

    return IN_JSON.sub(open_one, said)


class UnsealingMiddleware:
    """Opens what is sealed in JSON answers. The tills' own routes carry no words about anybody."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith(_TILLS):
            await self._app(scope, receive, send)
            return
        begun: Message | None = None

        async def opened(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start" and _is_json(message):
                begun = message
                return
            if begun is not None:
                if not message.get("more_body"):
                    database: Database = scope["app"].state.services.database
                    message = {**message, "body": await open_answer(database, message.get("body", b""))}
                    begun = _with_length(begun, len(message["body"]))
                await send(begun)
                begun = None
            await send(message)

        await self._app(scope, receive, opened)


def _is_json(message: Message) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(_JSON) for name, value in message["headers"])


def _with_length(message: Message, length: int) -> Message:
    headers = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
    return {**message, "headers": [*headers, (b"content-length", str(length).encode())]}
