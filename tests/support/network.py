"""Nothing in a test's process may reach further than this machine."""

import sys
from ipaddress import ip_address
from typing import Any


class BeyondLoopback(Exception):
    """A test tried to reach another machine."""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    match event, args:
        case ("socket.connect" | "socket.sendto", (_, (str(host), *_))) if not _is_loopback(host):
            raise BeyondLoopback(host)
        case ("socket.getaddrinfo", (str(host), *_)) if not _is_loopback(host):
            raise BeyondLoopback(host)


def stay_on_loopback() -> None:
    """From now on this process reaches no other machine. It cannot be undone."""
    sys.addaudithook(_refuse)
