"""The tier that processes share: verdicts, purges, denials and short locks in Django's cache.

Values are plain data, keys are digests. A cache that is down, slow or full of foreign data is a
miss and a line in the log, at most one a minute.

A purge leaves a *mark* with a generation of its own. A verdict is written with the generation that
was there before its question was sent, and counts only as long as that is the one in force: so one
that was under way during the purge is dead when it arrives, whatever the clocks say.
"""

from __future__ import annotations

import base64
import logging
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache

from ..process import Clock
from .verdicts import FORMAT, Kept, pack, unpack

logger = logging.getLogger("django_identityx")

LOCK_SECONDS = 2  # a holder that dies costs the others no more than this
SLOW = 1.0  # seconds
MOST_SLOW = 3  # operations in a row that take longer, until it counts as down
REST = 5.0  # seconds without reading from one that is down or slow
LOG_EVERY = 60.0  # seconds
_PAUSES = (0.005, 0.01, 0.02) + (0.04,) * 49  # between looks at another process's lock

# Nobody else sees these, or they throw out entries when a few hundred more come in.
_WITHOUT_LOCKS = (LocMemCache, DummyCache, FileBasedCache, DatabaseCache)


@dataclass(slots=True)
class Shared:
    """What the shared cache knows of one token."""

    kept: Kept | None = None
    generation: str = ""
    is_denied: bool = False
    is_locked: bool = False
    is_available: bool = True


class SharedVerdicts:
    """Verdicts, marks and locks in the cache ``alias``. ``lifetime`` is a verdict's, in seconds."""

    def __init__(self, alias: str, lifetime: float, clock: Clock) -> None:
        self._alias = alias
        self._lifetime = math.ceil(lifetime)
        self._clock = clock
        self._resting_until = -math.inf
        self._slow_in_a_row = 0
        self._log_after = -math.inf

    def read(self, key: bytes, *, look_at_lock: bool = False) -> Shared:
        if self._is_resting():
            return Shared(is_available=False)
        verdict, mark, lock = _names(key)
        wanted = [verdict, mark, lock] if look_at_lock else [verdict, mark]
        found = self._try(lambda cache: cache.get_many(wanted))
        if not isinstance(found, dict):
            return Shared(is_available=False)
        generation, denied_until = self._read_mark(found.get(mark))
        kept = None
        if (value := found.get(verdict)) is not None:
            kept = unpack(value)
            if kept is None:
                self._log("has data of another kind")
            elif kept.generation != generation:
                kept = None
        return Shared(kept, generation, denied_until > self._clock.time(), lock in found)

    def write(self, key: bytes, kept: Kept) -> None:
        name, _, _ = _names(key)
        if not self._is_resting():
            self._try(lambda cache: cache.set(name, pack(kept), self._lifetime))

    def purge(self, key: bytes, seconds: float) -> None:
        """End all verdicts until now, those under way too. The mark stays for ``seconds``."""
        verdict, name, _ = _names(key)
        mark = _mark()

        def purge(cache: Any) -> None:
            cache.delete(verdict)
            if not cache.add(name, mark, math.ceil(seconds)):
                _, denied_until = self._read_mark(cache.get(name))
                if denied_until <= self._clock.time():
                    cache.set(name, mark, math.ceil(seconds))

        self._try(purge)

    def deny(self, key: bytes, seconds: float) -> bool:
        """`purge`, and refuse the token for ``seconds``; say whether the cache took it."""
        verdict, name, _ = _names(key)
        until = self._clock.time() + seconds
        mark = _mark(until)

        def deny(cache: Any) -> bool:
            cache.delete(verdict)
            if self._read_mark(cache.get(name))[1] < until:
                cache.set(name, mark, math.ceil(seconds))
            return self._read_mark(cache.get(name))[1] >= until

        return bool(self._try(deny))

    def lock(self, key: bytes) -> bool | None:
        """Claim the question about ``key``: True if it is ours, False if another process asks.

        None where there are no locks to be had: then everyone asks.
        """
        _, _, name = _names(key)

        def lock(cache: Any) -> bool | None:
            if isinstance(cache, _WITHOUT_LOCKS):
                return None
            is_ours = cache.add(name, 1, LOCK_SECONDS)
            return None if is_ours is None else bool(is_ours)

        is_ours: bool | None = None if self._is_resting() else self._try(lock)
        return is_ours

    def unlock(self, key: bytes, since: float) -> None:
        """Give back what was claimed after ``since`` (monotonic), if it can still be ours."""
        _, _, name = _names(key)
        if self._clock.monotonic() - since < LOCK_SECONDS:
            self._try(lambda cache: cache.delete(name))

    def wait_for_other(self, key: bytes, is_enough: Callable[[Shared], bool]) -> Shared:
        """Look until there is enough, or the lock is gone, which takes ``LOCK_SECONDS`` at most."""
        for pause in _PAUSES:
            shared = self.read(key, look_at_lock=True)
            if not shared.is_locked or is_enough(shared):
                break
            time.sleep(pause)
        return shared

    def _try(self, action: Callable[[Any], Any]) -> Any:
        """The result of ``action(cache)``, or None where the cache is in trouble."""
        started = self._clock.monotonic()
        try:
            result = action(caches[self._alias])
        except Exception as error:  # noqa: BLE001 - any backend, any trouble: a miss
            self._rest(f"failed ({type(error).__name__})")
            return None
        is_slow = self._clock.monotonic() - started > SLOW
        self._slow_in_a_row = self._slow_in_a_row + 1 if is_slow else 0
        if self._slow_in_a_row >= MOST_SLOW:
            self._slow_in_a_row = 0
            self._rest("is slow")
        return result

    def _is_resting(self) -> bool:
        return self._clock.monotonic() < self._resting_until

    def _rest(self, trouble: str) -> None:
        self._resting_until = self._clock.monotonic() + REST
        self._log(trouble)

    def _log(self, trouble: str) -> None:
        now = self._clock.monotonic()
        if now >= self._log_after:
            self._log_after = now + LOG_EVERY
            logger.warning("The cache %r %s: IdentityX is asked instead.", self._alias, trouble)

    def _read_mark(self, value: Any) -> tuple[str, float]:
        """The generation in force, and until when (epoch seconds) the token is denied."""
        if value is None:
            return "", 0.0
        try:
            generation, until = value["gen"], value["until"]
            if value["v"] == FORMAT and type(generation) is str and type(until) is float:
                return generation, until
        except (TypeError, KeyError, IndexError):
            pass
        self._log("has data of another kind")
        return "?", 0.0


def _names(key: bytes) -> tuple[str, str, str]:
    # 192 bits are enough; Django looks at each character of a key, several times a request.
    digest = base64.urlsafe_b64encode(key[:24]).decode("ascii")
    return f"identityx:v:{digest}", f"identityx:m:{digest}", f"identityx:l:{digest}"


def _mark(denied_until: float = 0.0) -> dict[str, Any]:
    return {"v": FORMAT, "gen": secrets.token_hex(8), "until": denied_until}
