"""Rate limits on sending and redeeming login links: scopes, whom they count, and the refusal.

Knows no DRF. Addresses and e-mails are counted under keyed digests; a success resets nothing; and
a limit applies before anything is looked up, so being over it tells nothing about an address.
"""

from __future__ import annotations

import ipaddress
import math

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from .. import emails
from ..addresses import client_address, parse_address
from ..conf import conf
from ..exceptions import IdentityXError
from ..process import PerProcess
from .counters import Bucket, LocalHits, Refusal, SharedHits
from .rates import rates_of

SEND_ADDRESS = "send-address"
SEND_EMAIL = "send-email"
REDEEM_ADDRESS = "redeem-address"

_local: PerProcess[LocalHits] = PerProcess(LocalHits)
_shared: PerProcess[SharedHits] = PerProcess(SharedHits)


class LimitExceeded(IdentityXError):
    """Too many. ``wait`` is in whole seconds, after which the next one passes."""

    def __init__(self, scope: str, wait: int) -> None:
        super().__init__(f"Too many requests ({scope}).")
        self.scope = scope
        self.wait = wait

    def __reduce__(self) -> tuple[type[LimitExceeded], tuple[str, int]]:
        return type(self), (self.scope, self.wait)


def limit_sending(request: HttpRequest, email: str) -> None:
    """Count a link that is asked for, by client address and by e-mail; raise `LimitExceeded`."""
    take(by_address(SEND_ADDRESS, request), by_email(SEND_EMAIL, email))


def limit_redeeming(request: HttpRequest) -> None:
    """Count a link that is brought, by client address; raise `LimitExceeded`."""
    take(by_address(REDEEM_ADDRESS, request))


def by_address(scope: str, request: HttpRequest) -> Bucket | None:
    """Count the client's address, of IPv6 its /64; None where it is exempt or unknown."""
    address = client_address(request)
    if address is None or is_exempt(address):
        return None
    return bucket(scope, network_of(address))


def by_email(scope: str, email: str) -> Bucket | None:
    """Count the mailbox, however its address is spelt."""
    return bucket(scope, emails.digest(email))


def bucket(scope: str, identifier: str) -> Bucket | None:
    """Count ``identifier`` within ``scope``; None where the scope has no rates."""
    rates = rates_of(scope)
    if not rates:
        return None
    digest = salted_hmac(f"django_identityx.limit.{scope}", identifier, algorithm="sha256")
    return Bucket(scope, digest.hexdigest()[:40], rates)


def take(*buckets: Bucket | None) -> None:
    """Count one hit in all of ``buckets``, or raise `LimitExceeded` and count it in none."""
    counted = [found for found in buckets if found is not None]
    if not counted:
        return
    hit = _local().take(counted)
    if isinstance(hit, Refusal):
        raise _exceeded(hit)
    refusal = _shared().take(counted)
    if refusal is not None:
        _local().give_back(counted, hit)
        raise _exceeded(refusal)


def network_of(address: str) -> str:
    """What counts as one client: the address, of IPv6 its /64, which one household has."""
    parsed = parse_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def is_exempt(address: str) -> bool:
    """Whether ``IDENTITYX_THROTTLE_EXEMPT`` has the address."""
    parsed = parse_address(address)
    try:
        networks = [ipaddress.ip_network(text, strict=False) for text in conf.THROTTLE_EXEMPT]
    except ValueError as error:
        raise ImproperlyConfigured(f"IDENTITYX_THROTTLE_EXEMPT: {error}") from error
    return parsed is not None and any(parsed in network for network in networks)


def _exceeded(refusal: Refusal) -> LimitExceeded:
    return LimitExceeded(refusal.scope, max(1, math.ceil(refusal.wait)))
