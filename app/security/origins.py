"""Where a call comes from, no finer than needed: a network for an address, a kind of device for a name."""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_V4_BITS = 24
_V6_BITS = 48
_HOUSE_V6_BITS = 64
_DEVICES = (
    ("micromessenger", "wechat"),
    ("iphone", "iphone"),
    ("ipad", "ipad"),
    ("android", "android"),
    ("windows", "windows"),
    ("macintosh", "mac"),
    ("linux", "linux"),
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The address stays in memory; `network` and `device` may be written down."""

    address: str = field(repr=False)
    device: str

    @property
    def network(self) -> str:
        """The network of the address: 24 bits of it, 48 of IPv6."""
        return network_of(self.address)


@dataclass(frozen=True, slots=True)
class Call:
    """The request that is being served: what the audit trail says of it is worked out only when a row is written."""

    request_id: str
    address: str = field(repr=False)
    user_agent: str = field(repr=False)


CALL: ContextVar[Call | None] = ContextVar("call", default=None)
"""The request behind what is being done; None for what nobody asked for over the network."""


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    """An address; one of IPv4 is the same whichever protocol's socket took the call (RFC 4291, section 2.5.5.2)."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def network_of(address: str) -> str:
    """The network that an address is told by; `-` for what is no address."""
    parsed = _parse(address)
    if parsed is None:
        return "-"
    bits = _V4_BITS if parsed.version == 4 else _V6_BITS  # noqa: PLR2004 - the version of the protocol
    return str(ip_network((parsed, bits), strict=False))


@lru_cache(maxsize=4096)
def household_of(address: str) -> str:
    """What calls are counted by: an IPv4 address, or the 64 bits of IPv6 under which one customer has them all."""
    parsed = _parse(address)
    if parsed is None:
        return address
    if parsed.version == 4:  # noqa: PLR2004 - the version of the protocol
        return str(parsed)
    return str(ip_network((parsed, _HOUSE_V6_BITS), strict=False))


def device_of(user_agent: str) -> str:
    """What kind of device a user agent is."""
    lowered = user_agent.lower()
    return next((device for part, device in _DEVICES if part in lowered), "other")


def is_within(address: str, networks: Sequence[str]) -> bool:
    """Whether an address lies in one of the networks; in any when none is named."""
    if not networks:
        return True
    parsed = _parse(address)
    return parsed is not None and any(parsed in ip_network(network) for network in networks)
