"""Kept-alive connections: a bounded last-in-first-out free list of the process.

Not a thread-local: under ASGI and gevent a thread lives for one request, and so would its
connection. Whoever needs one takes it, uses it and puts it back; the warmest goes out first.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field

import requests
from requests.adapters import HTTPAdapter

MAX_IDLE = 4.0  # seconds; IdentityX closes after 5 without saying so
MAX_FREE = 32


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no .netrc, no proxies and no other CA bundle by environment
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


@dataclass
class Connection:
    """A `requests.Session` that one thread at a time uses."""

    session: requests.Session = field(default_factory=_session)
    used_at: float | None = None  # monotonic; None before the first exchange

    @property
    def is_reused(self) -> bool:
        return self.used_at is not None

    def close(self) -> None:
        self.session.close()


class Connections:
    """The free list. `take` never waits; more than ``MAX_FREE`` are not kept."""

    def __init__(self) -> None:
        self._free: deque[Connection] = deque()
        self._lock = threading.Lock()

    def take(self) -> Connection:
        with self._lock:
            while self._free:
                connection = self._free.pop()
                if time.monotonic() - (connection.used_at or 0) < MAX_IDLE:
                    return connection
                # What lies under the warmest is older still.
                self._free.append(connection)
                stale = list(self._free)
                self._free.clear()
                break
            else:
                stale = []
        for connection in stale:
            connection.close()
        return Connection()

    def put(self, connection: Connection) -> None:
        connection.used_at = time.monotonic()
        with self._lock:
            if len(self._free) < MAX_FREE:
                self._free.append(connection)
                return
        connection.close()

    def close(self) -> None:
        with self._lock:
            free = list(self._free)
            self._free.clear()
        for connection in free:
            connection.close()
