"""Single flight: of all threads that want the same at the same time, one goes and all return."""

from __future__ import annotations

import threading

from ..exceptions import IdentityXError
from .verdict import Verdict


class Flight:
    """One look under way. ``verdict`` or ``error`` is there when it has landed.

    With neither, whoever led it was interrupted, and somebody else has to go.
    """

    __slots__ = ("error", "landed", "verdict")

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        self.error: IdentityXError | None = None
        self.landed: threading.Event | None = None  # made for the first who waits

    def wait(self, seconds: float) -> bool:
        return self.landed is None or self.landed.wait(seconds)


class Flights:
    """The looks under way, by name."""

    def __init__(self) -> None:
        self._flights: dict[bytes, Flight] = {}
        self._lock = threading.Lock()

    def board(self, name: bytes) -> tuple[Flight, bool]:
        """The flight called ``name``, and whether the caller is to lead it."""
        flight = Flight()
        with self._lock:
            found = self._flights.setdefault(name, flight)
            if found is not flight and found.landed is None:
                found.landed = threading.Event()
        return found, found is flight

    def land(self, name: bytes, flight: Flight) -> None:
        """End ``flight``, whatever it has come to: who leads it does this at the end."""
        with self._lock:
            if self._flights.get(name) is flight:
                del self._flights[name]
            landed = flight.landed  # nobody boards it any more
        if landed is not None:
            landed.set()

    def close(self, *names: bytes) -> None:
        """Let nobody else join what is under way."""
        with self._lock:
            for name in names:
                self._flights.pop(name, None)
