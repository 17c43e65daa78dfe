"""Many threads that do the same at the same time, and one that is in the middle of something."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_identityx.sandbox import Sandbox

FOR_EVER = 30.0  # seconds: more than anything takes, however busy the machine is


def crowd(number: int, action: Callable[[int], Any]) -> list[Any]:
    """What ``action(0)``, ``action(1)``, ... returned or raised, all begun together."""
    results: list[Any] = [None] * number
    gate = threading.Barrier(number)

    def run(index: int) -> None:
        gate.wait(FOR_EVER)
        try:
            results[index] = action(index)
        except Exception as error:  # noqa: BLE001 - a result like any other
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(FOR_EVER)
    assert not any(thread.is_alive() for thread in threads)
    return results


def wait_until(condition: Callable[[], object]) -> None:
    """Return when ``condition`` holds; fail if it never does."""
    deadline = time.monotonic() + FOR_EVER
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def close_connections() -> None:
    """Close this thread's, those to SQLite in memory too, which Django leaves open."""
    for connection in connections.all(initialized_only=True):
        BaseDatabaseWrapper.close(connection)


def open_connection(folder: Path) -> BaseDatabaseWrapper:
    """This thread's, opened; to SQLite in ``folder``: one in memory Django never closes."""
    connection = connections["default"]
    if connection.vendor == "sqlite":
        connection.settings_dict = {**connection.settings_dict, "NAME": folder / "db"}
    connection.ensure_connection()
    return connection


@contextmanager
def under_way(sandbox: Sandbox, action: Callable[[], Any]) -> Iterator[Future]:
    """Run ``action`` in a thread, and the block while IdentityX has yet to answer its question.

    It answers after the block, or when the fault is cleared. What ``action`` came to is the result
    of the future.
    """
    sandbox.set_fault("slow", seconds=FOR_EVER)
    asked = sandbox.count()
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(action)
        try:
            wait_until(lambda: sandbox.count() > asked)
            yield future
        finally:
            sandbox.clear_fault()
