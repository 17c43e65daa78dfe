"""The state behind a sandbox: one world, one lock, and the file that they survive in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from .context import RequestContext
from .faults import Fault
from .seed import seed
from .tokens import Claims
from .world import World, load, save


class Backend:
    """A world that several threads use; hold ``lock`` around everything that reads or writes."""

    def __init__(self, path: Path | None, clock: Callable[[], float], dialect: str) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.base_url = "http://127.0.0.1"
        self._dialect = dialect
        self._path = path
        exists = path is not None and path.exists()
        self.world: World = load(path) if path is not None and exists else seed(clock())
        if not exists:
            self.save()

    @property
    def key(self) -> bytes:
        """Return the key of all tokens."""
        return bytes.fromhex(self.world.key)

    def reset(self) -> None:
        """Start again from the seed; the key stays, so that old tokens are known to be old."""
        with self.lock:
            self.world = seed(self.clock(), self.world.key)
            self.save()

    def save(self) -> None:
        """Write the state to its file, if there is one."""
        if self._path is not None:
            save(self.world, self._path)

    def context(self, headers: Mapping[str, str], fault: Fault | None = None) -> RequestContext:
        """Return what the resolvers of one request may use."""
        return RequestContext(
            world=self.world,
            clock=self.clock,
            headers=headers,
            dialect=self._dialect,
            base_url=self.base_url,
            fault=fault,
        )

    def issue(self, claims: Claims) -> str:
        """Return a token that counts."""
        with self.lock:
            token = self.context({}).tokens.issue(claims)
            self.save()
            return token
