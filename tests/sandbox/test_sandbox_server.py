"""The HTTP server: connections, limits, and an end that leaves nothing behind."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest
import requests

from django_identityx.sandbox import Sandbox, SandboxServer

from .conftest import Api

PING = json.dumps({"query": "{ ping }"}).encode()


def request(body: bytes = PING, extra: str = "") -> bytes:
    head = (
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{extra}\r\n"
    )
    return head.encode() + body


def connect(server: SandboxServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=8)


def answer(connection: socket.socket) -> bytes:
    """Read one response that is small enough for it."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65_536)
        if not received:
            return data
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if b"content-length" in line), 0
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def test_connections_are_kept_alive(own_server: SandboxServer) -> None:
    with connect(own_server) as connection:
        for _ in range(3):
            connection.sendall(request())
            assert answer(connection).startswith(b"HTTP/1.1 200 OK")


def test_idle_connections_end() -> None:
    with SandboxServer(Sandbox(), idle=0.5) as server, connect(server) as connection:
        connection.sendall(request())
        answer(connection)
        begin = time.monotonic()
        assert connection.recv(1) == b""
        assert time.monotonic() - begin > 0.3


def test_it_listens_on_this_machine_only(own_server: SandboxServer) -> None:
    assert own_server.url == f"http://127.0.0.1:{own_server.port}/graphql"
    assert own_server.sandbox.base_url == own_server.base_url
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", own_server.port), timeout=2)


def test_chunked_bodies(own_server: SandboxServer) -> None:
    head = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (PING[:5], PING[5:]))
    with connect(own_server) as connection:
        connection.sendall(head + chunks + b"0\r\n\r\n")
        assert b'"ping":"pong"' in answer(connection)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (request(extra=f"X-Long: {'x' * 8_200}\r\n"), b"400"),
        (request(extra=f"X-Long: {'x' * 70_000}\r\n"), b"400"),
        (request(body=b"x" * 110_000), b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"413"),
    ],
)
def test_limits(own_server: SandboxServer, sent: bytes, status: bytes) -> None:
    with connect(own_server) as connection:
        connection.sendall(sent)
        assert answer(connection).split(b" ")[1] == status


def test_head_has_no_body(api: Api) -> None:
    response = api.session.head(f"{api.server.base_url}/", timeout=5)
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 0


def test_an_address_in_two_headers(own_server: SandboxServer) -> None:
    sandbox = own_server.sandbox
    sandbox.reset()
    extra = (
        "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 10.1.2.3\r\n"
        "Authorization: AppUser first\r\nAuthorization: OrgUser second\r\n"
    )
    with connect(own_server) as connection:
        connection.sendall(request(extra=extra))
        answer(connection)
    assert sandbox.calls[-1].forwarded_for == "203.0.113.7, 10.1.2.3"
    assert sandbox.calls[-1].authorization == "AppUser"


def test_a_busy_port(own_server: SandboxServer) -> None:
    with pytest.raises(OSError, match="in use"):
        SandboxServer(Sandbox(), own_server.port)


def test_many_connections_at_once(own_server: SandboxServer) -> None:
    statuses: list[int] = []

    def ask() -> None:
        with requests.Session() as session:
            session.trust_env = False
            statuses.append(session.post(own_server.url, data=PING, timeout=10,
                headers={"content-type": "application/json"}).status_code)  # fmt: skip

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 40


def test_latency() -> None:
    with SandboxServer(Sandbox(latency=0.2)) as server, requests.Session() as session:
        session.trust_env = False
        begin = time.monotonic()
        session.post(server.url, json={"query": "{ ping }"}, timeout=5)
        assert time.monotonic() - begin >= 0.2
    with SandboxServer(Sandbox(latency=60)) as server, requests.Session() as session:
        session.trust_env = False
        session.get(f"{server.base_url}/_health", timeout=30)  # not for what only looks


def test_stopping_ends_what_is_open() -> None:
    sandbox = Sandbox()
    sandbox.set_fault("hang", seconds=60, operations=["activeUser"])
    server = SandboxServer(sandbox)
    server.start()
    hanging = json.dumps({"query": "{ activeUser { id } }"}).encode()
    with connect(server) as idle, connect(server) as busy:
        idle.sendall(request())
        answer(idle)
        busy.sendall(request(hanging))
        while sandbox.count() < 2:
            time.sleep(0.01)
        begin = time.monotonic()
        server.stop()
        assert time.monotonic() - begin < 30  # and not the 60 of the one that hangs
        assert (idle.recv(1), busy.recv(1)) == (b"", b"")
    with pytest.raises(OSError, match="refused"):
        connect(server)


def test_a_server_that_was_never_started() -> None:
    server = SandboxServer(Sandbox())
    server.stop()
    with pytest.raises(OSError, match="refused"):
        connect(server)


def test_a_verification_is_quick(api: Api) -> None:
    """A wide margin over the millisecond that it takes: machines are busy."""
    token = f"AppUser {api.sandbox.app_user_token('reader@example.net')}"
    query = json.dumps({"query": "{ activeAppUser { id email } }"}).encode()
    headers = {"content-type": "application/json", "authorization": token}
    best = min(_duration(api.sandbox, headers, query) for _ in range(50))
    assert best < 0.1


def _duration(sandbox: Sandbox, headers: dict[str, str], body: bytes) -> float:
    begin = time.perf_counter()
    sandbox.handle("POST", "/", headers, body)
    return time.perf_counter() - begin
