"""Whose address a request comes from, and when nobody knows.

``X-Forwarded-For`` is what a client says unless a proxy that we trust wrote it. Behind a proxy
that the settings don't declare, every visitor has the proxy's address: then the address is
*unknown* (None), which means no limit per address and nothing forwarded, rather than one bot
locking everybody out.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from .conf import conf
from .process import PerProcess

logger = logging.getLogger("django_identityx")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_USER_AGENT = 512  # characters


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

    Taken from ``REMOTE_ADDR``, or from ``X-Forwarded-For`` behind ``IDENTITYX_TRUSTED_PROXIES``.
    """
    remote = parse_address(request.META.get("REMOTE_ADDR", ""))
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    forwarded = [part for part in forwarded if part]
    proxies = conf.TRUSTED_PROXIES
    if isinstance(proxies, int) and proxies > 0:
        return _behind_hops(forwarded, proxies)
    if not isinstance(proxies, int) and proxies:
        return _behind_networks(remote, forwarded, proxies)
    if forwarded and (remote is None or not remote.is_global):
        _warned()
        return None
    return str(remote) if remote is not None else None


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


def _behind_hops(forwarded: list[str], hops: int) -> str | None:
    """The entry that the outermost trusted proxy wrote; the rest is the client's own claim."""
    if len(forwarded) < hops:
        return None
    address = parse_address(forwarded[-hops])
    return None if address is None else str(address)


def _behind_networks(
    remote: Address | None, forwarded: list[str], networks: Sequence[str]
) -> str | None:
    try:
        trusted = [ipaddress.ip_network(network, strict=False) for network in networks]
    except ValueError as error:
        raise ImproperlyConfigured(f"IDENTITYX_TRUSTED_PROXIES: {error}") from error
    address = remote
    for entry in reversed(forwarded):
        if address is not None and not any(address in network for network in trusted):
            break
        address = parse_address(entry)
        if address is None:
            return None
    return None if address is None else str(address)


def _warn() -> bool:
    logger.warning(
        "Requests arrive through a proxy that IDENTITYX_TRUSTED_PROXIES does not declare: "
        "client addresses are unknown, and limits per address are off."
    )
    return True


_warned = PerProcess(_warn)  # once
