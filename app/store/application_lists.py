"""Lists of applications: for reviewers, for their volunteer, under notice, and what is due or unsettled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.applications.states import ApplicationState
from app.core.ids import ApplicationId, ProgrammeId, VolunteerId
from app.store.applications import VIEW, ApplicationView, view_of
from app.store.database import Reader, Tx

_WITHIN = """
WITH RECURSIVE within AS (
    SELECT code FROM regions WHERE programme_id = :programme AND code = :region
    UNION ALL
    SELECT r.code FROM within JOIN regions r ON r.programme_id = :programme AND r.parent_code = within.code
)
"""
_PAGE = "a.id > :after AND (CAST(:region AS text) IS NULL OR a.region_code IN (SELECT code FROM within))"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationFilter:
    """Which applications are asked for. `region`: the applicant lives in it; `due_before`: the term ends earlier.

    `reach`: the region that whoever asks is there for; None: all of them.
    """

    state: ApplicationState | None = None
    region: str | None = None
    reach: str | None = None
    due_before: datetime | None = None
    benefit: str | None = None
    volunteer: VolunteerId | None = None
    drafts: bool = False


_LIST = text(f"""{_WITHIN}, reach AS (
    SELECT code FROM regions WHERE programme_id = :programme AND code = :reach
    UNION ALL
    SELECT r.code FROM reach JOIN regions r ON r.programme_id = :programme AND r.parent_code = reach.code
)
{VIEW}{_PAGE}
  AND (CAST(:reach AS text) IS NULL OR a.region_code IN (SELECT code FROM reach))
  AND (CAST(:state AS text) IS NULL OR a.state = :state)
  AND (CAST(:due_before AS timestamptz) IS NULL OR a.due_at < :due_before)
  AND (CAST(:benefit AS text) IS NULL OR a.benefit_code = :benefit)
  AND (CAST(:volunteer AS uuid) IS NULL OR a.volunteer_id = :volunteer)
  AND (:drafts OR a.submitted_at IS NOT NULL)
ORDER BY a.id LIMIT :limit""")


async def fetch_applications(
    reader: Reader, programme: ProgrammeId, after: ApplicationId, limit: int, wanted: ApplicationFilter
) -> Sequence[ApplicationView]:
    """The applications after a given one that match, in the order in which they were begun."""
    values = {
        "programme": programme,
        "after": after,
        "limit": limit,
        "state": wanted.state.value if wanted.state else None,
        "region": wanted.region,
        "reach": wanted.reach,
        "due_before": wanted.due_before,
        "benefit": wanted.benefit,
        "volunteer": wanted.volunteer,
        "drafts": wanted.drafts,
    }
    return [view_of(row) for row in (await reader.execute(_LIST, values)).mappings()]  # type: ignore[arg-type]  # a row is a mapping by column names


_NOTICED = text(f"""{_WITHIN}
{VIEW}{_PAGE} AND a.state IN ('publicity', 'objection') AND a.notice_until > :at
ORDER BY a.id LIMIT :limit""")


async def fetch_noticed(
    reader: Reader, programme: ProgrammeId, after: ApplicationId, limit: int, at: datetime, region: str | None
) -> Sequence[ApplicationView]:
    """The applications that are under notice at a moment, of all the programme or of a region."""
    values = {"programme": programme, "after": after, "limit": limit, "at": at, "region": region}
    return [view_of(row) for row in (await reader.execute(_NOTICED, values)).mappings()]  # type: ignore[arg-type]  # as above


_DUE = text("""
SELECT id FROM applications WHERE programme_id = :programme AND due_at <= :at AND id > :after
  AND state IN ('material-requested', 'publicity', 'approved')
ORDER BY id LIMIT :limit
""")


async def fetch_due_applications(
    reader: Reader, programme: ProgrammeId, at: datetime, after: ApplicationId, limit: int
) -> Sequence[ApplicationId]:
    """Applications that time has moved on, as far as it was written down."""
    rows = await reader.execute(_DUE, {"programme": programme, "at": at, "limit": limit, "after": after})
    return [ApplicationId(row.id) for row in rows]


_LEVELS = text("""
WITH RECURSIVE line AS (
    SELECT code, parent_code, level FROM regions WHERE programme_id = :programme AND code = :region
    UNION ALL
    SELECT r.code, r.parent_code, r.level FROM line
    JOIN regions r ON r.programme_id = :programme AND r.code = line.parent_code
)
SELECT code, level FROM line
""")


async def fetch_levels(reader: Reader | Tx, programme: ProgrammeId, region: str) -> dict[str, str]:
    """The regions that a region lies in, itself included, each with its level (`village`, `town`, `county`…)."""
    rows = await reader.execute(_LEVELS, {"programme": programme, "region": region})
    return {row.code: row.level for row in rows}
