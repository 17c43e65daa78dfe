"""Single flight: of all threads that want the same at the same time, one goes and all return."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..exceptions import IdentityXError
from .verdicts import Verdict


class Flight:
    """One verification under way. ``verdict`` or ``error`` is there when it has landed.

    With neither, whoever led it was interrupted, and somebody else has to go.
    """

    __slots__ = ("error", "landed", "purges", "verdict", "was_purged")

    def __init__(self, purges: int | None = None) -> None:
        self.verdict: Verdict | None = None
        self.error: IdentityXError | None = None
        self.was_purged = False
        self.purges = purges  # how many there had been, where nobody can board it
        self.landed: threading.Event | None = None  # made for the first who waits

    def wait(self, seconds: float) -> bool:
        return self.landed is None or self.landed.wait(seconds)


class Flights:
    """The verifications under way, by digest."""

    def __init__(self) -> None:
        self._flights: dict[bytes, Flight] = {}
        self._lock = threading.Lock()
        self._purges = 0
        self.landings = 0  # a look at the tiers is up to date while it stays the same

    def glance(self) -> Flight:
        """A flight that nobody else boards, for a look that takes no time to speak of."""
        return Flight(self._purges)

    def board(self, key: bytes) -> tuple[Flight, bool]:
        """The flight for ``key``, and whether the caller is to lead it."""
        flight = Flight()
        with self._lock:
            found = self._flights.setdefault(key, flight)
            if found is not flight and found.landed is None:
                found.landed = threading.Event()
        return found, found is flight

    @contextmanager
    def leading(self, key: bytes, flight: Flight) -> Iterator[None]:
        """Land ``flight`` at the end, whatever the end is."""
        try:
            yield
        except IdentityXError as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                if self._flights.get(key) is flight:
                    del self._flights[key]
                self.landings += 1
                landed = flight.landed  # nobody boards it any more
            if landed is not None:
                landed.set()

    def keep(self, flight: Flight, action: Callable[[], None]) -> bool:
        """Run ``action`` unless a purge came in between; say whether it ran."""
        with self._lock:
            was_purged = flight.was_purged or flight.purges not in (None, self._purges)
            if not was_purged:
                action()
            return not was_purged

    def purge(self, key: bytes) -> None:
        """Let nobody else join what is under way, and let it keep nothing."""
        with self._lock:
            self._purges += 1
            flight = self._flights.pop(key, None)
            if flight is not None:
                flight.was_purged = True
