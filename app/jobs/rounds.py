"""Ending the lines of rounds that are closed or have begun: whoever waits there gets back what waiting has taken.

Each try has a key of its own: a refusal (somebody else was faster) must not be the last word.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from uuid_utils.compat import uuid7

from app.core.claims import ReleasePlace
from app.core.commands import Command
from app.core.ids import BenefitGrantId, PlaceId, ProgrammeId, TransactionId
from app.core.revocations import RevokeGrant
from app.engine.committer import Committers
from app.jobs.lots import CHUNK, submit_all
from app.store.database import Database
from app.store.places import fetch_lapsed_places


def _end(place: PlaceId, *, is_grant: bool) -> tuple[str, Command]:
    key = f"lapse:{place.hex}:{uuid7().hex}"
    if is_grant:
        return key, RevokeGrant(grant=BenefitGrantId(place), transaction=TransactionId(uuid7()), by="system")
    return key, ReleasePlace(place=place, volunteer=None)


async def run_lapsed_places(
    database: Database, committers: Committers, programme: ProgrammeId, clock: Callable[[], datetime]
) -> int:
    """End all claims that can come to nothing any more. Returns how many there were."""
    done = 0
    before: Sequence[tuple[PlaceId, bool]] = ()
    while True:
        async with database.read() as reader:
            due = await fetch_lapsed_places(reader, programme, clock(), CHUNK)
        if not due or due == before:
            return done
        before = due
        await submit_all(committers, programme, dict(_end(place, is_grant=is_grant) for place, is_grant in due))
        done += len(due)
