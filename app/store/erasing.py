"""Taking away, outside the vault, by what an opaque id could be led back to its person. Every table is named here.

What stays has no name in it: hours, points, journal, honours, consents, and the log of who saw what.
"""

from sqlalchemy import text

from app.core.erasures import Erasure
from app.core.ids import ProgrammeId
from app.store.clear_words import blank_clear_words
from app.store.database import Tx

# The county stays for statistics; village, team and birthday together would tell who it was.
_VOLUNTEER = """
UPDATE volunteers v SET status = 'left', masked_name = '*', born_on = NULL, team_id = NULL, revision = revision + 1,
    region_code = coalesce((SELECT r.code FROM regions r
                            WHERE r.programme_id = v.programme_id AND r.code = left(v.region_code, 6)), v.region_code)
WHERE programme_id = :programme AND id = :volunteer
"""
_NUMBERS = "DELETE FROM volunteer_external_ids WHERE programme_id = :programme AND volunteer_id = :volunteer"
_RELATIVES = "DELETE FROM user_relatives WHERE programme_id = :programme AND volunteer_id = :volunteer"
_USERS = "UPDATE users SET volunteer_id = NULL WHERE programme_id = :programme AND volunteer_id = :volunteer"
_FAMILY = """
UPDATE family_links SET state = 'ended', ended_by = :volunteer, changed_at = :at
WHERE programme_id = :programme AND (owner_id = :volunteer OR member_id = :volunteer) AND state <> 'ended'
"""
_WECHAT = "DELETE FROM wechat_links WHERE programme_id = :programme AND volunteer_id = :volunteer"
_BINDING = "DELETE FROM binding_codes WHERE programme_id = :programme AND volunteer_id = :volunteer"
_SESSIONS = """
UPDATE sessions SET device = '', network = '', ended_at = coalesce(ended_at, :at),
    ended_by = coalesce(ended_by, 'administrator')
WHERE programme_id = :programme AND (subject_id = :volunteer OR acting_id = :volunteer)
"""
# `ends_on` is the child's fourteenth birthday: it goes as well.
_GUARDIANS = """
UPDATE guardianships SET state = 'ended', evidence = NULL, ended_at = coalesce(ended_at, :at),
    ended_by = coalesce(ended_by, :by), ends_on = CAST(coalesce(ended_at, :at) AS date)
WHERE programme_id = :programme AND (guardian_id = :volunteer OR child_id = :volunteer)
"""
# The hash of a paper tells whose it was to whoever has the paper. Words went with the key.
_MATERIAL = "UPDATE applications SET material = '[]' WHERE programme_id = :programme AND volunteer_id = :volunteer"
_PERMITS = """
UPDATE predicate_permits SET revoked_at = greatest(given_at, :at)
WHERE programme_id = :programme AND volunteer_id = :volunteer AND revoked_at IS NULL
"""
_HERE = {"programme", "volunteer"}
_STEPS = (
    (text(_VOLUNTEER), _HERE),
    (text(_NUMBERS), _HERE),
    (text(_RELATIVES), _HERE),
    (text(_USERS), _HERE),
    (text(_FAMILY), _HERE | {"at"}),
    (text(_WECHAT), _HERE),
    (text(_BINDING), _HERE),
    (text(_SESSIONS), _HERE | {"at"}),
    (text(_GUARDIANS), _HERE | {"at", "by"}),
    (text(_MATERIAL), _HERE),
    (text(_PERMITS), _HERE | {"at"}),
)


async def neutralise_volunteer(tx: Tx, programme: ProgrammeId, erasure: Erasure) -> None:
    """Leave of the volunteer an id that leads nowhere, and nothing to log in with. Safe to repeat."""
    values = {
        "programme": programme,
        "volunteer": erasure.volunteer,
        "at": erasure.erased_at,
        "by": erasure.approved_by,
    }
    for statement, names in _STEPS:
        await tx.execute(statement, {name: values[name] for name in names})
    await blank_clear_words(tx, programme, erasure.volunteer)
