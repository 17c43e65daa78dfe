"""How many verifications a process has under way at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..exceptions import Busy


class Slots:
    """How many calls may be under way; beyond that `Busy`, at once.

    A quarter is kept for tokens that were good before, so that a flood of unknown ones does not
    lock out those whose verdict has just run out.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._for_unknown = max(1, size - size // 4)
        self._taken = 0
        self._lock = threading.Lock()

    @contextmanager
    def one(self, *, is_known: bool) -> Iterator[None]:
        """Hold a slot; ``is_known`` for a token that had a verdict."""
        with self._lock:
            if self._taken >= (self._size if is_known else self._for_unknown):
                raise Busy("Too many verifications are under way.", retry_after=1)
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1
