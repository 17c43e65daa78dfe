"""Rate limits: an atomic core on Django's cache, without DRF and without a request.

A window is counted by ``add`` and ``incr``, so racers can't pass between a read and a write. Where
the cache is not shared (local memory forgets after 300 entries, and a flood would make it) or does
not answer, the process counts by itself, bounded. Keys are digests.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest

from . import emails
from .addresses import client_address, parse_address
from .conf import conf
from .lifetime import PerProcess

MAX_COUNTERS = 50_000  # of one process, about 10 MB
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NOT_SHARED = ("LocMemCache", "FileBasedCache", "DummyCache")


class LimitExceeded(Exception):  # noqa: N818 - said as DRF says Throttled
    """Too many; ``wait`` is in whole seconds."""

    def __init__(self, scope: str, wait: int) -> None:
        super().__init__(f"Too many requests ({scope}).")
        self.scope = scope
        self.wait = wait


@dataclass(frozen=True)
class Rate:
    """``count`` in ``seconds``."""

    count: int
    seconds: int


def rates(scope: str) -> list[Rate]:
    """The rates of a scope in ``IDENTITYX_THROTTLE_RATES``; none if it is off."""
    value = conf.THROTTLE_RATES.get(scope)
    if value is None:
        return []
    return [parse_rate(rate) for rate in ([value] if isinstance(value, str) else value)]


def parse_rate(text: str) -> Rate:
    """Read DRF's syntax: ``10/min``; of the period only the first letter counts."""
    count, _, period = text.partition("/")
    return Rate(int(count), _SECONDS[period[:1].lower()])


def hit(scope: str, identifier: str) -> None:
    """Count one event; raise `LimitExceeded` once a rate of ``scope`` is exceeded."""
    wait = 0
    for rate in rates(scope):
        now = time.time()
        window = int(now // rate.seconds)
        key = _key(scope, identifier, rate, window)
        if _count(key, rate.seconds) > rate.count:
            wait = max(wait, int((window + 1) * rate.seconds - now) + 1)
    if wait:
        raise LimitExceeded(scope, wait)


def limit_sending(request: HttpRequest, email: str) -> None:
    """Count a link asked for, by client address and by e-mail, before the address is looked up."""
    _hit_address("send-address", request)
    hit("send-email", emails.digest(email))


def limit_redeeming(request: HttpRequest) -> None:
    """Count a link redeemed, by client address."""
    _hit_address("redeem-address", request)


def network_of(address: str) -> str:
    """What one client may count as: the address itself, of IPv6 its /64."""
    parsed = parse_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def is_exempt(address: str) -> bool:
    """Whether ``IDENTITYX_THROTTLE_EXEMPT`` names the address."""
    parsed = parse_address(address)
    networks = (ipaddress.ip_network(n, strict=False) for n in conf.THROTTLE_EXEMPT)
    return parsed is not None and any(parsed in network for network in networks)


def _hit_address(scope: str, request: HttpRequest) -> None:
    address = client_address(request)
    if address is not None and not is_exempt(address):
        hit(scope, network_of(address))


def _key(scope: str, identifier: str, rate: Rate, window: int) -> str:
    message = f"identityx:{scope}:{rate.count}/{rate.seconds}:{identifier}:{window}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).hexdigest()[:40]


def _count(key: str, seconds: int) -> int:
    backend = settings.CACHES.get(conf.CACHE, {}).get("BACKEND", "")
    if not backend.endswith(_NOT_SHARED):
        counted = _count_shared(f"identityx:rate:{key}", seconds)
        if counted is not None:
            return counted
    return _counters().count(key)


def _count_shared(key: str, seconds: int) -> int | None:
    try:
        cache = caches[conf.CACHE]
        if cache.add(key, 1, seconds + 1):
            return 1
        return int(cache.incr(key))
    except Exception:  # noqa: BLE001 - any backend, any trouble: the process counts by itself
        return None


class _Counters:
    """Counters of one process, the oldest dropped first."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, key: str) -> int:
        with self._lock:
            counted = self._counts[key] = self._counts.pop(key, 0) + 1
            while len(self._counts) > MAX_COUNTERS:
                self._counts.popitem(last=False)
        return counted


_counters = PerProcess(_Counters)
