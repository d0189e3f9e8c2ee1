"""Back-tests as they are asked for, worked on and kept. Reports are appended, never edited: a trigger refuses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import RowMapping, text

from app.core.ids import BackTestId, ProgrammeId, UserId
from app.core.policies.back_test_reports import Report
from app.store.back_test_bodies import decode_report, encode_report
from app.store.database import Reader, Tx

ATTEMPTS_MAX = 3
"""So often it is begun; what still has not come to an end then has failed."""


class BackTestState(StrEnum):
    """The life of a back-test."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


OPEN = frozenset((BackTestState.QUEUED, BackTestState.RUNNING))


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTest:
    """One back-test: of which body of which draft, over which days of service, and how far it has come.

    `total` is how many records there are to go through, once that is known. `current`: the draft still has this body.
    """

    id: BackTestId
    version: str
    body: str
    body_hash: bytes
    since: date
    until: date
    state: BackTestState
    attempts: int
    done: int
    total: int | None
    asked_by: UserId
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    current: bool
    report: Report | None = None


BODY_HASH = "sha256(convert_to(CAST({}.body AS text), 'UTF8'))"
"""The hash of a draft's body, exactly as the table keeps it."""

_COLUMNS = f"""b.id, b.version, CAST(b.body AS text) AS body, b.body_hash, b.since, b.until, b.state, b.attempts,
       b.done, b.total, b.asked_by, b.asked_at, b.started_at, b.finished_at,
       b.body_hash = {BODY_HASH.format("d")} AS current"""
_JOINED = """FROM back_tests b
JOIN policy_drafts d ON d.programme_id = b.programme_id AND d.version = b.version
LEFT JOIN back_test_reports r ON r.programme_id = b.programme_id AND r.back_test_id = b.id"""


def _back_test(row: RowMapping) -> BackTest:
    report = decode_report(row["report"]) if row["report"] else None
    return BackTest(**{**row, "state": BackTestState(row["state"]), "report": report})


_INSERT = text(f"""
INSERT INTO back_tests (programme_id, id, version, body, body_hash, since, until, asked_by, asked_at)
SELECT programme_id, :id, version, body, {BODY_HASH.format("d")}, :since, :until, :asked_by, :asked_at
FROM policy_drafts d WHERE programme_id = :programme AND version = :version
""")


async def insert_back_test(
    tx: Tx,
    programme: ProgrammeId,
    back_test: BackTestId,
    version: str,
    days: tuple[date, date],
    by: UserId,
    at: datetime,
) -> None:
    """Ask for a back-test of a draft as it is now, over service from the first of the days to the last."""
    since, until = days
    values = {
        "programme": programme,
        "id": back_test,
        "version": version,
        "since": since,
        "until": until,
        "asked_by": by,
        "asked_at": at,
    }
    await tx.execute(_INSERT, values)


_FETCH = text(f"""
SELECT {_COLUMNS}, CAST(r.report AS text) AS report {_JOINED} WHERE b.programme_id = :programme AND b.id = :id
""")


async def fetch_back_test(reader: Reader | Tx, programme: ProgrammeId, back_test: BackTestId) -> BackTest | None:
    """One back-test, with its report once there is one."""
    row = (await reader.execute(_FETCH, {"programme": programme, "id": back_test})).mappings().one_or_none()
    return _back_test(row) if row else None


_LIST = text(f"""
SELECT {_COLUMNS}, NULL AS report {_JOINED}
WHERE b.programme_id = :programme AND b.version = :version AND b.id > :after ORDER BY b.id LIMIT :limit
""")


async def fetch_back_tests(
    reader: Reader, programme: ProgrammeId, version: str, after: BackTestId, limit: int
) -> Sequence[BackTest]:
    """The back-tests of a draft after a given one, in the order in which they were asked for, without their reports."""
    values = {"programme": programme, "version": version, "after": after, "limit": limit}
    return [_back_test(row) for row in (await reader.execute(_LIST, values)).mappings()]


_WAITING = text("""
SELECT id FROM back_tests WHERE programme_id = :programme AND state IN ('queued', 'running') ORDER BY id LIMIT 1
""")


async def is_waiting(reader: Reader, programme: ProgrammeId) -> bool:
    """Whether there is anything to do; one that was begun and left by a process that died is waiting too."""
    return (await reader.execute(_WAITING, {"programme": programme})).one_or_none() is not None


_LOCK_NEXT = text(f"{_WAITING.text} FOR UPDATE")
_BEGIN = text("""
UPDATE back_tests SET state = :state, attempts = attempts + 1, done = 0, total = NULL, started_at = :at,
    finished_at = CAST(:ended AS timestamptz)
WHERE programme_id = :programme AND id = :id
""")
_ATTEMPTS = text("SELECT attempts FROM back_tests WHERE programme_id = :programme AND id = :id")


async def begin_next(tx: Tx, programme: ProgrammeId, at: datetime) -> BackTest | None:
    """Begin the first that waits, from the start; one that was begun too often fails. None when nothing waits."""
    while (row := (await tx.execute(_LOCK_NEXT, {"programme": programme})).one_or_none()) is not None:
        named = {"programme": programme, "id": row.id}
        failed = (await tx.execute(_ATTEMPTS, named)).scalar_one() >= ATTEMPTS_MAX
        state = BackTestState.FAILED if failed else BackTestState.RUNNING
        await tx.execute(_BEGIN, {**named, "state": state.value, "at": at, "ended": at if failed else None})
        if not failed:
            return await fetch_back_test(tx, programme, row.id)
    return None


_PROGRESS = text("""
UPDATE back_tests SET done = :done, total = :total
WHERE programme_id = :programme AND id = :id AND state = 'running' RETURNING id
""")


async def note_progress(tx: Tx, programme: ProgrammeId, back_test: BackTestId, done: int, total: int) -> bool:
    """Write down how far it has come; False when it is not to go on."""
    values = {"programme": programme, "id": back_test, "done": done, "total": total}
    return (await tx.execute(_PROGRESS, values)).one_or_none() is not None


_FINISH = text("""
UPDATE back_tests SET state = :state, finished_at = :at, done = CASE WHEN :state = 'done' THEN total ELSE done END
WHERE programme_id = :programme AND id = :id AND state IN ('queued', 'running') RETURNING version, body_hash
""")
_REPORT = text("""
INSERT INTO back_test_reports (programme_id, back_test_id, version, body_hash, report, made_at)
VALUES (:programme, :id, :version, :body_hash, CAST(:report AS json), :at)
""")


async def cancel(tx: Tx, programme: ProgrammeId, back_test: BackTestId, at: datetime) -> bool:
    """Call one off that has not ended; False for one that has."""
    values = {"programme": programme, "id": back_test, "state": BackTestState.CANCELLED.value, "at": at}
    return (await tx.execute(_FINISH, values)).one_or_none() is not None


async def finish(tx: Tx, programme: ProgrammeId, back_test: BackTestId, report: Report, at: datetime) -> bool:
    """Keep the report for ever; False when it was called off meanwhile."""
    values = {"programme": programme, "id": back_test, "at": at}
    row = (await tx.execute(_FINISH, {**values, "state": BackTestState.DONE.value})).one_or_none()
    if row is None:
        return False
    kept = {"version": row.version, "body_hash": row.body_hash, "report": encode_report(report)}
    await tx.execute(_REPORT, {**values, **kept})
    return True
