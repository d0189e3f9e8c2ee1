"""Tests stay on this machine."""

import socket

import pytest

from tests.support.network import BeyondLoopback


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.com", 80)])
def test_no_test_reaches_another_machine(address: tuple[str, int]) -> None:
    """Connecting to a number or a name outside loopback is refused before a packet leaves."""
    with pytest.raises(BeyondLoopback, match=address[0]):
        socket.create_connection(address, timeout=1)


def test_loopback_stays_open() -> None:
    """A test may talk to a server of its own on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()
