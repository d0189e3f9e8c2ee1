"""Whether what a token was given out for still stands: sessions that have not ended, clients that are not disabled.

For the control plane it is looked up with each call, many at once in one statement; elsewhere an answer of two seconds
ago will do. Ending a session or a client is so felt at once, or in seconds.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from app.core.ids import ApiKeyId, ClientId, ProgrammeId, SessionId, VolunteerId
from app.store.clients import Client, Credential, fetch_calling_clients, fetch_calling_keys
from app.store.erasures import fetch_erased
from app.store.lookups import Lookups
from app.store.sessions import fetch_running

FRESH_S = 2.0
_KNOWN_MAX = 20_000


class Standing:
    """What stands, with a short memory, and when clients were last seen."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._running: dict[tuple[ProgrammeId, SessionId], float] = {}
        self._here: dict[tuple[ProgrammeId, VolunteerId], float] = {}
        self._used: dict[ProgrammeId, dict[UUID, datetime]] = {}

    async def runs(self, programme: ProgrammeId, session: SessionId, *, fresh: bool) -> bool:
        """Whether a session has not ended. Only good news is remembered."""
        key = (programme, session)
        if not fresh and time.monotonic() - self._running.get(key, -FRESH_S) < FRESH_S:
            return True
        running = await self._lookups.find(fetch_running, programme, session) is not None
        if len(self._running) >= _KNOWN_MAX:
            self._running.clear()
        if running:
            self._running[key] = time.monotonic()
        else:
            self._running.pop(key, None)
        return running

    async def is_gone(self, programme: ProgrammeId, volunteer: VolunteerId) -> bool:
        """Whether a volunteer was erased: a token without a session ends so in seconds, not with its time."""
        key = (programme, volunteer)
        if time.monotonic() - self._here.get(key, -FRESH_S) < FRESH_S:
            return False
        gone = await self._lookups.find(fetch_erased, programme, volunteer) is not None
        if len(self._here) >= _KNOWN_MAX:
            self._here.clear()
        if not gone:
            self._here[key] = time.monotonic()
        return gone

    async def find_client(self, programme: ProgrammeId, client: ClientId) -> Client | None:
        """A client that may call; None for one that is unknown or disabled."""
        found = await self._lookups.find(fetch_calling_clients, programme, client)
        return found if found and found.disabled_at is None else None

    async def find_key(self, programme: ProgrammeId, key: ApiKeyId) -> Credential | None:
        """An API key, good or not."""
        return await self._lookups.find(fetch_calling_keys, programme, key)

    def note_used(self, programme: ProgrammeId, what: UUID, at: datetime) -> None:
        """Remember that a client or a key was used. Written by `app/jobs/seen.py`, never by the call itself."""
        self._used.setdefault(programme, {})[what] = at

    def take_used(self) -> Mapping[ProgrammeId, Mapping[UUID, datetime]]:
        """What was used since this was asked last. It is forgotten here."""
        used, self._used = self._used, {}
        return used
