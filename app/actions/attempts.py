"""The guard at the door: counts attempts in the database, so that they are few over all processes together.

What is refused behind it is counted for the audit trail as well (`refused_logins.py`).
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from app.actions.refused_logins import RefusedLogins
from app.core.attempts import Allowance, count_attempt, give_back
from app.core.codes import Rejected
from app.core.ids import ProgrammeId
from app.store.database import Database
from app.store.login_attempts import drop_old_attempts, lock_attempts, update_attempts

Subjects = Mapping[str, Allowance]
"""Whose attempts are counted (`name …`, `address …`), and how many each may make."""


class LoginGuard:
    """Admits an attempt before it is made. What names or addresses those are is nowhere written down."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key
        self.refused = RefusedLogins(key)

    def _hash(self, programme: ProgrammeId, subject: str) -> bytes:
        return hmac.digest(self._key, f"{programme}|{subject}".encode(), hashlib.sha256)

    async def admit(self, programme: ProgrammeId, subjects: Subjects, at: datetime) -> Rejected | None:
        """Count an attempt of each subject, or of none when one of them is closed out."""
        hashes = {self._hash(programme, subject): allowance for subject, allowance in subjects.items()}
        async with self._database.begin() as tx:
            found = await lock_attempts(tx, programme, list(hashes), at)
            counted = {subject: count_attempt(so_far, hashes[subject], at) for subject, so_far in found.items()}
            refused = [answer for answer in counted.values() if isinstance(answer, Rejected)]
            if refused:
                return refused[0]
            for subject, attempts in counted.items():
                if not isinstance(attempts, Rejected):
                    await update_attempts(tx, programme, subject, attempts)
            await drop_old_attempts(tx, programme, at)
        return None

    async def forgive(self, programme: ProgrammeId, subjects: Subjects, at: datetime) -> None:
        """Give one attempt of each subject back: it was no guess."""
        hashes = {self._hash(programme, subject): allowance for subject, allowance in subjects.items()}
        async with self._database.begin() as tx:
            for subject, so_far in (await lock_attempts(tx, programme, list(hashes), at)).items():
                await update_attempts(tx, programme, subject, give_back(so_far, hashes[subject]))
