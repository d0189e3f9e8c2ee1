"""Terminals: registering, rotating and disabling them, and the directory by which a signed call is checked."""

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.actions.agreements import TRADING
from app.core.codes import Code, Rejected
from app.core.ids import MerchantId, ProgrammeId, StoreId, TerminalId
from app.security.actors import Actor
from app.security.sealing import Keyring
from app.store.database import Database, Tx
from app.store.merchants import fetch_merchant, share_store
from app.store.programmes import is_sandbox
from app.store.terminals import Terminal, disable, fetch_terminal, insert_terminal, update_secret

_FRESH_S = 1.0
_STALE_S = 10.0
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

    When an entry has aged, one caller reads it anew while the others go on with what is known; the command that
    follows looks at the terminal again in any case. A till nobody knows yet is read once for all who wait for it.
    """

    def __init__(self, database: Database, vault: Keyring) -> None:
        self._database = database
        self._vault = vault
        self._known: dict[tuple[ProgrammeId, TerminalId], _Entry] = {}
        self._reading: dict[tuple[ProgrammeId, TerminalId], asyncio.Task[KnownTill | None]] = {}
        self._seen: dict[ProgrammeId, dict[TerminalId, datetime]] = {}
        self._sandboxes: dict[ProgrammeId, bool] = {}

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
        if entry and time.monotonic() - entry.read_at < (_FRESH_S / 10 if fresh else _FRESH_S):
            return entry.till
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.create_task(self._read(key))
            self._reading[key] = reading
            reading.add_done_callback(lambda _task: self._reading.pop(key, None))
        elif entry and not fresh and time.monotonic() - entry.read_at < _STALE_S:
            return entry.till
        return await asyncio.shield(reading)

    def forget(self, programme: ProgrammeId, terminal: TerminalId) -> None:
        """Read it anew the next time: it was disabled or rotated by this very process."""
        self._known.pop((programme, terminal), None)

    async def _read(self, key: tuple[ProgrammeId, TerminalId]) -> KnownTill | None:
        async with self._database.read() as reader:
            stored = await fetch_terminal(reader, *key)
            if stored and key[0] not in self._sandboxes:
                self._sandboxes[key[0]] = await is_sandbox(reader, key[0])
        if len(self._known) >= _DIRECTORY_MAX:
            self._known.clear()
        till = self._open(key[0], stored) if stored else None
        self._known[key] = _Entry(time.monotonic(), till)
        return till

    def _open(self, programme: ProgrammeId, stored: Terminal) -> KnownTill:
        aad = _aad(programme, stored.id)
        previous = stored.previous_secret
        return KnownTill(
            terminal=stored.id,
            merchant=stored.merchant,
            store=stored.store,
            sandbox=self._sandboxes[programme],
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


async def disable_terminal(tx: Tx, actor: Actor, terminal: TerminalId, at: datetime) -> Terminal | Rejected:
    """Disable a terminal at once and for good. Doing it twice changes nothing."""
    found = await fetch_terminal(tx, actor.programme, terminal)
    if found is None or not actor.sees(found.merchant):
        return Rejected(Code.NOT_FOUND)
    await disable(tx, actor.programme, terminal, at)
    return replace(found, disabled_at=found.disabled_at or at)
