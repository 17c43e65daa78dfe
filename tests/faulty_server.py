"""Accidents of the wire on demand: a small threaded HTTP server on 127.0.0.1.

The sandbox shows how IdentityX behaves; this shows what a network and a bad day do to it. Every
request that arrives runs the next *behaviour* of the script; the last one repeats::

    with FaultyServer(graphql({"ping": "pong"}), hang()) as server:
        ...                             # the first request is answered, the others hang
        server.url                      # http://127.0.0.1:<port>/graphql
        server.connections              # how many connections were accepted
        server.requests                 # what arrived: .method .path .headers .body .json
        server.script(html502())        # a new script from here on

Answers: `graphql`, `failed`, `answer` (any body, status, headers), `raw`, `html502`, `cut_json`,
`gzipped`, `chunked`, `redirect`, `echo` (a 400 that repeats the token), `large`, `endless`.
Trouble: `drop` (closes without a word), `reset`, `reset_on_accept`, `reset_mid_body`,
`cut_mid_body`, `hang`, `hang_mid_body`, `trickle`, `trickle_head`.
Keep-alive: ``idle_close(graphql(...))`` answers and closes the idle connection at once;
``FaultyServer(graphql(...), drop())`` closes exactly when the next request has been sent.
Chosen by what was sent: ``by(lambda received: behaviour)``.

Without any server: ``with refusing_port() as url`` (connection refused) and
``with unaccepting_port() as url`` (a connection attempt that hangs).

``FaultyServer(..., tls=context)`` speaks https; ``self_signed(folder)`` makes such a context, and
the certificate that a client would have to trust.

Leaving the ``with`` block ends every hanging behaviour and closes every socket.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NEVER = 30.0  # seconds; longer than any test waits


@dataclass(frozen=True)
class Received:
    """A request as it arrived; ``connection`` is the number of its connection, from 1."""

    method: str
    path: str
    headers: dict[str, str]  # lower-case names
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")


@dataclass
class Exchange:
    """What a behaviour works with; ``received`` is None for one that runs on accept."""

    sock: socket.socket
    received: Received | None
    stopping: threading.Event

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def wait(self, seconds: float = NEVER) -> None:
        self.stopping.wait(seconds)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Behaviour = Callable[[Exchange], bool]  # returns whether the connection stays open


class FaultyServer:
    """See the module."""

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._behaviours = list(behaviours) or [graphql({"ping": "pong"})]
        self._tls = tls
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: set[socket.socket] = set()
        self.connections = 0
        self.requests: list[Received] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}/graphql"

    def script(self, *behaviours: Behaviour) -> None:
        with self._lock:
            self._behaviours = list(behaviours)

    def __enter__(self) -> FaultyServer:
        self._start(self._accept)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets, threads = list(self._sockets), list(self._threads)
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(timeout=5)
            assert not thread.is_alive()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                number = self.connections
            self._start(self._serve, sock, number)

    def _serve(self, sock: socket.socket, number: int) -> None:
        # An OSError is the client going away (or refusing our certificate): its good right.
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(sock.close)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock.settimeout(5)
                sock = self._tls.wrap_socket(sock, server_side=True)
                sock.settimeout(None)
                stack.callback(sock.close)
            with self._lock:
                self._sockets.add(sock)
            stack.callback(self._sockets.discard, sock)
            if self._stopping.is_set():
                return
            if getattr(self._behaviours[0], "on_accept", False):
                self._next()(Exchange(sock, None, self._stopping))
                return
            with sock.makefile("rb") as stream:
                while (received := _read_request(stream, number)) is not None:
                    with self._lock:
                        self.requests.append(received)
                    if not self._next()(Exchange(sock, received, self._stopping)):
                        return

    def _next(self) -> Behaviour:
        with self._lock:
            return self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]


def _read_request(stream: Any, number: int) -> Received | None:
    line = stream.readline()
    if line.count(b" ") < 2:  # the end, or not HTTP
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers = {}
    while (line := stream.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Received(method, path, headers, body, number)


# --- Answers ---------------------------------------------------------------------------------


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(
    body: bytes | str,
    *,
    status: int = 200,
    content_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Behaviour:
    """Answer with these bytes and keep the connection."""
    data = body.encode() if isinstance(body, str) else body

    def behave(exchange: Exchange) -> bool:
        fields = {"Content-Type": content_type, "Content-Length": str(len(data)), **(headers or {})}
        exchange.send(_head(status, fields) + data)
        return True

    return behave


def raw(data: bytes) -> Behaviour:
    """Send exactly these bytes, which may be no HTTP at all, and close."""

    def behave(exchange: Exchange) -> bool:
        exchange.send(data)
        return False

    return behave


def graphql(data: Any = None, errors: Any = None, *, status: int = 200, **others: Any) -> Behaviour:
    """Answer as GraphQL does; ``errors`` are left out where there are none."""
    body = {"data": data, **({} if errors is None else {"errors": errors}), **others}
    return answer(json.dumps(body), status=status)


def error(
    message: str,
    code: str = "UNAUTHENTICATED",
    *,
    path: list[str] | None = None,
    status: int | None = None,
) -> dict[str, Any]:
    """One entry of ``errors``; ``status`` is the ``statusCode`` of an inner service."""
    extensions: dict[str, Any] = {"code": code}
    if status is not None:
        extensions["exception"] = {"statusCode": status}
    entry: dict[str, Any] = {"message": message, "extensions": extensions}
    return entry if path is None else {**entry, "path": path}


def failed(
    field: str, message: str, code: str = "UNAUTHENTICATED", *, status: int | None = None
) -> Behaviour:
    """An executed operation whose root field ``field`` is null and has an error."""
    return graphql({field: None}, [error(message, code, path=[field], status=status)])


def html502() -> Behaviour:
    page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    return answer(page, status=502, content_type="text/html")


def cut_json() -> Behaviour:
    """JSON that ends in the middle, though the Content-Length is right."""
    return answer('{"data": {"activeAppUser": {"id": "5d1b')


def gzipped(value: Any) -> Behaviour:
    """Compressed, though nobody asked for it."""
    return answer(gzip.compress(json.dumps(value).encode()), headers={"Content-Encoding": "gzip"})


def chunked(value: Any) -> Behaviour:
    data = json.dumps(value).encode()

    def behave(exchange: Exchange) -> bool:
        exchange.send(_head(200, _CHUNKED))
        for start in range(0, len(data), 16):
            exchange.send(_chunk(data[start : start + 16]))
        exchange.send(_chunk(b""))
        return True

    return behave


def redirect(to: str, status: int = 302) -> Behaviour:
    return answer("moved", status=status, content_type="text/plain", headers={"Location": to})


def echo(*, status: int = 400, code: str = "INTERNAL_SERVER_ERROR") -> Behaviour:
    """Refuse the request and repeat all of it, the credential and the variables included."""

    def behave(exchange: Exchange) -> bool:
        received = exchange.received
        assert received is not None
        said = f"{received.authorization} {received.body.decode()}"
        message = f'Variable "$input" got invalid value {said}; unknown field.'
        return graphql(None, [error(message, code)], status=status)(exchange)

    return behave


def large(size: int, *, with_length: bool = True) -> Behaviour:
    """A valid JSON answer of ``size`` bytes, with a Content-Length or chunked."""
    filling = "x" * (size - len('{"data": {"ping": ""}}'))
    data = f'{{"data": {{"ping": "{filling}"}}}}'.encode()
    if with_length:
        return answer(data)

    def behave(exchange: Exchange) -> bool:
        exchange.send(_head(200, _CHUNKED))
        for start in range(0, len(data), 65536):
            exchange.send(_chunk(data[start : start + 65536]))
        exchange.send(_chunk(b""))
        return True

    return behave


def endless(*, is_chunked: bool = True) -> Behaviour:
    """A body without an end: chunked, or neither chunked nor with a length."""

    def behave(exchange: Exchange) -> bool:
        exchange.send(_head(200, _CHUNKED if is_chunked else _JSON))
        piece = b" " * 65536
        while not exchange.stopping.is_set():
            exchange.send(_chunk(piece) if is_chunked else piece)
        return False

    return behave


# --- Trouble ---------------------------------------------------------------------------------


def drop() -> Behaviour:
    """Read the request and close without a word."""
    return lambda exchange: False


def reset() -> Behaviour:
    """Read the request and answer with RST."""

    def behave(exchange: Exchange) -> bool:
        exchange.reset()
        return False

    return behave


def reset_on_accept() -> Behaviour:
    """Accept the connection and reset it before anything is read."""

    def behave(exchange: Exchange) -> bool:
        exchange.reset()
        return False

    behave.on_accept = True  # type: ignore[attr-defined]
    return behave


def reset_mid_body() -> Behaviour:
    def behave(exchange: Exchange) -> bool:
        exchange.send(_half())
        exchange.wait(0.02)  # so that the half arrives before the RST overtakes it
        exchange.reset()
        return False

    return behave


def cut_mid_body() -> Behaviour:
    """Close in the middle of the body, short of the Content-Length."""

    def behave(exchange: Exchange) -> bool:
        exchange.send(_half())
        return False

    return behave


def hang() -> Behaviour:
    """Read the request and never answer."""

    def behave(exchange: Exchange) -> bool:
        exchange.wait()
        return False

    return behave


def hang_mid_body() -> Behaviour:
    def behave(exchange: Exchange) -> bool:
        exchange.send(_half())
        exchange.wait()
        return False

    return behave


def trickle(value: Any = None, *, pause: float = 0.05) -> Behaviour:
    """The head at once, the body one byte at a time: every single read is in time."""
    data = json.dumps(value or {"data": {"ping": "x" * 1000}}).encode()
    head = _head(200, {**_JSON, "Content-Length": str(len(data))})
    return _trickled(head, data, pause)


def trickle_head(*, pause: float = 0.05) -> Behaviour:
    """Even the head one byte at a time."""
    head = _head(200, {**_JSON, "X-Filling": "x" * 1000, "Content-Length": "2"})
    return _trickled(b"", head + b"{}", pause)


def _trickled(at_once: bytes, slowly: bytes, pause: float) -> Behaviour:
    def behave(exchange: Exchange) -> bool:
        exchange.send(at_once)
        for byte in slowly:
            exchange.send(bytes([byte]))
            exchange.wait(pause)
            if exchange.stopping.is_set():
                return False
        return True

    return behave


def idle_close(behaviour: Behaviour) -> Behaviour:
    """Answer as ``behaviour`` does, promise to keep the connection, and close it."""

    def behave(exchange: Exchange) -> bool:
        behaviour(exchange)
        return False

    return behave


def by(choose: Callable[[Received], Behaviour]) -> Behaviour:
    """Behave as ``choose`` says, which looks at the request."""

    def behave(exchange: Exchange) -> bool:
        assert exchange.received is not None
        return choose(exchange.received)(exchange)

    return behave


_JSON = {"Content-Type": "application/json"}
_CHUNKED = {**_JSON, "Transfer-Encoding": "chunked"}


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _half() -> bytes:
    return _head(200, {**_JSON, "Content-Length": "1000"}) + b'{"data": {"ping": "po'


# --- Where nobody answers at all -------------------------------------------------------------


@contextlib.contextmanager
def refusing_port() -> Iterator[str]:
    """The URL of a port that is taken, so that nobody else listens there, but not listening."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/graphql"


@contextlib.contextmanager
def unaccepting_port() -> Iterator[str]:
    """The URL of a port whose queue is full: a connection attempt gets no answer."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}/graphql"


# --- TLS -------------------------------------------------------------------------------------


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A context for ``tls`` and its certificate for 127.0.0.1, which nobody trusts."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout"
    )
    subprocess.run([*command.split(), key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
