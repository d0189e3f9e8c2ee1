"""Programmes: making one with its regions and keys, and changing its settings."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

from app.actions.keys import KeyCabinet, rotate_signing_key
from app.core.audit_trail import Edited
from app.core.codes import Code, Rejected
from app.core.ids import FundId, ProgrammeId, format_id, is_programme_id
from app.store.database import Tx
from app.store.funds import fetch_fund
from app.store.programmes import ProgrammeRow, fetch_programme, insert_programme, lock_settings, update_programme
from app.store.regions import Region, insert_regions


async def create_programme(
    tx: Tx,
    cabinet: KeyCabinet,
    programme: ProgrammeRow,
    regions: Sequence[Region],
    clock: Callable[[], datetime],
) -> ProgrammeRow | Rejected:
    """Make a programme with an empty journal, its regions, and a first signing key."""
    if not is_programme_id(programme.id) or programme.zone not in available_timezones():
        return Rejected(Code.PARAM_ERROR, {"programme": programme.id, "zone": programme.zone})
    if not await insert_programme(tx, programme):
        return Rejected(Code.ALREADY_EXISTS)
    await insert_regions(tx, programme.id, regions)
    await rotate_signing_key(tx, cabinet, programme.id, clock)
    return programme


async def change_programme(
    tx: Tx, programme: ProgrammeId, revision: int, changes: Mapping[str, object]
) -> Edited[ProgrammeRow] | Rejected:
    """Change settings of a programme, if nobody has since `revision`."""
    await lock_settings(tx, programme)
    stored = await fetch_programme(tx, programme)
    if stored is None:
        return Rejected(Code.NOT_FOUND)
    fund = changes.get("settlement_fund")
    if isinstance(fund, UUID) and await fetch_fund(tx, programme, FundId(fund)) is None:
        return Rejected(Code.NOT_FOUND, {"settlement_fund_id": format_id("fun", fund)})
    values = {
        "name": stored.name,
        "fen_per_hundred_points": stored.fen_per_hundred_points,
        "settlement_fund": stored.settlement_fund,
        "lapse_policy": stored.lapse_policy.value,
        "grace_days": stored.grace_days,
        "notice_days": stored.notice_days,
        "expiry_years": stored.expiry_years,
        "points_max": stored.points_max,
        "confirm_points": stored.confirm_points,
        "confirm_count": stored.confirm_count,
        "same_amount_s": stored.same_amount_s,
        "redemptions_a_day": stored.redemptions_a_day,
        "star_minutes": list(stored.stars.thresholds),
        "pool_grant_points": stored.pool_grant_points,
        "pool_year_points": stored.pool_year_points,
        "family_use": stored.family_use,
        "family_members": stored.family_members,
        "star_quality_min": stored.stars.quality_min,
        "appeal_days": stored.appeal_days,
        **changes,
    }
    updated = await update_programme(tx, programme, revision, values)
    return Edited(stored, updated) if updated else Rejected(Code.EDIT_CONFLICT)
