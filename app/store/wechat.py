"""WeChat accounts of volunteers, found by a keyed hash of the openid; and one-time codes to bind with."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.core.ids import ProgrammeId, UserId, VolunteerId
from app.store.database import Reader, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatLink:
    """A binding. The openid itself is sealed and never read in the course of a log-in."""

    id: UUID
    openid_index: bytes
    openid: bytes
    volunteer: VolunteerId
    bound_by: str
    bound_at: datetime


_OF_ACCOUNT = text("""
SELECT volunteer_id FROM wechat_links
WHERE programme_id = :programme AND openid_index = :openid_index AND ended_at IS NULL
""")


async def fetch_bound_volunteer(reader: Reader | Tx, programme: ProgrammeId, openid_index: bytes) -> VolunteerId | None:
    """Whose account it is."""
    found = await reader.scalar(_OF_ACCOUNT, {"programme": programme, "openid_index": openid_index})
    return VolunteerId(found) if found else None


_INSERT = text("""
INSERT INTO wechat_links (programme_id, id, openid_index, openid, volunteer_id, bound_by, bound_at)
VALUES (:programme, :id, :openid_index, :openid, :volunteer, :bound_by, :bound_at)
ON CONFLICT DO NOTHING RETURNING id
""")


async def insert_wechat_link(tx: Tx, programme: ProgrammeId, link: WechatLink) -> bool:
    """Bind; False when the account, or the volunteer, is bound already."""
    values = {
        "programme": programme,
        "id": link.id,
        "openid_index": link.openid_index,
        "openid": link.openid,
        "volunteer": link.volunteer,
        "bound_by": link.bound_by,
        "bound_at": link.bound_at,
    }
    return (await tx.execute(_INSERT, values)).one_or_none() is not None


_END = text("""
UPDATE wechat_links SET ended_at = :at, ended_by = :by
WHERE programme_id = :programme AND volunteer_id = :volunteer AND ended_at IS NULL RETURNING id
""")


async def end_wechat_link(tx: Tx, programme: ProgrammeId, volunteer: VolunteerId, by: str, at: datetime) -> bool:
    """Loosen a volunteer from the account; False when there was none."""
    values = {"programme": programme, "volunteer": volunteer, "by": by, "at": at}
    return (await tx.execute(_END, values)).one_or_none() is not None


_ADD_CODE = text("""
INSERT INTO binding_codes (programme_id, code_hash, volunteer_id, issued_by, issued_at, expires_at)
VALUES (:programme, :hash, :volunteer, :issued_by, :at, :expires_at)
""")
_END_CODES = text("""
UPDATE binding_codes SET expires_at = :at
WHERE programme_id = :programme AND volunteer_id = :volunteer AND used_at IS NULL AND expires_at > :at
""")


async def replace_binding_code(
    tx: Tx,
    programme: ProgrammeId,
    volunteer: VolunteerId,
    code_hash: bytes,
    issued_by: UserId,
    at: datetime,
    expires_at: datetime,
) -> None:
    """Issue a code; the ones before for the same volunteer are worth nothing any more."""
    values = {"programme": programme, "volunteer": volunteer, "at": at}
    await tx.execute(_END_CODES, values)
    await tx.execute(_ADD_CODE, {**values, "hash": code_hash, "issued_by": issued_by, "expires_at": expires_at})


_USE_CODE = text("""
UPDATE binding_codes SET used_at = :at
WHERE programme_id = :programme AND code_hash = :hash AND used_at IS NULL AND expires_at > :at RETURNING volunteer_id
""")


async def use_binding_code(tx: Tx, programme: ProgrammeId, code_hash: bytes, at: datetime) -> VolunteerId | None:
    """Use a code up and tell whose it was; None for one that is unknown, used or too old."""
    found = await tx.scalar(_USE_CODE, {"programme": programme, "hash": code_hash, "at": at})
    return VolunteerId(found) if found else None


_DELETE_CODES = text("""
DELETE FROM binding_codes c USING (
    SELECT code_hash FROM binding_codes
    WHERE programme_id = :programme AND expires_at < :before ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED
) AS old WHERE c.programme_id = :programme AND c.code_hash = old.code_hash RETURNING c.code_hash
""")


async def delete_binding_codes(tx: Tx, programme: ProgrammeId, before: datetime, limit: int) -> int:
    """Delete some of the codes that ended before, used or not. Gives how many that were."""
    return len((await tx.execute(_DELETE_CODES, {"programme": programme, "before": before, "limit": limit})).all())
