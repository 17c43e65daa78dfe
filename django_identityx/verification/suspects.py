"""Client addresses that brought many rejected tokens: they wait before IdentityX is asked again.

Only distinct tokens count, so a page that retries with one dead token stays far below the limit.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ..process import BoundedMap, Clock
from ..ratelimits import Bucket, Limiter

MAX_CLIENTS = 5_000  # who is farthest from the limit is forgotten first
MAX_TOKENS = 50_000


class Suspects:
    """Who brought how many rejected tokens lately, by client."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hits = Limiter(clock, size=MAX_CLIENTS)
        self._counted: BoundedMap[tuple[str, bytes], float] = BoundedMap(MAX_TOKENS)
        self._lock = threading.Lock()

    def refuse(self, buckets: Sequence[Bucket]) -> None:
        """Raise `LimitExceeded` where one of ``buckets`` is full."""
        self._hits.refuse_full(buckets)

    def add(self, bucket: Bucket, key: bytes) -> None:
        """Count the rejected token with the digest ``key``, once."""
        token, now = (bucket.key, key[:12]), self._clock.monotonic()
        with self._lock:
            counted_at = self._counted.get(token)
            if counted_at is None or counted_at <= now - max(rate.period for rate in bucket.rates):
                self._counted.put(token, now)
                self._hits.add(bucket)
