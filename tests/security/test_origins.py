"""Where a call comes from is told no finer than needed."""

import pytest

from app.security.origins import Origin, device_of, household_of, is_within, network_of


@pytest.mark.parametrize(
    "address, network, household",
    [
        ("203.0.113.77", "203.0.113.0/24", "203.0.113.77"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.77", "203.0.113.0/24", "203.0.113.77"),
        ("::ffff:cb00:714d", "203.0.113.0/24", "203.0.113.77"),
        ("testclient", "-", "testclient"),
        ("", "-", ""),
    ],
)
def test_an_address_becomes_a_network(address: str, network: str, household: str) -> None:
    """Written down as a network; counted so that nobody has endlessly many."""
    assert network_of(address) == network
    assert household_of(address) == household
    assert Origin(address, "other").network == network


def test_an_address_is_in_no_traceback() -> None:
    """The origin shows its device only."""
    assert "203.0.113.77" not in repr(Origin("203.0.113.77", "mac"))


@pytest.mark.parametrize(
    "agent, device",
    [
        ("Mozilla/5.0 (iPhone; …) MicroMessenger/8.0", "wechat"),
        ("Mozilla/5.0 (Windows NT 10.0)", "windows"),
        ("curl/8", "other"),
        ("", "other"),
    ],
)
def test_a_device_is_one_of_a_few_words(agent: str, device: str) -> None:
    """No version, no model."""
    assert device_of(agent) == device


@pytest.mark.parametrize(
    "address, networks, within",
    [
        ("10.1.2.3", (), True),
        ("10.1.2.3", ("10.1.0.0/16",), True),
        ("10.2.2.3", ("10.1.0.0/16", "10.2.2.3/32"), True),
        ("10.2.2.4", ("10.1.0.0/16", "10.2.2.3/32"), False),
        ("::ffff:10.1.2.3", ("10.1.0.0/16",), True),
        ("::ffff:10.2.2.3", ("10.1.0.0/16",), False),
        ("2001:db8::1", ("10.1.0.0/16",), False),
        ("testclient", ("10.1.0.0/16",), False),
    ],
)
def test_an_allow_list_allows_what_it_names(address: str, networks: tuple[str, ...], *, within: bool) -> None:
    """None named: everything. What is no address is in no network."""
    assert is_within(address, networks) is within
