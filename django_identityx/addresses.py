"""Whose address a request comes from, and when nobody knows.

What a forwarding header says is the client's own claim, unless a proxy that we trust wrote it.
Where nobody has declared whether there are proxies, and such a header is there, the address is
*unknown* (None): nothing is forwarded, nobody has access by address, and limits are common ones.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from .conf import conf
from .process import PerProcess

logger = logging.getLogger("django_identityx")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_USER_AGENT = 512  # characters

# What proxies and clients write; with nothing declared, each means that the address is unknown.
FORWARDING = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_FORWARDED",
    "HTTP_X_REAL_IP",
    "HTTP_CF_CONNECTING_IP",
    "HTTP_TRUE_CLIENT_IP",
)


@dataclass(frozen=True)
class Visitor:
    """On whose behalf a call is made: a bare address or None, and a user agent."""

    address: str | None = None
    user_agent: str = ""


def visitor(request: HttpRequest) -> Visitor:
    """The visitor behind ``request``, in the form in which IdentityX takes it."""
    agent = request.META.get("HTTP_USER_AGENT", "")[:MAX_USER_AGENT]
    return Visitor(
        address=client_address(request),
        user_agent="".join(c for c in agent if " " <= c <= "~").strip(),
    )


def client_address(request: HttpRequest) -> str | None:
    """The client's address, or None where it can't be known.

    What ``IDENTITYX_TRUSTED_PROXIES`` says decides whether it is ``REMOTE_ADDR`` or an entry of
    ``X-Forwarded-For``.
    """
    remote = request.META.get("REMOTE_ADDR", "")
    (proxies,) = _declared.value or _declared()
    if proxies is None:
        if not request.META.keys().isdisjoint(FORWARDING):
            _warn("undeclared")
            return None
        return _bare(remote)
    if isinstance(proxies, int) and proxies <= 0:
        return _bare(remote)
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    forwarded = [part for part in forwarded if part]
    if not isinstance(proxies, int):
        return _text(_behind_networks(parse_address(remote), forwarded, proxies))
    return _text(_behind_hops(forwarded, proxies))


def parse_address(text: str) -> Address | None:
    """Read a bare address; IPv4 in IPv6 becomes IPv4, ports and zones are dropped."""
    text = text.strip().removeprefix("[")
    text = text.partition("]")[0].partition("%")[0]
    if text.count(":") == 1:  # 192.0.2.1:8080
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def network_of(address: str, bits: int = 64) -> str:
    """What counts as one client: the address, of IPv6 the /64 that one household has."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address, bits), strict=False))


# In a tuple: None says that nothing is declared.
_declared = PerProcess(lambda: (conf.TRUSTED_PROXIES,))


@lru_cache(maxsize=1024)
def _bare(text: str) -> str | None:
    """The address in ``text``. To read one takes longer than a hit of `access`."""
    return _text(parse_address(text))


def _text(address: Address | None) -> str | None:
    return None if address is None else str(address)


def _behind_hops(forwarded: list[str], hops: int) -> Address | None:
    """The entry that the outermost trusted proxy wrote; the rest is the client's own claim."""
    if len(forwarded) < hops:
        _warn("fewer")
        return None
    address = parse_address(forwarded[-hops])
    if address is not None and not address.is_global:
        _warn("private")
    return address


def _behind_networks(
    remote: Address | None, forwarded: list[str], networks: Sequence[str]
) -> Address | None:
    """The last address outside of ``networks``, on the way back to the client."""
    try:
        trusted = [ipaddress.ip_network(network, strict=False) for network in networks]
    except ValueError as error:
        raise ImproperlyConfigured(f"IDENTITYX_TRUSTED_PROXIES: {error}") from error
    address = remote  # none over a unix socket, whose other end is on this machine
    for entry in reversed(forwarded):
        if address is not None and not any(address in network for network in trusted):
            break
        address = parse_address(entry)
        if address is None:
            break
    return address


_WARNINGS = {
    "undeclared": "Requests arrive through a proxy, and IDENTITYX_TRUSTED_PROXIES does not say "
    "which: client addresses are unknown, and their limits are common to all. (It says 0 where "
    "clients connect directly.)",
    "fewer": "IDENTITYX_TRUSTED_PROXIES declares more hops than X-Forwarded-For has entries: the "
    "client's address is unknown.",
    "private": "The client's address, by the hops in IDENTITYX_TRUSTED_PROXIES, is a private one. "
    "If that is another proxy, all visitors share its limits: declare one hop more.",
}
_warned: PerProcess[set[str]] = PerProcess(set)


def _warn(what: str) -> None:
    """Say it once in this process."""
    if what not in _warned():
        _warned().add(what)
        logger.warning(_WARNINGS[what])
