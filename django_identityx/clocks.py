"""What time it is: for people and other machines, and for measuring."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The module ``time``, or what a test puts in its place."""

    def time(self) -> float:
        """Seconds since the epoch: machines share them, and they may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow."""
        ...
