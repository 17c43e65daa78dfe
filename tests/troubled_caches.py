"""More caches in trouble: one that takes its time, one that hides failures as django-redis can."""

from __future__ import annotations

import time
from typing import Any

from .cache_backends import Remote
from .simulated_clock import SimulatedClock


class Slow(Remote):
    """Each look takes ``seconds`` on ``clock``."""

    clock = SimulatedClock()
    seconds = 0.0
    looks = 0

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        type(self).looks += 1
        self.clock.advance(self.seconds)
        return super().get_many(*args, **kwargs)


class Hanging(Remote):
    """A server that has stopped: each look takes ``seconds``, and then there is no answer."""

    seconds = 0.0
    calls = 0

    def _hang(self, *args: Any, **kwargs: Any) -> Any:
        type(self).calls += 1
        time.sleep(self.seconds)
        raise TimeoutError("no answer in time")

    add = get = set = delete = get_many = _hang


class Ignoring(Remote):
    """django-redis with ``IGNORE_EXCEPTIONS`` and no server: None from everything."""

    def _nothing(self, *args: Any, **kwargs: Any) -> Any:
        return None

    add = get = set = delete = _nothing

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return {}
