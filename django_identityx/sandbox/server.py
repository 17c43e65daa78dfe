"""Serve a sandbox over HTTP on this machine."""

from __future__ import annotations

import contextlib
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar

from .responses import Response, html_error
from .sandbox import Sandbox

HOST = "127.0.0.1"
_READ_LIMIT = 16 * 1024 * 1024


class SandboxServer:
    """Run a sandbox in threads, as a context manager or between ``start()`` and ``stop()``.

    Port 0 takes a free one. Raises ``OSError`` if the port is taken. Like the service it closes
    connections that are idle for ``idle`` seconds, without saying so.
    """

    def __init__(self, sandbox: Sandbox, port: int = 0, *, idle: float = 5.0) -> None:
        self.sandbox = sandbox
        self._server = _Server((HOST, port), sandbox, idle)
        self._thread: threading.Thread | None = None
        sandbox.base_url = self.base_url

    @property
    def port(self) -> int:
        """Return the port."""
        return int(self._server.server_address[1])

    @property
    def base_url(self) -> str:
        """Return the address of the pages, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """Return the address of the API."""
        return f"{self.base_url}/graphql"

    def start(self) -> None:
        """Serve in a thread."""
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="identityx-sandbox",
            daemon=True,
        )
        self._thread.start()

    def serve_forever(self) -> None:
        """Serve in this thread, until it is interrupted."""
        self._server.serve_forever(poll_interval=0.2)

    def stop(self) -> None:
        """Stop serving, end all connections, and free the port."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self.sandbox.clear_fault()
        self._server.end_connections()
        self._server.server_close()

    def __enter__(self) -> SandboxServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], sandbox: Sandbox, idle: float) -> None:
        self.sandbox = sandbox
        self.idle = idle
        self._connections: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer would look up the host's name here, which can take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:
            self._connections.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""

    def end_connections(self) -> None:
        with self._changed:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._connections, timeout=2)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    _methods: ClassVar[tuple[str, ...]] = (
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS",
    )  # fmt: skip

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.idle)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_") and name[3:] in self._methods:
            return self._serve
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing: request lines hold tokens."""

    def _serve(self) -> None:
        body = self._read_body()
        if body is None:
            self.close_connection = True
            self._write(html_error(413, "Payload Too Large"))
            return
        response = self.server.sandbox.handle(self.command, self.path, self._headers(), body)
        if response.dropped:
            self.close_connection = True
            return
        self._write(response)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no HTTP as node does, in one line."""
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, value in self.headers.items():
            name = key.lower()
            if name not in found:
                found[name] = value
            elif name != "authorization":
                # As node joins them; of credentials it keeps the first.
                found[name] += f", {value}"
        return found

    def _read_body(self) -> bytes | None:
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > _READ_LIMIT:
            return None
        if "transfer-encoding" in self.headers:
            return self._read_chunks()
        return self.rfile.read(int(length))

    def _read_chunks(self) -> bytes | None:
        body = b""
        while True:
            try:
                size = int(self.rfile.readline(64).partition(b";")[0], 16)
            except ValueError:
                return None
            if len(body) + size > _READ_LIMIT:
                return None
            body += self.rfile.read(size)
            self.rfile.readline(8)
            if size == 0:
                return body

    def _write(self, response: Response) -> None:
        # One write, so that an answer is one packet where it fits.
        if response.headers.get("connection") == "close":
            self.close_connection = True
        phrase = HTTPStatus(response.status).phrase
        lines = [f"HTTP/1.1 {response.status} {phrase}", f"date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        if self.close_connection and "connection" not in response.headers:
            lines.append("connection: close")
        if response.status != HTTPStatus.NO_CONTENT:
            lines.append(f"content-length: {len(response.body)}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        self.wfile.write(head if self.command == "HEAD" else head + response.body)
