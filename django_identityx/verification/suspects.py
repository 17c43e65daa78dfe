"""Client addresses that brought many rejected tokens: they wait before IdentityX is asked again.

Only distinct tokens count, so a page that retries with one dead token stays far below the limit.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from ..process import Clock
from ..ratelimits import Bucket, LimitExceeded

MAX_REMEMBERED = 50_000  # digests in all; whoever was quiet for longest is forgotten first


class Suspects:
    """Digests of rejected tokens and when they came (monotonic seconds), by client."""

    def __init__(self, clock: Clock, size: int = MAX_REMEMBERED) -> None:
        self._clock = clock
        self._size = size
        self._total = 0
        self._tokens: OrderedDict[str, dict[bytes, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._total

    def refuse(self, bucket: Bucket) -> None:
        """Raise `LimitExceeded` where ``bucket`` is full."""
        with self._lock:
            times = list(self._tokens.get(bucket.key, {}).values())
        now = self._clock.monotonic()
        wait = 0.0
        for rate in bucket.rates:
            if len(times) >= rate.limit:
                wait = max(wait, times[-rate.limit] + rate.period - now)
        if wait > 0:
            raise LimitExceeded(bucket.scope, int(wait) + 1)

    def add(self, bucket: Bucket, key: bytes) -> None:
        """Count the rejected token with the digest ``key``, once."""
        digest, now = key[:12], self._clock.monotonic()
        longest = max(rate.period for rate in bucket.rates)
        most = max(rate.limit for rate in bucket.rates)
        with self._lock:
            tokens = self._tokens.setdefault(bucket.key, {})
            self._tokens.move_to_end(bucket.key)
            self._total -= len(tokens)
            tokens.setdefault(digest, now)
            # Oldest first, since a token that comes again keeps its place.
            for old in [*tokens][: max(0, len(tokens) - most)]:
                del tokens[old]
            for old, at in [*tokens.items()]:
                if at > now - longest:
                    break
                del tokens[old]
            self._total += len(tokens)
            while self._total > self._size:
                _, forgotten = self._tokens.popitem(last=False)
                self._total -= len(forgotten)
