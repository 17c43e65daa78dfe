"""What the benchmarks and the soak test measure against, each in a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

_spawn = multiprocessing.get_context("spawn")


class RemoteSandbox:
    """A sandbox in another process: `call` runs one of its methods there."""

    def __init__(self, url: str, pipe: Any) -> None:
        self.url = url
        self._pipe = pipe

    def call(self, name: str, *args: Any, **options: Any) -> Any:
        self._pipe.send((name, args, options))
        return self._pipe.recv()

    def tokens(self, number: int, email: str = "reader@example.net") -> list[str]:
        """Return valid tokens of one reader."""
        return [self.call("app_user_token", email) for _ in range(number)]


@contextmanager
def sandbox(latency: float = 0.0) -> Iterator[RemoteSandbox]:
    """Run a sandbox that takes ``latency`` seconds for each answer."""
    ours, theirs = _spawn.Pipe()
    process = _spawn.Process(target=_serve_sandbox, args=(theirs, latency), daemon=True)
    process.start()
    try:
        yield RemoteSandbox(ours.recv(), ours)
    finally:
        process.terminate()
        process.join()


def _serve_sandbox(pipe: Any, latency: float) -> None:
    from django_identityx.sandbox import Sandbox, SandboxServer

    with SandboxServer(Sandbox(latency=latency)) as server:
        pipe.send(server.url)
        while True:
            name, args, options = pipe.recv()
            pipe.send(getattr(server.sandbox, name)(*args, **options))


@contextmanager
def redis() -> Iterator[str | None]:
    """Run a Redis of our own and return its URL, or None where Debian's package is missing."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen([*command, "--appendonly", "no"], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing answers on port {port}")


@contextmanager
def openid() -> Iterator[str]:
    """Run the two answers of an OpenID provider that the contenders ask for."""
    ours, theirs = _spawn.Pipe()
    process = _spawn.Process(target=_serve_openid, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


class _Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        base = f"http://127.0.0.1:{self.server.server_address[1]}"
        answer = {"sub": "reader", "email": "reader@example.net"}
        if self.path.startswith("/.well-known"):
            answer = {"issuer": base, "userinfo_endpoint": f"{base}/userinfo"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def _serve_openid(pipe: Any) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
    pipe.send(f"http://127.0.0.1:{server.server_address[1]}")
    server.serve_forever()
