"""State that belongs to one process: made on first use, dropped at a fork.

A connection inherited through a fork delivers answers meant for another child, and a lock that
was held at that moment never opens. So whatever lives as long as the process (connections,
locks, verdicts, the breaker) hangs on a `PerProcess`, and a forked child starts with none of it.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """The module ``time``, or what a test puts in its place."""

    def time(self) -> float:
        """Seconds since the epoch: machines share them, and they may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow."""
        ...


class Seldom:
    """Calling it tells whether something may be done (again): once in ``seconds``."""

    def __init__(self, seconds: float, clock: Clock = time) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._not_before = -math.inf

    def __call__(self) -> bool:
        with self._lock:
            now = self._clock.monotonic()
            may = now >= self._not_before
            if may:
                self._not_before = now + self._seconds
            return may

    def wait(self) -> None:
        """Begin to wait now."""
        self._not_before = self._clock.monotonic() + self._seconds


_all: list[PerProcess[object]] = []


class PerProcess(Generic[T]):
    """Hold what ``factory`` makes, once per process; ``close`` is called when it is reset.

    ``value`` is None until then: where each call counts, ``holder.value or holder()`` saves one.
    """

    def __init__(self, factory: Callable[[], T], close: Callable[[T], None] | None = None) -> None:
        self._factory = factory
        self._close = close
        self._lock = threading.Lock()
        self.value: T | None = None
        _all.append(self)  # type: ignore[arg-type]

    def __call__(self) -> T:
        value = self.value
        if value is None:
            with self._lock:
                value = self.value
                if value is None:
                    value = self.value = self._factory()
        return value

    def reset(self) -> None:
        with self._lock:
            value, self.value = self.value, None
        if value is not None and self._close is not None:
            self._close(value)

    def _forget_after_fork(self) -> None:
        # Not closed: the descriptors are the parent's too, and it goes on using them.
        self._lock = threading.Lock()
        self.value = None


K = TypeVar("K")
V = TypeVar("V")


class BoundedMap(Generic[K, V]):
    """At most ``size`` values, by key; the one written longest ago goes first.

    Reading takes no lock: a thread interrupted while it holds one would stop all the others.
    """

    def __init__(self, size: int) -> None:
        self._values: OrderedDict[K, V] = OrderedDict()
        self._size = size
        self._lock = threading.Lock()
        self.get = self._values.get

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)

    def drop(self, key: K) -> None:
        with self._lock:
            self._values.pop(key, None)


def reset() -> None:
    """Drop all state of this process: after a change of settings, between tests."""
    for holder in _all:
        holder.reset()


def _after_fork() -> None:
    for holder in _all:
        holder._forget_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
