"""State of one process: made once, closed when it is reset, gone in a forked child."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable

import pytest

from django_identityx import process
from django_identityx.process import PerProcess
from django_identityx.service import Operation, Transport, transport

from . import faulty_server as wire
from .faulty_server import FaultyServer


@pytest.fixture
def holder() -> PerProcess[list[int]]:
    return PerProcess(list)


def test_it_is_made_on_first_use_and_once(holder: PerProcess[list[int]]) -> None:
    holder().append(1)
    assert holder() == [1]


def test_it_is_made_once_though_many_ask() -> None:
    made: list[int] = []

    def make() -> list[int]:
        time.sleep(0.02)
        made.append(1)
        return made

    holder = PerProcess(make)
    threads = [threading.Thread(target=holder) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


def test_a_failure_to_make_it_is_not_kept() -> None:
    attempts = iter([ZeroDivisionError(), "made"])

    def make() -> str:
        attempt = next(attempts)
        if isinstance(attempt, Exception):
            raise attempt
        return attempt

    holder = PerProcess(make)
    with pytest.raises(ZeroDivisionError):
        holder()
    assert holder() == "made"


def test_reset_closes_it_and_makes_another() -> None:
    closed: list[object] = []
    holder = PerProcess(object, closed.append)
    holder.reset()
    assert closed == []
    first = holder()
    holder.reset()
    assert closed == [first]
    assert holder() is not first
    process.reset()
    assert len(closed) == 2


def in_child(check: Callable[[], bool]) -> bool:
    """Fork, run ``check`` in the child, and tell what it said."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads: on purpose
        pid = os.fork()
    if pid == 0:
        try:
            code = 0 if check() else 1
        except BaseException:  # noqa: BLE001 - a child must not come back into pytest
            code = 2
        os._exit(code)
    for _ in range(1000):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)  # it waits for a lock that never opens
    os.waitpid(pid, 0)
    return False


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")


@needs_fork
def test_a_child_starts_with_none_of_it() -> None:
    closed: list[object] = []
    holder = PerProcess(list, closed.append)
    holder().append(1)
    assert in_child(lambda: holder() == [] and closed == [])
    assert holder() == [1]


@needs_fork
def test_a_lock_that_was_held_at_the_fork_opens_in_the_child(
    holder: PerProcess[list[int]],
) -> None:
    with holder._lock:
        assert in_child(lambda: holder() == [])


@needs_fork
def test_children_get_their_own_answers() -> None:
    mirror = wire.by(lambda received: wire.graphql({"ping": received.json["variables"]["n"]}))
    with FaultyServer(mirror) as server:
        asking = Transport(server.url, timeout=(1, 1))

        def answers_are_mine(n: int) -> bool:
            return all(
                asking.execute(Operation("query { ping }", {"n": n})).data == {"ping": n}
                for _ in range(5)
            )

        assert answers_are_mine(0)
        inherited = transport._connections()
        assert len(inherited._free) == 1
        assert all(in_child(lambda n=n: answers_are_mine(n)) for n in range(1, 5))
        assert answers_are_mine(0)
        assert server.connections == 5
