"""Correction orders (更正单): which records, what of them, why; approved by a second person as they were previewed.

draft -> previewed -> executing -> done; discarded before that. A new preview may be made until it is approved.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256

from app.core.claw_backs import ClawBack
from app.core.codes import Code, Rejected
from app.core.corrections import Amendment, CorrectRecord
from app.core.ids import CorrectionId, RecordId, TeamId, TransactionId, UserId, VolunteerId
from app.core.quantities import Instant

RECORDS_MAX = 2_000
"""So many records fit into one order: narrow the period for more."""


class CorrectionState(StrEnum):
    """The life of an order. Approved, it is executed by a job."""

    DRAFT = "draft"
    PREVIEWED = "previewed"
    EXECUTING = "executing"
    DONE = "done"
    DISCARDED = "discarded"


OPEN = frozenset((CorrectionState.DRAFT, CorrectionState.PREVIEWED))


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionScope:
    """Which verified records: all that fit everything that is named. `teams`: what the author reaches; None: all.

    An activity is named together with its team. The period is by business day of service, both ends included.
    """

    record: RecordId | None = None
    volunteer: VolunteerId | None = None
    team: TeamId | None = None
    activity_id: str = ""
    verifier: UserId | None = None
    since: date | None = None
    until: date | None = None
    teams: Sequence[TeamId] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionOrder:
    """An order. Without an amendment its records are withdrawn. `revision` counts its changes."""

    id: CorrectionId
    state: CorrectionState
    revision: int
    scope: CorrectionScope
    amendment: Amendment | None
    reason: str
    evidence: str
    author: UserId
    created_at: Instant
    changed_at: Instant
    set_hash: bytes | None = None
    """Over the records as they were previewed."""
    approved_by: UserId | None = None
    approved_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A verified record that an order is about, with all that makes it the same record at approval."""

    record: RecordId
    volunteer: VolunteerId
    recorder: UserId
    verifier: UserId | None
    minutes: int
    level: int
    category: str
    points: int


def hash_targets(targets: Iterable[Target]) -> bytes:
    """A hash of a set of records, whatever their order."""
    lines = sorted(
        f"{each.record.hex} {each.verifier} {each.minutes} {each.level} {each.points} {each.category}"
        for each in targets
    )
    return sha256("\n".join(lines).encode()).digest()


def difference(before: Iterable[Target], now: Iterable[Target]) -> dict[str, int]:
    """How many records have joined a set, left it, and changed in it."""
    old, new = ({each.record: each for each in targets} for targets in (before, now))
    return {
        "added": len(new.keys() - old.keys()),
        "gone": len(old.keys() - new.keys()),
        "changed": sum(old[key] != new[key] for key in old.keys() & new.keys()),
    }


def refuse_approval(
    order: CorrectionOrder,
    targets: Iterable[Target],
    accounts: Collection[UserId],
    by_volunteer: VolunteerId | None,
    relatives: Collection[VolunteerId],
) -> Rejected | None:
    """Nobody approves their own order, nor one about records they have served, entered or verified, or a relative.

    `accounts`: all accounts of whoever approves.
    """
    own = {order.author}
    for target in targets:
        own.add(target.recorder)
        if target.verifier:
            own.add(target.verifier)
        if target.volunteer == by_volunteer or target.volunteer in relatives:
            return Rejected(Code.SELF_REVIEW)
    return None if own.isdisjoint(accounts) else Rejected(Code.SELF_REVIEW)


def command_of(
    order: CorrectionOrder, record: RecordId, by: UserId, replacement: RecordId, transaction: TransactionId
) -> ClawBack | CorrectRecord:
    """What an order does to one of its records, approved by somebody."""
    if order.amendment is None:
        return ClawBack(record=record, transaction=transaction, by=by, order=order.id)
    return CorrectRecord(
        record=record,
        replacement=replacement,
        transaction=transaction,
        order=order.id,
        author=order.author,
        by=by,
        amendment=order.amendment,
    )
