"""What one process remembers: verdicts in front of the shared cache, and refusals. All bounded.

Reading takes no lock: a thread that is interrupted while it holds one would stop all the others.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from .verdicts import Kept, Verdict


class Entry:
    """A verdict in the process. Times are monotonic seconds."""

    __slots__ = ("kept", "refresh_at", "until", "verdict")

    def __init__(self, kept: Kept, until: float, refresh_at: float) -> None:
        self.kept = kept
        self.verdict: Verdict = kept.verdict
        self.until = until
        self.refresh_at = refresh_at


class LocalVerdicts:
    """The verdicts used last, by digest, at most ``size`` of them."""

    def __init__(self, size: int) -> None:
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self._size = size
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> Entry | None:
        """The entry, past its time or not: a stale one may have to serve."""
        entry = self._entries.get(key)
        if entry is not None:
            try:  # noqa: SIM105 - a context manager would cost as much again as the look itself
                self._entries.move_to_end(key)
            except KeyError:  # another thread dropped it
                pass
        return entry

    def put(self, key: bytes, entry: Entry) -> None:
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def drop(self, key: bytes) -> None:
        with self._lock:
            self._entries.pop(key, None)


class Refusals:
    """Reasons for refusing a token, by digest, each until a time (monotonic seconds).

    A place of its own, so that a flood of bad tokens pushes out nothing but bad tokens.
    """

    def __init__(self, size: int) -> None:
        self._refusals: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._size = size
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._refusals)

    def get(self, key: bytes, now: float) -> str | None:
        """The reason, if there is one and its time has not come."""
        reason, until = self._refusals.get(key, ("", 0.0))
        return reason if now < until else None

    def put(self, key: bytes, reason: str, until: float) -> None:
        """Refuse from now on; a longer refusal stays."""
        with self._lock:
            _, before = self._refusals.get(key, ("", 0.0))
            self._refusals[key] = reason, max(before, until)
            self._refusals.move_to_end(key)
            while len(self._refusals) > self._size:
                self._refusals.popitem(last=False)

    def drop(self, key: bytes) -> None:
        with self._lock:
            self._refusals.pop(key, None)
