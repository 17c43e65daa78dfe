"""A circuit breaker: an endpoint that fails is left alone, then asked by one request at a time.

It listens only to what says something about the endpoint: `Unreachable` and `Failing`. An answer
about one token that this package does not understand (`Unclear`) neither opens nor closes it, or a
stranger could switch sign-in off, or keep an outage from being noticed.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..exceptions import Busy, Failing, Rejected, Unreachable
from ..process import Clock

logger = logging.getLogger("django_identityx")

FAILURES = 3  # in a row, until it opens
FIRST_PAUSE = 2.0  # seconds; doubled with each probe that fails
LONGEST_PAUSE = 30.0


class Breaker:
    """Closed, open for a pause, or half open: then one probe at a time goes through."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = 0.0  # seconds; 0 while closed
        self._left_alone_until = 0.0
        self._is_probing = False

    @property
    def is_closed(self) -> bool:
        return self._pause == 0

    def check(self) -> None:
        """Raise `Busy` if a call would not go through right now."""
        with self._lock:
            self._refuse()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Enclose one call to the endpoint; `Busy` if it is being left alone."""
        is_probe = self._begin()
        try:
            yield
        except (Unreachable, Failing):
            self._failed()
            raise
        except Rejected as rejected:
            # Definite words, but only IdentityX's own: ours never went there.
            if type(rejected) is Rejected:
                self._succeeded()
            raise
        else:
            self._succeeded()
        finally:
            if is_probe:
                self._is_probing = False

    def _begin(self) -> bool:
        with self._lock:
            self._refuse()
            self._is_probing = self._pause > 0
            return self._is_probing

    def _refuse(self) -> None:
        if self._pause == 0:
            return
        wait = self._left_alone_until - self._clock.monotonic()
        if wait > 0 or self._is_probing:
            raise Busy("IdentityX is being left alone.", retry_after=math.ceil(max(wait, 1.0)))

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            now = self._clock.monotonic()
            if self._failures < FAILURES or now < self._left_alone_until:
                return  # not enough yet, or one of those that were under way when it opened
            self._pause = min(self._pause * 2, LONGEST_PAUSE) if self._pause else FIRST_PAUSE
            self._left_alone_until = now + self._pause
            pause = self._pause
        logger.warning("IdentityX fails: it is left alone for %.0f s.", pause)

    def _succeeded(self) -> None:
        with self._lock:
            was_closed = self._pause == 0
            self._failures, self._pause, self._left_alone_until = 0, 0.0, 0.0
        if not was_closed:
            logger.info("IdentityX answers again.")
