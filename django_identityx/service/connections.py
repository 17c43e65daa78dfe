"""Kept-alive connections: a bounded last-in-first-out free list of the process.

Not a thread-local: under ASGI and gevent a thread lives for one request, and so would its
connection. Whoever needs one takes it, uses it and puts it back; the warmest goes out first.

A connection serves many people, so nothing of one exchange may stay for the next: no cookies.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

MAX_IDLE = 4.0  # seconds; IdentityX closes after 5 without saying so
MAX_FREE = 32

_deadline: ContextVar[float] = ContextVar("identityx_deadline", default=float("inf"))


@contextlib.contextmanager
def capped(seconds: float) -> Iterator[None]:
    """Let what is sent and read inside take no longer than this altogether."""
    token = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


class _CappedReads(io.RawIOBase):
    """The reading side of a socket: no read waits longer than what is left of the exchange.

    A socket's own timeout begins anew with every byte, in the head of an answer too.
    """

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._deadline = _deadline.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        timeout = self._sock.gettimeout()
        if left < (float("inf") if timeout is None else timeout):
            self._sock.settimeout(left)  # urllib3 sets it anew for the next request
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_CappedReads(sock, self.fp.detach()))

    def begin(self) -> None:
        super().begin()
        # urllib3 logs lines of the head that it can't read, and one may repeat a token.
        self.headers.defects = []
        self.headers.set_payload("")


class _HTTPConnection(HTTPConnection):
    """Connects to the first address that answers; all of them together have the one timeout.

    urllib3 gives each address the whole of it, so that four unreachable ones take four times as
    long. What a resolver takes can't be bounded: no timeout reaches it.
    """

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        deadline = min(time.monotonic() + float(self.timeout or 0), _deadline.get())
        try:
            found = socket.getaddrinfo(self.host.strip("[]"), self.port, 0, socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NewConnectionError(self, f"Failed to resolve: {error}") from None
        failure: OSError = OSError("no address")
        for number, address in enumerate(found):
            left = (deadline - time.monotonic()) / (len(found) - number)
            if left <= 0:
                failure = TimeoutError("timed out")
                break
            try:
                sock = self._connected(address, left)
            except OSError as error:  # the next one may be of a family that this machine has
                failure = error
                continue
            sock.settimeout(max(deadline - time.monotonic(), 0.001))  # for the TLS handshake
            return sock
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "timed out") from None
        raise NewConnectionError(self, "Failed to connect") from None

    def _connected(self, address: Any, timeout: float) -> socket.socket:
        sock = socket.socket(*address[:3])
        try:
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(timeout)
            sock.connect(address[4])
        except BaseException:
            sock.close()
            raise
        return sock


class _HTTPSConnection(_HTTPConnection, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection  # pyright: ignore[reportAssignmentType]


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection  # pyright: ignore[reportAssignmentType]


class Connection(HTTPAdapter):
    """What one thread at a time sends by: an adapter, without the `requests.Session` around it.

    A session would look for .netrc, proxies and CA bundles in the environment, keep cookies for the
    next exchange and read the whole body of a redirect, and takes a quarter of the time.
    """

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)
        self.used_at: float | None = None  # monotonic; None before the first exchange
        self.used_for = ""  # the URL of the last exchange

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


class Connections:
    """The free list. `take` never waits; more than ``MAX_FREE`` are not kept."""

    def __init__(self) -> None:
        self._free: list[Connection] = []
        self._lock = threading.Lock()

    def take(self) -> Connection:
        with self._lock:
            if self._free and time.monotonic() - (self._free[-1].used_at or 0) < MAX_IDLE:
                return self._free.pop()
        self.close()  # what lies under the warmest is older still
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
            free, self._free = self._free, []
        for connection in free:
            connection.close()
