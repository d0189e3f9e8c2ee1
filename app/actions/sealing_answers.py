"""What tells who somebody is, in answers that are kept under an idempotency key: sealed like words, opened like words.

A kept answer outlives an erasure. A mask, a birthday, a number in another system or the hash of a paper would lead from
the opaque id back to the person; a repetition after the erasure has in their place that they were erased.
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime

from app.core.ids import ProgrammeId, VolunteerId, parse_id
from app.security.vault import PersonKey
from app.security.words import Place, is_sealed
from app.store.clear_words import TELLING
from app.store.database import Tx
from app.store.words import NOT_KEPT, fetch_or_make_key, seal_or_drop


class AnswerSealer:
    """Seals values inside JSON, each with the key of the person whom the nearest object around it names."""

    def __init__(self, tx: Tx, programme: ProgrammeId, at: datetime, names: Collection[str]) -> None:
        self._tx = tx
        self._programme = programme
        self._at = at
        self._names = names
        self._keys: dict[VolunteerId, PersonKey | None] = {}

    async def seal_within(self, value: object, about: VolunteerId | None = None) -> object:
        """A JSON value with the texts under these names sealed. `about`: whom it is about, where nothing in it says."""
        if isinstance(value, list):
            return [await self.seal_within(each, about) for each in value]
        if not isinstance(value, Mapping):
            return value
        named = _volunteer_in(value) or about
        sealed: dict[str, object] = {}
        for name, each in value.items():
            if named and name in self._names and isinstance(each, str):
                sealed[name] = await self._seal(named, each)
            else:
                sealed[name] = await self.seal_within(each, named)
        return sealed

    async def _seal(self, about: VolunteerId, value: str) -> str:
        if is_sealed(value) or value == NOT_KEPT:
            return value
        if about not in self._keys:
            self._keys[about] = await fetch_or_make_key(self._tx, self._programme, about, self._at)
        return seal_or_drop(self._keys[about], Place.KEPT_ANSWER, about.hex, value)


def _volunteer_in(value: Mapping[str, object]) -> VolunteerId | None:
    for name in ("volunteer_id", "child_id", "raised_by", "id"):
        reference = value.get(name)
        found = parse_id("vol", reference) if isinstance(reference, str) else None
        if found:
            return VolunteerId(found)
    return None


async def seal_telling(tx: Tx, programme: ProgrammeId, answer: str, at: datetime) -> str:
    """An answer as it may be kept. Most hold nothing of the kind and stay as they are."""
    if not any(f'"{name}":"' in answer for name in TELLING):
        return answer
    sealed = await AnswerSealer(tx, programme, at, TELLING).seal_within(json.loads(answer))
    return json.dumps(sealed, ensure_ascii=False, separators=(",", ":"))
