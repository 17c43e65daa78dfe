"""The tier that processes share: verdicts, purges, denials and short locks in Django's cache.

Values are plain data, keys are digests; data of another kind is a miss. A purge leaves a *mark*
with a generation of its own. A verdict is written with the generation that was there before its
question was sent, and counts only as long as that is the one in force: so one that was under way
during the purge is dead when it arrives, whatever the clocks say.
"""

from __future__ import annotations

import base64
import math
import secrets
import time
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from ..process import Clock
from ..sharedcache import shared
from .verdict import Question, Verdict

T = TypeVar("T")

FORMAT = 2  # changes whenever the meaning of the packed data does
LOCK_SECONDS = 2  # a holder that dies costs the others no more than this
_PAUSES = (0.005, 0.01, 0.02) + (0.04,) * 49  # between looks at another process's lock


class Look(NamedTuple):
    """What the shared cache knows."""

    verdict: Verdict | None = None
    generation: str = ""
    is_denied: bool = False
    is_locked: bool = False
    is_available: bool = True


class Tier(Generic[T]):
    """Verdicts, marks and locks under names that begin with ``prefix``."""

    def __init__(self, prefix: str, lifetime: float, clock: Clock) -> None:
        self._cache = shared()
        self._prefix = prefix
        self._lifetime = _whole(lifetime)
        self._clock = clock

    def look(self, question: Question[T], *, at_lock: bool = False) -> Look:
        verdict, mark, lock = self._names(question.key)
        wanted = [verdict, mark, lock] if at_lock else [verdict, mark]
        found = self._cache.attempt(lambda cache: cache.get_many(wanted), None)
        if not isinstance(found, dict):
            return Look(is_available=False)
        generation, denied_until = self._read_mark(found.get(mark))
        kept = self._read(question, found[verdict]) if verdict in found else None
        if kept is not None and kept.generation != generation:
            kept = None
        is_denied = denied_until > 0 and denied_until > self._clock.time()
        return Look(kept, generation, is_denied, lock in found)

    def write(self, question: Question[T], verdict: Verdict) -> None:
        name, _, _ = self._names(question.key)
        packed = {
            "v": FORMAT,
            "at": verdict.verified_at,
            "exp": verdict.expires,
            "gen": verdict.generation,
            "value": question.pack(verdict.value),
        }
        self._cache.attempt(lambda cache: cache.set(name, packed, self._lifetime), None)

    def purge(self, key: bytes, seconds: float) -> None:
        """End all verdicts until now, those under way too. The mark stays for ``seconds``."""
        verdict, name, _ = self._names(key)
        mark = _mark()

        def purge(cache: Any) -> None:
            cache.delete(verdict)
            if not cache.add(name, mark, _whole(seconds)):
                _, denied_until = self._read_mark(cache.get(name))
                if denied_until <= self._clock.time():
                    cache.set(name, mark, _whole(seconds))

        self._cache.attempt(purge, None)

    def deny(self, key: bytes, seconds: float) -> bool:
        """`purge`, and refuse for ``seconds``; say whether the cache took it."""
        verdict, name, _ = self._names(key)
        until = self._clock.time() + seconds
        mark = _mark(until)

        def deny(cache: Any) -> bool:
            cache.delete(verdict)
            if self._read_mark(cache.get(name))[1] < until:
                cache.set(name, mark, _whole(seconds))
            return self._read_mark(cache.get(name))[1] >= until

        return self._cache.attempt(deny, False, insist=True)

    def lock(self, key: bytes) -> bool | None:
        """Claim the question about ``key``: True if it is ours, False if another process asks.

        None where there are no locks to be had: then everyone asks.
        """
        _, _, name = self._names(key)

        def lock(cache: Any) -> bool | None:
            if not self._cache.keeps_entries:
                return None
            is_ours = cache.add(name, 1, LOCK_SECONDS)
            return None if is_ours is None else bool(is_ours)

        return self._cache.attempt(lock, None)

    def unlock(self, key: bytes, since: float) -> None:
        """Give back what was claimed after ``since`` (monotonic), if it can still be ours."""
        _, _, name = self._names(key)
        if self._clock.monotonic() - since < LOCK_SECONDS:
            self._cache.attempt(lambda cache: cache.delete(name), None)

    def wait_for_other(self, question: Question[T], is_enough: Callable[[Verdict], bool]) -> Look:
        """Look until there is enough, or the lock is gone, which takes ``LOCK_SECONDS`` at most."""
        for pause in _PAUSES:
            look = self.look(question, at_lock=True)
            if not look.is_locked or look.is_denied or (look.verdict and is_enough(look.verdict)):
                break
            time.sleep(pause)
        return look  # pyright: ignore[reportPossiblyUnboundVariable]

    def _read(self, question: Question[T], data: Any) -> Verdict | None:
        try:
            at, expires, generation = data["at"], data["exp"], data["gen"]
            is_ours = (
                data["v"] == FORMAT
                and type(at) is float
                and (expires is None or type(expires) is float)
                and type(generation) is str
            )
            value = question.unpack(data["value"]) if is_ours else None
        except (TypeError, KeyError, ValueError, IndexError, AttributeError):
            is_ours, value = False, None
        if not is_ours:
            self._cache.complain("has data of another kind")
        # pyright can't see that they are set where there is a value.
        if value is None:
            return None
        return Verdict(value, at, True, expires, generation)  # pyright: ignore

    def _read_mark(self, value: Any) -> tuple[str, float]:
        """The generation in force, and until when (epoch seconds) all is denied."""
        if value is None:
            return "", 0.0
        try:
            generation, until = value["gen"], value["until"]
            if value["v"] == FORMAT and type(generation) is str and type(until) is float:
                return generation, until
        except (TypeError, KeyError, IndexError):
            pass
        self._cache.complain("has data of another kind")
        return "?", 0.0

    def _names(self, key: bytes) -> tuple[str, str, str]:
        # 192 bits are enough; Django looks at each character of a key, several times a request.
        digest = base64.urlsafe_b64encode(key[:24]).decode("ascii")
        return f"{self._prefix}v:{digest}", f"{self._prefix}m:{digest}", f"{self._prefix}l:{digest}"


def _whole(seconds: float) -> int | None:
    return None if math.isinf(seconds) else math.ceil(seconds)


def _mark(denied_until: float = 0.0) -> dict[str, Any]:
    return {"v": FORMAT, "gen": secrets.token_hex(8), "until": denied_until}
