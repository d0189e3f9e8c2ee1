"""Granting and taking back bonuses on a book, as the engine does."""

from datetime import date
from uuid import UUID

from app.core.bonus_grants import GrantBonus, decide_grant_bonus
from app.core.bonus_revocations import RevokeHonourBonus, decide_revoke_honour_bonus
from app.core.bonuses import Bonus, BonusKey, BonusKind
from app.core.book import Accepted, Book, Decision
from app.core.honours import HonourLevel
from app.core.ids import BonusId, TransactionId, VolunteerId
from app.core.quantities import Instant
from tests.core.builders import NOW, TODAY, VOLUNTEER, named

CAUSE = named("cause")


def a_grant(
    kind: BonusKind = BonusKind.HONOUR,
    *,
    cause: UUID = CAUSE,
    level: str | None = None,
    day: date = TODAY,
    volunteer: VolunteerId = VOLUNTEER,
) -> GrantBonus:
    """A cause that is to be settled; an honour of a city's unless said otherwise."""
    return GrantBonus(
        bonus=BonusId(named("bonus", kind, cause)),
        kind=kind,
        cause=cause,
        volunteer=volunteer,
        day=day,
        transaction=TransactionId(named("granted", kind, cause)),
        level=HonourLevel(level or "city") if kind is BonusKind.HONOUR else None,
    )


def decide_grant(book: Book, command: GrantBonus, at: Instant = NOW) -> Decision:
    """Decide a grant on a book that has looked for its cause, and post what goes through."""
    book.bonuses.setdefault(command.key, None)
    decision = decide_grant_bonus(command, book, at)
    if isinstance(decision, Accepted):
        book.post(decision)
    return decision


def grant(book: Book, command: GrantBonus, at: Instant = NOW) -> Bonus:
    """How a cause was settled, which must go through."""
    decision = decide_grant(book, command, at)
    assert isinstance(decision, Accepted), decision
    settled = book.bonuses[command.key]
    assert settled is not None
    return settled


def revoke(book: Book, honour: UUID = CAUSE, at: Instant = NOW, volunteer: VolunteerId = VOLUNTEER) -> Decision:
    """Take an honour's bonus back, and post what goes through."""
    command = RevokeHonourBonus(
        bonus=BonusId(named("revoked", honour)),
        honour=honour,
        volunteer=volunteer,
        transaction=TransactionId(named("revoked", honour)),
    )
    for kind in (BonusKind.HONOUR, BonusKind.HONOUR_WITHDRAWN):
        book.bonuses.setdefault(BonusKey(kind, honour), None)
    decision = decide_revoke_honour_bonus(command, book, at)
    if isinstance(decision, Accepted):
        book.post(decision)
    return decision
