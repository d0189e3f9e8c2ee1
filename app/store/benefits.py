"""Published versions of benefits, and their withdrawals. Both are appended, never edited: a trigger refuses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import RowMapping, text

from app.core.benefits.model import Benefit, benefit_on
from app.core.holding import Apart
from app.core.ids import ProgrammeId, UserId
from app.store.benefit_bodies import decode_benefit, encode_benefit
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """From which day on no application is made under a version, why, and who said so."""

    withdrawn_from: date
    reason: str
    by: UserId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedBenefit:
    """A version with who wrote it last, reviewed it and published it, and its withdrawal if there is one."""

    benefit: Benefit
    created_by: UserId
    reviewed_by: UserId
    published_by: UserId
    published_at: datetime
    withdrawal: Withdrawal | None = None

    def is_open_on(self, day: date) -> bool:
        """Whether it has begun and is not withdrawn; a later version may still have taken its place."""
        withdrawn = self.withdrawal is not None and self.withdrawal.withdrawn_from <= day
        return self.benefit.effective_from <= day and not withdrawn


_SELECT = """
SELECT CAST(b.body AS text) AS body, b.created_by, b.reviewed_by, b.published_by, b.published_at, w.withdrawn_from,
       w.reason, w.withdrawn_by, w.withdrawn_at
FROM benefits b
LEFT JOIN benefit_withdrawals w ON w.programme_id = b.programme_id AND w.code = b.code AND w.version = b.version
WHERE b.programme_id = :programme
"""
_ALL = text(f"{_SELECT} ORDER BY b.code, b.effective_from")
_CODE = text(f"{_SELECT} AND b.code = :code ORDER BY b.effective_from")
_VERSION = text(f"{_SELECT} AND b.code = :code AND b.version = :version")


def _published(row: RowMapping) -> PublishedBenefit:
    withdrawal = None
    if row["withdrawn_from"] is not None:
        withdrawal = Withdrawal(
            withdrawn_from=row["withdrawn_from"],
            reason=row["reason"],
            by=row["withdrawn_by"],
            at=row["withdrawn_at"],
        )
    return PublishedBenefit(
        benefit=decode_benefit(row["body"]),
        created_by=row["created_by"],
        reviewed_by=row["reviewed_by"],
        published_by=row["published_by"],
        published_at=row["published_at"],
        withdrawal=withdrawal,
    )


async def fetch_published(reader: Reader | Tx, programme: ProgrammeId) -> Sequence[PublishedBenefit]:
    """All versions of all benefits, by code and the order in which they come into force."""
    rows = await reader.execute(_ALL, {"programme": programme})
    return [_published(row) for row in rows.mappings()]


async def fetch_versions(reader: Reader | Tx, programme: ProgrammeId, code: str) -> Sequence[PublishedBenefit]:
    """All versions of one benefit, in the order in which they come into force."""
    rows = await reader.execute(_CODE, {"programme": programme, "code": code})
    return [_published(row) for row in rows.mappings()]


async def fetch_version(
    reader: Reader | Tx, programme: ProgrammeId, code: str, version: str
) -> PublishedBenefit | None:
    """One published version."""
    found = await reader.execute(_VERSION, {"programme": programme, "code": code, "version": version})
    row = found.mappings().one_or_none()
    return _published(row) if row else None


def _open_on(versions: Sequence[PublishedBenefit], day: date) -> Benefit | None:
    """The version in force, unless it is withdrawn: an older one does not come back."""
    current = benefit_on(tuple(version.benefit for version in versions), day)
    closed = {version.benefit.version for version in versions if not version.is_open_on(day)}
    return None if current is None or current.version in closed else current


async def fetch_open_benefits(reader: Reader | Tx, programme: ProgrammeId, day: date) -> Sequence[Benefit]:
    """The benefits for which applications can be made on a day, by code, each in the version in force."""
    published = await fetch_published(reader, programme)
    by_code = [list(versions) for _, versions in groupby(published, key=lambda one: one.benefit.code)]
    return [benefit for versions in by_code if (benefit := _open_on(versions, day))]


async def fetch_open_benefit(reader: Reader | Tx, programme: ProgrammeId, code: str, day: date) -> Benefit | None:
    """One benefit in the version in force on a day; None when it has not begun or is withdrawn."""
    return _open_on(await fetch_versions(reader, programme, code), day)


_NAMING = text("""
SELECT DISTINCT b.code FROM benefits b
CROSS JOIN LATERAL json_array_elements(b.body -> 'exclusions') AS e (body)
WHERE b.programme_id = :programme AND b.code <> :code AND e.body ->> 'benefit' = :code
ORDER BY 1
""")


async def fetch_apart(reader: Reader | Tx, programme: ProgrammeId, benefit: Benefit) -> Apart:
    """What nobody holds together with a version of a benefit: what it names, and what names it in any version.

    A grant of an older version still promises what that version said.
    """
    named = tuple(each.benefit for each in benefit.exclusions if each.benefit is not None)
    naming = await reader.scalars(_NAMING, {"programme": programme, "code": benefit.code})
    return Apart(named=named, naming=tuple(naming))


_INSERT = text("""
INSERT INTO benefits (programme_id, code, version, effective_from, kind, body, created_by, reviewed_by, published_by,
                      published_at)
VALUES (:programme, :code, :version, :effective_from, :kind, CAST(:body AS json), :created_by, :reviewed_by,
        :published_by, :published_at)
ON CONFLICT DO NOTHING RETURNING version
""")


async def insert_benefit(tx: Tx, programme: ProgrammeId, published: PublishedBenefit) -> bool:
    """Add a version; False when there is one of that name or day."""
    benefit = published.benefit
    values = {
        "programme": programme,
        "code": benefit.code,
        "version": benefit.version,
        "effective_from": benefit.effective_from,
        "kind": benefit.kind.value,
        "body": encode_benefit(benefit),
        "created_by": published.created_by,
        "reviewed_by": published.reviewed_by,
        "published_by": published.published_by,
        "published_at": published.published_at,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None


_WITHDRAW = text("""
INSERT INTO benefit_withdrawals (programme_id, code, version, withdrawn_from, reason, withdrawn_by, withdrawn_at)
VALUES (:programme, :code, :version, :withdrawn_from, :reason, :by, :at)
ON CONFLICT DO NOTHING RETURNING version
""")


async def insert_withdrawal(tx: Tx, programme: ProgrammeId, code: str, version: str, withdrawal: Withdrawal) -> bool:
    """Withdraw a version; False when it is withdrawn already."""
    values = {
        "programme": programme,
        "code": code,
        "version": version,
        "withdrawn_from": withdrawal.withdrawn_from,
        "reason": withdrawal.reason,
        "by": withdrawal.by,
        "at": withdrawal.at,
    }
    return (await tx.execute(_WITHDRAW, values)).one_or_none() is not None
