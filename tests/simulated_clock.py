"""A clock that stands still until a test moves it."""

from __future__ import annotations

import time


class SimulatedClock:
    """Stands where the module ``time`` would."""

    def __init__(self) -> None:
        self._time = time.time()
        self._monotonic = 1000.0

    def time(self) -> float:
        return self._time

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._time += seconds
        self._monotonic += seconds
