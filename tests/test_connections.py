"""The free list: last in, first out, bounded, and nothing that has been idle for too long."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from django_identityx import process
from django_identityx.service import Operation, Transport, transport
from django_identityx.service.connections import (
    MAX_FREE,
    MAX_IDLE,
    Connection,
    Connections,
    capped,
)

from . import faulty_server as wire
from .faulty_server import FaultyServer

QUERY = Operation("query { ping }")


@pytest.fixture
def connections() -> Iterator[Connections]:
    connections = Connections()
    yield connections
    connections.close()


def is_open(connection: Connection) -> bool:
    """A closed one has no pools left."""
    return len(connection.poolmanager.pools) > 0


def post(connection: Connection, url: str) -> requests.Response:
    request = requests.Request("POST", url, data=b"{}").prepare()
    with connection.send(request, stream=True, timeout=(10, 20)) as answer:
        assert answer.content is not None
    return answer


def warm(server: FaultyServer) -> Connection:
    connection = Connection()
    post(connection, server.url)
    return connection


def test_the_warmest_goes_out_first(connections: Connections) -> None:
    first, second = Connection(), Connection()
    connections.put(first)
    connections.put(second)
    assert connections.take() is second
    assert connections.take() is first


def test_one_that_is_taken_is_not_given_to_somebody_else(connections: Connections) -> None:
    connections.put(Connection())
    assert connections.take() is not connections.take()


def test_an_empty_list_gives_a_new_one_at_once(connections: Connections) -> None:
    assert connections.take().used_at is None


def test_one_that_was_idle_for_too_long_is_closed(connections: Connections) -> None:
    with FaultyServer() as server:
        old, older = warm(server), warm(server)
        connections.put(older)
        connections.put(old)
        assert old.used_at is not None
        assert older.used_at is not None
        old.used_at -= MAX_IDLE
        older.used_at -= MAX_IDLE + 1
        assert is_open(old)
        assert connections.take() not in (old, older)
        assert not is_open(old)
        assert not is_open(older)


def test_an_idle_one_below_a_warm_one_waits(connections: Connections) -> None:
    cold, hot = Connection(), Connection()
    connections.put(cold)
    connections.put(hot)
    assert cold.used_at is not None
    cold.used_at -= MAX_IDLE
    assert connections.take() is hot
    assert connections.take() not in (cold, hot)


def test_no_more_are_kept_than_the_limit(connections: Connections) -> None:
    with FaultyServer() as server:
        many = [Connection() for _ in range(MAX_FREE)]
        last = warm(server)
        for connection in [*many, last]:
            connections.put(connection)
        assert not is_open(last)
        assert [connections.take() for _ in many] == many[::-1]


def test_close_closes_all(connections: Connections) -> None:
    with FaultyServer() as server:
        several = [warm(server) for _ in range(3)]
        for connection in several:
            connections.put(connection)
        connections.close()
        assert [is_open(connection) for connection in several] == [False] * 3


def test_as_many_connections_as_calls_at_once() -> None:
    def slow(exchange: wire.Exchange) -> bool:
        exchange.wait(0.1)
        return wire.graphql({"ping": "pong"})(exchange)

    with FaultyServer(slow) as server:
        for _ in range(2):
            threads = [threading.Thread(target=ask, args=(server.url,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert server.connections == 4
        assert len(server.requests) == 8


def ask(url: str) -> None:
    Transport(url, timeout=(10, 20)).execute(QUERY)


def test_an_idle_connection_is_not_used_though_it_is_still_open() -> None:
    with FaultyServer() as server:
        ask(server.url)
        (idle,) = transport._connections()._free
        assert idle.used_at is not None
        idle.used_at -= MAX_IDLE
        ask(server.url)
        assert server.connections == 2


def test_reset_closes_what_is_kept() -> None:
    with FaultyServer() as server:
        ask(server.url)
        process.reset()
        ask(server.url)
        assert server.connections == 2


def test_the_cap_ends_with_its_block() -> None:
    with FaultyServer() as server:
        with capped(0):
            pass
        ask(server.url)
        time.sleep(0.01)
        with capped(0), pytest.raises(Exception, match="timed out"):
            warm(server)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")
def test_the_cap_and_the_keeping_over_tls(tmp_path: Path) -> None:
    context, certificate = wire.self_signed(tmp_path)
    pong = wire.graphql({"ping": "pong"})
    slow = (wire.trickle(pause=0.02), wire.trickle_head(pause=0.02))
    with FaultyServer(pong, pong, *slow, tls=context) as server:
        connection = Connection()
        connection.send = partial(connection.send, verify=str(certificate))
        for _ in range(2):
            answer = post(connection, server.url)
            assert answer.json() == {"data": {"ping": "pong"}}
        assert server.connections == 1
        for _ in slow:
            began = time.monotonic()
            with capped(0.2), pytest.raises(requests.RequestException):
                post(connection, server.url)
            assert 0.15 < time.monotonic() - began < 10
        connection.close()
