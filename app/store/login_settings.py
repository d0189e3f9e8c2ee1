"""What a programme asks of those who log in, and whether it was loaded for a demo."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.core.ids import ProgrammeId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSettings:
    """`second_factor`: administrators and auditors need one. `demo`: its passwords were printed by `liyu demo`."""

    second_factor: bool = False
    demo: bool = False


_FETCH = text("SELECT second_factor, demo FROM login_settings WHERE programme_id = :programme")


async def fetch_login_settings(reader: Reader | Tx, programme: ProgrammeId) -> LoginSettings:
    """The settings of a programme; what goes without saying when it never said anything."""
    row = (await reader.execute(_FETCH, {"programme": programme})).mappings().one_or_none()
    return LoginSettings(**row) if row else LoginSettings()


_SET = text("""
INSERT INTO login_settings (programme_id, second_factor, demo, changed_at)
VALUES (:programme, :second_factor, :demo, :at)
ON CONFLICT (programme_id) DO UPDATE SET second_factor = excluded.second_factor,
    demo = login_settings.demo OR excluded.demo, changed_at = excluded.changed_at
""")


async def set_login_settings(tx: Tx, programme: ProgrammeId, settings: LoginSettings, at: datetime) -> None:
    """Set them. Once a demo, always a demo."""
    values = {"second_factor": settings.second_factor, "demo": settings.demo, "programme": programme, "at": at}
    await tx.execute(_SET, values)


_DEMOS = text("SELECT programme_id FROM login_settings WHERE demo ORDER BY programme_id")


async def fetch_demo_programmes(reader: Reader) -> Sequence[ProgrammeId]:
    """The programmes that were loaded for a demo."""
    return [ProgrammeId(row[0]) for row in await reader.execute(_DEMOS)]
