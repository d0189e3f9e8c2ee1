"""A process that owns a server, to be killed by a test: `python -m tests.store.postgres.owner <description>`.

It becomes the user it is told to be, starts the server, and then obeys lines: `start` once more, `stop` and leave.
Everything is imported before it changes user, who may have no way into the checkout.
"""

import json
import os
import sys
from pathlib import Path

from app.store.postgres import Binaries, EmbeddedPostgres, homes


def _become(uid: int, gid: int) -> None:
    if os.geteuid() != uid:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def _report(server: EmbeddedPostgres) -> bool:
    try:
        said = {"url": server.start(), "pid": server.pid}
    except Exception as error:  # noqa: BLE001 - which one it was is what the test asks
        said = {"error": type(error).__name__, "message": str(error)}
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    return "url" in said


def main() -> None:
    """Own a server until told otherwise, or until the one who tells is gone."""
    told = json.loads(sys.argv[1])
    homes.SHARED = Path(told["shared"])
    os.chdir("/")
    os.umask(told["umask"])
    _become(told["uid"], told["gid"])
    binaries = Binaries(
        bindir=Path(told["bindir"]),
        version=told["version"],
        root=Path(told["root"]),
        parts=tuple(map(Path, told["parts"])),
    )
    server = EmbeddedPostgres(
        Path(told["data_dir"]), binaries=binaries, settings=told["settings"], durable=told["durable"]
    )
    started = _report(server)
    for line in sys.stdin:
        match line.strip():
            case "start":
                started = _report(server)
            case "stop":
                break
    server.stop()
    sys.exit(0 if started else 1)


if __name__ == "__main__":
    main()
