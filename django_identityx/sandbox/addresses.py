"""Find the visitor's address, and the teams that it belongs to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from .errors import refused

_TRUSTED = tuple(
    ip_network(network)
    for network in (
        "127.0.0.0/8",
        "::1/128",
        "169.254.0.0/16",
        "fe80::/10",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
    )
)

Address = IPv4Address | IPv6Address


def visitor(forwarded_for: str | None) -> str:
    """Return the rightmost address that is not private, else the leftmost one."""
    hops = [hop.strip() for hop in (forwarded_for or "").split(",") if hop.strip()]
    for hop in reversed(hops):
        address = _parse(hop)
        if address is None or not any(
            address in network for network in _TRUSTED if network.version == address.version
        ):
            return hop
    return hops[0] if hops else "127.0.0.1"


def parse(text: str) -> Address:
    """Return an address; raise if the text is more or less than one."""
    address = _parse(text)
    if address is None:
        raise refused("ipaddr: the address has neither IPv6 nor IPv4 format", 500)
    return address


def in_networks(address: Address, networks: list[str]) -> bool:
    """Say whether an address is in one of the networks."""
    return any(address in ip_network(network, strict=False) for network in networks)


def is_network(text: str) -> bool:
    """Say whether a text is a network, or an address alone."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return None if address.scope_id else (address.ipv4_mapped or address)
    return address
