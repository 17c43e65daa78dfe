"""Counting hits so that a limit holds to the last one, however many race for it.

Each process counts for itself, exactly and within a bound; and where the cache is shared, all
processes count as one. So a limit outlives a cache that is down (as the limit of a process) and a
cache that forgets when it is full, as local memory does after 300 entries.

A limit of 5 in 60 seconds is five *slots* in the cache, each taken with ``add``, which only one
racer can win, and free again after 60 seconds by itself. In any 60 seconds at most 5 pass: there
are no windows at whose border twice as many could. Nothing is read, changed and written back.
Who is refused takes nothing.
"""

from __future__ import annotations

import bisect
import logging
import math
import random
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.cache.backends.base import BaseCache

from ..exceptions import IdentityXError
from ..process import Clock
from ..sharedcache import CacheTrouble, shared
from .rates import Rate

logger = logging.getLogger("django_identityx")

MAX_COUNTED = 20_000  # whom a process counts at the same time
MAX_SLOTS_TRIED = 256  # of a greater limit a part is tried: never more pass, at its edge fewer
_MARGIN = 0.05  # seconds between our clock at sending and the cache's at receiving


@dataclass(frozen=True)
class Bucket:
    """Whom is counted, by a digest, and what is allowed them."""

    scope: str
    key: str
    rates: tuple[Rate, ...]


class LimitExceeded(IdentityXError):
    """Too many. ``wait`` is in whole seconds, after which the next one passes."""

    def __init__(self, scope: str, wait: float) -> None:
        super().__init__(f"Too many requests ({scope}).")
        self.scope = scope
        self.wait = max(1, math.ceil(wait))

    def __reduce__(self) -> tuple[type[LimitExceeded], tuple[str, int]]:
        return type(self), (self.scope, self.wait)


class Limiter:
    """The hits of this process, and where the cache is shared those of all processes."""

    def __init__(self, clock: Clock = time, *, size: int = MAX_COUNTED) -> None:
        self._hits: dict[str, tuple[tuple[Rate, ...], list[float]]] = {}  # times, by key
        self._lock = threading.Lock()
        self._size = size
        self._clock = clock

    def take(self, buckets: Sequence[Bucket]) -> None:
        """Count one hit in each of ``buckets``, or raise `LimitExceeded` and count it in none."""
        with self._lock:
            now = self._clock.monotonic()
            self._refuse(self._waits(buckets, now))
            for bucket in buckets:
                self._add(bucket, now)
        waits = shared().attempt(lambda cache: _count_together(cache, buckets), [])
        if waits:
            with self._lock:
                for bucket in buckets:
                    _, times = self._hits.get(bucket.key, ((), []))
                    if now in times:
                        times.remove(now)
        self._refuse(waits)

    def refuse_full(self, buckets: Sequence[Bucket]) -> None:
        """Raise `LimitExceeded` where this process has no room for one more."""
        with self._lock:
            self._refuse(self._waits(buckets, self._clock.monotonic()))

    def add(self, bucket: Bucket) -> None:
        """Count one hit of this process, room or not."""
        with self._lock:
            self._add(bucket, self._clock.monotonic())

    def _refuse(self, waits: Sequence[LimitExceeded]) -> None:
        if waits:
            longest = max(waits, key=lambda exceeded: exceeded.wait)
            logger.debug("The limit %s is reached.", longest.scope)
            raise longest

    def _waits(self, buckets: Sequence[Bucket], now: float) -> list[LimitExceeded]:
        """What stands in the way of one more in each."""
        found = []
        for bucket in buckets:
            _, times = self._hits.get(bucket.key, ((), []))
            for rate in bucket.rates:
                if len(times) >= rate.limit and times[-rate.limit] + rate.period > now:
                    wait = times[-rate.limit] + rate.period - now
                    found.append(LimitExceeded(bucket.scope, wait))
        return found

    def _add(self, bucket: Bucket, now: float) -> None:
        if bucket.key not in self._hits and len(self._hits) >= self._size:
            self._make_room(now)
        _, times = self._hits.get(bucket.key, ((), []))
        longest = max((rate.period for rate in bucket.rates), default=0)
        del times[: bisect.bisect_right(times, now - longest)]
        times.append(now)
        self._hits[bucket.key] = bucket.rates, times

    def _make_room(self, now: float) -> None:
        """Forget those who are farthest from their limits.

        A flood of new addresses is forgotten first then, and never whom it should bring back in.
        """

        def fill(key: str) -> tuple[float, float]:
            rates, times = self._hits[key]
            counts = (len(times) - bisect.bisect_right(times, now - r.period) for r in rates)
            share = max((n / r.limit for n, r in zip(counts, rates, strict=True)), default=0.0)
            return share, times[-1] if times else 0.0

        for key in sorted(self._hits, key=fill)[: max(1, self._size // 4)]:
            del self._hits[key]


def _count_together(cache: BaseCache, buckets: Sequence[Bucket]) -> list[LimitExceeded]:
    """Take a slot in each, or none; what stands in the way."""
    if not shared().is_shared:
        return []  # no other process sees it
    groups = list(_groups(buckets))
    waits = _waits(cache, groups)
    if waits:
        return waits
    taken: list[str] = []
    for _, rate, names in groups:
        expires = time.time() + rate.period + _MARGIN
        for name in names:
            if cache.add(name, expires, rate.period):
                taken.append(name)
                break
        else:
            for name in taken:
                cache.delete(name)
            return _waits(cache, groups) or [_lost(cache, groups)]
    return []


def _groups(buckets: Sequence[Bucket]) -> Iterator[tuple[str, Rate, list[str]]]:
    """The slots of each rate of each bucket, shuffled, so that racers don't meet at each."""
    for bucket in buckets:
        for rate in bucket.rates:
            numbers = random.sample(range(rate.limit), min(rate.limit, MAX_SLOTS_TRIED))
            prefix = f"identityx:limit:{bucket.key}:{rate.period}"
            yield bucket.scope, rate, [f"{prefix}:{number}" for number in numbers]


def _waits(cache: BaseCache, groups: Sequence[tuple[str, Rate, list[str]]]) -> list[LimitExceeded]:
    """The rates that have no slot free."""
    held = cache.get_many([name for _, _, names in groups for name in names])
    now = time.time()
    return [
        LimitExceeded(scope, min(min(held[name] for name in names) - now, rate.period))
        for scope, rate, names in groups
        if all(name in held for name in names)
    ]


def _lost(cache: BaseCache, groups: Sequence[tuple[str, Rate, list[str]]]) -> LimitExceeded:
    """What it means that slots seen free could not be taken: others were faster.

    Or the cache swallows its own failures and takes nothing at all, which an entry that nobody
    else writes shows.
    """
    if not cache.add(f"identityx:limit:{secrets.token_hex(16)}", 1, 10):
        raise CacheTrouble("it takes nothing")
    return LimitExceeded(groups[0][0], 1.0)
