"""Grants of benefits as people read them, and where each stands: that follows from its row, its place and the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import RowMapping, text

from app.core.benefit_grants import BenefitGrant, GrantState
from app.core.ids import BenefitGrantId, ProgrammeId, RoundId, VolunteerId
from app.core.rounds import PlaceState
from app.store.database import Reader, Tx
from app.store.seat_rows import GRANT_COLUMNS, read_grant


class GrantStanding(StrEnum):
    """Where a grant stands at a moment."""

    WAITING = "waiting"
    GRANTED = "granted"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant, and the state of its place where it has one."""

    grant: BenefitGrant
    place: PlaceState | None

    def standing_at(self, at: datetime) -> GrantStanding:
        """Where it stands."""
        if self.grant.state is GrantState.REVOKED:
            return GrantStanding.REVOKED
        if not self.grant.is_valid(at):
            return GrantStanding.EXPIRED
        return GrantStanding.WAITING if self.place is PlaceState.WAITING else GrantStanding.GRANTED


_SELECT = f"""
SELECT {GRANT_COLUMNS}, p.state AS place FROM benefit_grants g
LEFT JOIN places p ON p.programme_id = g.programme_id AND p.id = g.id
WHERE g.programme_id = :programme
"""


def _view(row: RowMapping) -> GrantView:
    return GrantView(read_grant(row), PlaceState(row["place"]) if row["place"] else None)


_ONE = text(f"{_SELECT} AND g.id = :id")


async def fetch_grant(reader: Reader | Tx, programme: ProgrammeId, grant: BenefitGrantId) -> GrantView | None:
    """One grant."""
    row = (await reader.execute(_ONE, {"programme": programme, "id": grant})).mappings().one_or_none()
    return _view(row) if row else None


_LIST = text(f"""{_SELECT} AND g.id < :before AND (CAST(:volunteer AS uuid) IS NULL OR g.volunteer_id = :volunteer)
  AND (CAST(:benefit AS text) IS NULL OR g.benefit_code = :benefit)
  AND (CAST(:round AS uuid) IS NULL OR g.round_id = :round)
ORDER BY g.id DESC LIMIT :limit""")


async def fetch_grants(
    reader: Reader,
    programme: ProgrammeId,
    before: BenefitGrantId,
    limit: int,
    *,
    volunteer: VolunteerId | None = None,
    benefit: str | None = None,
    round_id: RoundId | None = None,
) -> Sequence[GrantView]:
    """Grants before a given one, the newest application first; a volunteer's, a benefit's, a round's."""
    values = {
        "programme": programme,
        "before": before,
        "limit": limit,
        "volunteer": volunteer,
        "benefit": benefit,
        "round": round_id,
    }
    return [_view(row) for row in (await reader.execute(_LIST, values)).mappings()]
