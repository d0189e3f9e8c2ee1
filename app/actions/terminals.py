"""Terminals: registering, rotating and disabling them, and the directory by which a signed call is checked."""

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from app.actions.agreements import TRADING
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import MerchantId, ProgrammeId, StoreId, TerminalId
from app.security.actors import Actor
from app.security.sealing import Keyring
from app.store.database import Tx
from app.store.lookups import Lookups
from app.store.merchants import fetch_merchant, share_store
from app.store.terminals import (
    CallingTerminal,
    Terminal,
    disable,
    fetch_calling_terminals,
    fetch_terminal,
    insert_terminal,
    lock_terminal,
    update_secret,
)

_log = structlog.get_logger(__name__)

_FRESH_S = 0.5
_STALE_S = 1.0
_DIRECTORY_MAX = 10_000
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class KnownTill:
    """A terminal with its secrets opened: the current one and, for a while, the one before.

    `sandbox`: its programme is for trying tills out.
    """

    terminal: TerminalId
    merchant: MerchantId
    store: StoreId
    sandbox: bool
    disabled: bool
    secret: bytes
    previous_secret: bytes | None
    previous_valid_until: datetime | None

    def secrets_at(self, now: datetime) -> Sequence[bytes]:
        """The secrets that may sign now."""
        if self.previous_secret and self.previous_valid_until and now < self.previous_valid_until:
            return (self.secret, self.previous_secret)
        return (self.secret,)


def _aad(programme: ProgrammeId, terminal: TerminalId) -> str:
    return f"terminals|secret|{programme}|{terminal}"


@dataclass(frozen=True, slots=True)
class _Entry:
    read_at: float
    till: KnownTill | None


class TillDirectory:
    """Terminals by id, cached for a second: a till that is disabled or rotated is noticed within that time.

    An entry of half a second is read anew while everybody goes on with what is known: in a rush no caller waits for
    it. The command that follows looks at the terminal again in any case. An older entry, or a till that nobody knows
    yet, is read once for all who wait for it.
    """

    def __init__(self, lookups: Lookups, vault: Keyring) -> None:
        self._lookups = lookups
        self._vault = vault
        self._known: dict[tuple[ProgrammeId, TerminalId], _Entry] = {}
        self._reading: dict[tuple[ProgrammeId, TerminalId], asyncio.Task[KnownTill | None]] = {}
        self._seen: dict[ProgrammeId, dict[TerminalId, datetime]] = {}

    def note_seen(self, programme: ProgrammeId, terminal: TerminalId, at: datetime) -> None:
        """Remember that a terminal's signature was good. Written by `app/jobs/seen.py`, never by the call itself."""
        self._seen.setdefault(programme, {})[terminal] = at

    def take_seen(self) -> Mapping[ProgrammeId, Mapping[TerminalId, datetime]]:
        """The terminals seen since this was asked last. They are forgotten here."""
        seen, self._seen = self._seen, {}
        return seen

    async def find(self, programme: ProgrammeId, terminal: TerminalId, *, fresh: bool = False) -> KnownTill | None:
        """The terminal, or None. `fresh` looks past the cache, as after a signature that did not match."""
        key = (programme, terminal)
        entry = self._known.get(key)
        age_s = time.monotonic() - entry.read_at if entry else 0.0
        if entry and age_s < (_FRESH_S / 10 if fresh else _FRESH_S):
            return entry.till
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.create_task(self._read(key))
            self._reading[key] = reading
            reading.add_done_callback(partial(self._end_reading, key))
        if entry and not fresh and age_s < _STALE_S:
            return entry.till
        return await asyncio.shield(reading)

    def _end_reading(self, key: tuple[ProgrammeId, TerminalId], reading: asyncio.Task[KnownTill | None]) -> None:
        """Whoever waits gets the error; a reading that nobody waits for is tried again by the next caller."""
        self._reading.pop(key, None)
        if not reading.cancelled() and (error := reading.exception()):
            _log.warning("a terminal could not be read", error=repr(error))

    def forget(self, programme: ProgrammeId, terminal: TerminalId) -> None:
        """Read it anew the next time: it was disabled or rotated by this very process."""
        self._known.pop((programme, terminal), None)

    async def _read(self, key: tuple[ProgrammeId, TerminalId]) -> KnownTill | None:
        programme, terminal = key
        found = await self._lookups.find(fetch_calling_terminals, programme, terminal)
        if len(self._known) >= _DIRECTORY_MAX:
            self._known.clear()
        till = self._open(programme, found) if found else None
        self._known[key] = _Entry(time.monotonic(), till)
        return till

    def _open(self, programme: ProgrammeId, found: CallingTerminal) -> KnownTill:
        stored = found.terminal
        aad = _aad(programme, stored.id)
        previous = stored.previous_secret
        return KnownTill(
            terminal=stored.id,
            merchant=stored.merchant,
            store=stored.store,
            sandbox=found.sandbox,
            disabled=stored.disabled_at is not None,
            secret=self._vault.unseal(stored.secret, aad),
            previous_secret=self._vault.unseal(previous, aad) if previous else None,
            previous_valid_until=stored.previous_valid_until,
        )


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """A terminal with its new secret in clear: shown once, then only kept sealed."""

    terminal: Terminal
    secret: str


async def register_terminal(
    tx: Tx,
    vault: Keyring,
    programme: ProgrammeId,
    terminal: TerminalId,
    store: StoreId,
    label: str,
    at: datetime,
) -> IssuedSecret | Rejected:
    """Register a till at a store and make its secret. The store cannot be closed meanwhile."""
    found = await share_store(tx, programme, store)
    merchant = await fetch_merchant(tx, programme, found.merchant) if found else None
    if found is None or merchant is None:
        return Rejected(Code.NOT_FOUND)
    if found.closed_at or merchant.status not in TRADING:
        return Rejected(Code.STATE_CONFLICT, {"state": "closed" if found.closed_at else merchant.status.value})
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    made = Terminal(
        id=terminal,
        merchant=found.merchant,
        store=store,
        label=label,
        secret=vault.seal(secret.encode(), _aad(programme, terminal)),
        previous_secret=None,
        previous_valid_until=None,
        disabled_at=None,
        created_at=at,
    )
    await insert_terminal(tx, programme, made)
    return IssuedSecret(made, secret)


async def rotate_secret(
    tx: Tx, vault: Keyring, actor: Actor, terminal: TerminalId, overlap: timedelta, at: datetime
) -> IssuedSecret | Rejected:
    """Give a terminal a new secret; the old one stays valid for the overlap."""
    found = await fetch_terminal(tx, actor.programme, terminal)
    if found is None or not actor.sees(found.merchant):
        return Rejected(Code.NOT_FOUND)
    if found.disabled_at:
        return Rejected(Code.STATE_CONFLICT, {"state": "disabled"})
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    sealed = vault.seal(secret.encode(), _aad(actor.programme, terminal))
    await update_secret(tx, actor.programme, terminal, sealed, at + overlap)
    return IssuedSecret(replace(found, secret=sealed, previous_valid_until=at + overlap), secret)


async def disable_terminal(tx: Tx, actor: Actor, terminal: TerminalId, at: datetime) -> Edited[Terminal] | Rejected:
    """Disable a terminal at once and for good. Doing it twice changes nothing."""
    found = await lock_terminal(tx, actor.programme, terminal)
    if found is None or not actor.sees(found.merchant):
        return Rejected(Code.NOT_FOUND)
    await disable(tx, actor.programme, terminal, at)
    return Edited(found, replace(found, disabled_at=found.disabled_at or at))
