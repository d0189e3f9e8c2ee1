"""PostgreSQL refuses to run as root, so root runs it as `nobody`: which account, and what it can reach.

No account is ever created, and no folder's mode is changed but of those we made ourselves.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from app.store.postgres.failures import ServerFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account that the server runs as; None in both for the one we run as ourselves."""

    uid: int | None = None
    gid: int | None = None

    def give(self, path: Path) -> None:
        """Make a path of ours the account's."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether the account can get to a path that is there, and read or enter what it finds."""
        resolved = path.resolve()
        return self.uid is None or all(map(self._may_enter, (resolved, *resolved.parents)))

    def _may_enter(self, path: Path) -> bool:
        status = path.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def account_for(home: Path | None) -> Account:
    """Ourselves; for root the owner of the data that is there already, else `nobody`."""
    if os.geteuid() != 0:
        return Account()
    if home is not None and home.exists() and home.stat().st_uid != 0:
        return Account(uid=home.stat().st_uid, gid=home.stat().st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise ServerFailed("PostgreSQL does not run as root, and there is no account `nobody` here") from error
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid)
